"""What is asked too often, over HTTP."""

import pytest

from services.models import Booking
from tests import factories
from tests.services.api.asking import BASE, codes, wish

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def limits_on(settings):
    settings.RATE_LIMITS = True
    settings.LIMITS = settings.LIMITS | {"booking": (3, 3600), "read": (5, 60), "change": (2, 60)}


def book(api, slot, number, key=None, address="203.0.113.9"):
    headers = {"Idempotency-Key": key} if key else {}
    return api.post(f"{BASE}bookings/", wish(slot, number), headers=headers, REMOTE_ADDR=address)


def throttled(response) -> bool:
    if response.status_code != 429:
        return False
    assert codes(response) == [("throttled", None)]
    assert 0 < int(response.headers["Retry-After"]) <= 3600
    return True


@pytest.fixture
def roomy(place, service):
    return factories.slot(place, capacity=50)


def test_an_address_may_try_to_book_so_many_times_and_another_is_not_hindered(api, roomy):
    assert [book(api, roomy, number).status_code for number in range(3)] == [201] * 3
    assert throttled(book(api, roomy, 4))
    assert Booking.objects.count() == 3
    assert book(api, roomy, 4, address="203.0.113.10").status_code == 201


def test_a_malformed_booking_is_told_what_is_wrong_and_not_counted(api, roomy):
    for _ in range(5):
        assert api.post(f"{BASE}bookings/", {}).status_code == 400
    assert book(api, roomy, 1).status_code == 201


def test_a_repeated_request_is_answered_though_the_limit_is_reached(api, roomy):
    made = book(api, roomy, 1, key="key-of-1234").json()
    for number in (2, 3, 4):
        book(api, roomy, number)
    again = book(api, roomy, 1, key="key-of-1234")
    assert again.status_code == 201
    assert again.json()["token"] == made["token"]
    assert throttled(book(api, roomy, 5, key="key-of-5678"))


def test_a_nik_is_asked_about_three_times_a_day_then_nothing_is_said(api, roomy, settings):
    settings.LIMITS = settings.LIMITS | {"booking": (100, 3600)}
    book(api, roomy, 1)
    addresses = [f"203.0.113.{number}" for number in range(20, 24)]
    answers = [book(api, roomy, 1, address=address) for address in addresses]
    assert [answer.status_code for answer in answers] == [409, 409, 409, 429]
    assert "NIK" not in answers[-1].content.decode()


def test_one_phone_is_told_of_so_many_bookings_and_moves_a_day(api, place, roomy, settings):
    settings.LIMITS = settings.LIMITS | {
        "booking": (100, 3600),
        "change": (60, 60),
        "contact": (3, 86400),
    }
    later = factories.slot(place, factories.at_local(5), capacity=50)

    def asks(number, phone, slot=roomy):
        address = f"203.0.113.{number}"
        return api.post(f"{BASE}bookings/", wish(slot, number, phone=phone), REMOTE_ADDR=address)

    made = [asks(number, "0812-3456-7890").json() for number in (1, 2)]
    for _ in range(3):  # what is refused is told to nobody
        assert asks(1, "+62 812 3456 7890").status_code == 409
    headers = {"Authorization": f"Booking {made[0]['token']}"}
    move = f"{BASE}bookings/{made[0]['code']}/reschedule/"
    assert api.post(move, {"slot": later.pk}, headers=headers).status_code == 200
    assert throttled_for_a_day(asks(3, "+6281234567890"))
    assert throttled_for_a_day(api.post(move, {"slot": roomy.pk}, headers=headers))
    assert asks(3, "0812-3456-7891").status_code == 201
    assert api.post(f"{BASE}bookings/{made[0]['code']}/cancel/", headers=headers).status_code == 200


def throttled_for_a_day(response) -> bool:
    return response.status_code == 429 and 0 < int(response.headers["Retry-After"]) <= 86400


def test_reading_and_changing_have_limits_of_their_own(api, roomy):
    made = book(api, roomy, 1).json()
    headers = {"Authorization": f"Booking {made['token']}"}
    path = f"{BASE}bookings/{made['code']}/"
    reads = [api.get(path, headers=headers) for _ in range(6)]
    assert [one.status_code for one in reads[:5]] == [200] * 5
    assert throttled(reads[5])
    changes = [api.post(f"{path}cancel/", headers=headers) for _ in range(3)]
    assert [one.status_code for one in changes[:2]] == [200] * 2
    assert throttled(changes[2])


def test_switched_off_nothing_is_limited(api, roomy, settings):
    settings.RATE_LIMITS = False
    assert [book(api, roomy, number).status_code for number in range(8)] == [201] * 8
