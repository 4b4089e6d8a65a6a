"""What the holder of a token may see and do, and nobody else."""

from datetime import timedelta

import pytest
from django.utils import timezone

from locations.models import Slot
from services.models import Booking
from services.tokens import token_for
from tests import factories
from tests.services.api.asking import BASE, codes, wish

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(api, slot):
    return api.post(f"{BASE}bookings/", wish(slot, 1)).json()


def holder(made) -> dict[str, str]:
    return {"Authorization": f"Booking {made['token']}"}


def see(api, made, code=None, **headers):
    code = made["code"] if code is None else code
    return api.get(f"{BASE}bookings/{code}/", headers=headers or holder(made))


def cancel(api, made):
    return api.post(f"{BASE}bookings/{made['code']}/cancel/", headers=holder(made))


def move(api, made, slot_id, **headers):
    return api.post(
        f"{BASE}bookings/{made['code']}/reschedule/",
        {"slot": slot_id},
        headers=headers or holder(made),
    )


def test_the_token_opens_the_booking_and_is_not_shown_again(api, made):
    response = see(api, made)
    assert response.status_code == 200
    shown = response.json()
    addresses = {name: shown.pop(name) for name in ("ticket_url", "calendar_url")}
    assert all(f"/jadwal/{made['code']}/" in address for address in addresses.values())
    assert shown == {name: made[name] for name in shown}
    assert set(made) - set(shown) == {"token", "manage_url", *addresses}
    assert made["token"] not in response.content.decode()
    assert response.headers["Cache-Control"] == "no-store"


def test_a_booking_shows_nothing_of_the_person(api, made):
    text = see(api, made).content.decode()
    for private in ("Warga", factories.nik(1), "0812", "2005-01-01"):
        assert private not in text


@pytest.mark.parametrize("spell", [str.lower, lambda c: c.replace("-", ""), lambda c: f" {c} ",
                                   lambda c: c.replace("0", "O").replace("1", "l")])  # fmt: skip
def test_a_code_may_be_written_as_people_write_it(api, made, spell):
    assert see(api, made, spell(made["code"])).status_code == 200


def test_without_its_token_a_booking_looks_like_one_that_does_not_exist(api, made, place):
    later = factories.slot(place, factories.at_local(5))
    other = api.post(f"{BASE}bookings/", wish(later, 2)).json()
    unknown = api.get(f"{BASE}bookings/AAAA-AAAA/", headers=holder(made))
    wrong_check = made["code"][:-1] + ("A" if made["code"][-1] != "A" else "B")
    answers = [
        see(api, made, Authorization=f"Booking {other['token']}"),
        see(api, made, Authorization="Booking " + "A" * 32),
        see(api, made, Authorization=f"Token {made['token']}"),
        see(api, made, Authorization=made["token"]),
        see(api, made, Authorization=f"Booking {made['token']}A"),
        see(api, made, Authorization=f"Booking {made['token'][:-1]}"),
        see(api, made, **{"X-Nothing": "1"}),
        see(api, made, wrong_check),
        unknown,
    ]
    assert {response.status_code for response in answers} == {404}
    assert {response.content for response in answers} == {unknown.content}
    moved = move(api, made, later.pk, Authorization="Booking x")
    assert (moved.status_code, moved.content) == (404, unknown.content)


def test_a_new_version_of_the_token_revokes_the_old_one(api, made):
    Booking.objects.update(token_version=2)
    assert see(api, made).status_code == 404
    new = token_for(Booking.objects.get().id, 2)
    assert see(api, made, Authorization=f"Booking {new}").status_code == 200


def test_cancelling_gives_the_place_back_once(api, made, slot):
    first, second = cancel(api, made), cancel(api, made)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["status"] == "cancelled"
    assert first.json() == second.json()
    assert Slot.objects.get(pk=slot.pk).booked == 0


def test_cancelling_after_the_cut_off_is_refused(api, place, service):
    soon = factories.slot(place, timezone.now() + timedelta(minutes=90))
    made = api.post(f"{BASE}bookings/", wish(soon)).json()
    response = cancel(api, made)
    assert (response.status_code, codes(response)) == (409, [("invalid_transition", None)])


def test_moving_takes_the_new_place_and_frees_the_old(api, made, slot, place):
    other = factories.slot(place, factories.at_local(4))
    response = move(api, made, other.pk)
    assert response.status_code == 200
    assert response.json()["slot"]["id"] == other.pk
    assert response.json()["code"] == made["code"]
    assert [Slot.objects.get(pk=one.pk).booked for one in (slot, other)] == [0, 1]
    assert see(api, made).json() == response.json()


def test_moving_to_a_full_slot_leaves_the_old_place_and_names_free_ones(api, made, slot, place):
    full = factories.slot(place, factories.at_local(4), capacity=1)
    free = factories.slot(place, factories.at_local(4, 13))
    api.post(f"{BASE}bookings/", wish(full, 2))
    response = move(api, made, full.pk)
    assert (response.status_code, codes(response)) == (409, [("slot_full", None)])
    assert free.pk in [one["id"] for one in response.json()["alternatives"]]
    assert see(api, made).json()["slot"]["id"] == slot.pk


def test_moving_a_cancelled_booking_is_refused(api, made, place):
    cancel(api, made)
    response = move(api, made, factories.slot(place, factories.at_local(4)).pk)
    assert (response.status_code, codes(response)) == (409, [("invalid_transition", None)])


@pytest.mark.parametrize("value", [None, "1", 1.5, True, [], {}, 0, -1, 2**63, ...])
def test_moving_to_what_is_no_slot_is_a_wrong_field(api, made, value):
    body = {} if value is ... else {"slot": value}
    response = api.post(f"{BASE}bookings/{made['code']}/reschedule/", body, headers=holder(made))
    assert response.status_code == 400
    assert codes(response)[0][1] == "slot"


def test_a_body_that_is_no_object_cancels_nothing(api, made, raw):
    path = f"{BASE}bookings/{made['code']}/cancel/"
    for body in (b"[]", b"{", b"null", b'{"a":1,"a":2}'):
        response = raw.post(path, body, "application/json",
                            HTTP_AUTHORIZATION=f"Booking {made['token']}")  # fmt: skip
        assert response.status_code == 400
    assert Booking.objects.get().status == "booked"


def test_getting_a_booking_twice_writes_nothing(api, made, django_assert_num_queries):
    with django_assert_num_queries(1):
        see(api, made)
