"""Making a booking through the API, as the contract has it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from locations.models import Slot
from services.models import Booking, IdempotencyKey
from tests import factories
from tests.services.api.asking import BASE, codes, wish

pytestmark = pytest.mark.django_db


def book(api, slot, number=1, key=None, **values):
    headers = {"Idempotency-Key": key} if key else {}
    return api.post(f"{BASE}bookings/", wish(slot, number, **values), headers=headers)


def birthday(years: int, days: int = 0) -> str:
    """Of somebody who turns this many years on the day of the slot, or some days later."""
    day = timezone.localdate() + timedelta(days=3 + days)
    if (day.month, day.day) == (2, 29) and years % 4:
        day -= timedelta(days=1)
    return day.replace(year=day.year - years).isoformat()


def test_a_booking_answers_everything_that_its_maker_needs(api, slot, settings):
    response = book(api, slot)

    assert response.status_code == 201, response.content
    made = response.json()
    assert made["status"] == "booked"
    assert made["service"] == {"slug": "first-recording", "name": "Perekaman KTP-el pertama"}
    assert made["location"] == {
        "slug": "kecamatan-ambulu",
        "name": "Kantor kecamatan-ambulu",
        "address": "Jalan Contoh 1",
    }
    assert made["slot"]["id"] == slot.pk
    assert made["slot"]["starts_at"].endswith("+07:00")
    assert made["protocol"]["name"] == "Siaga"
    assert len(made["protocol"]["instructions"]) == 2
    assert made["bring"] == ["Kartu Keluarga (KK) asli"]
    assert made["ticket_url"] == made["manage_url"]
    assert made["calendar_url"] == f"{made['manage_url']}kalender.ics"
    assert made["manage_url"] == f"{settings.SITE_URL}/m/{made['code']}/{made['token']}/"
    assert response.headers["Cache-Control"] == "no-store"
    assert Slot.objects.get(pk=slot.pk).booked == 1


def test_the_answer_is_in_the_language_asked_for_and_the_pages_in_that_of_the_person(api, slot):
    response = api.post(
        f"{BASE}bookings/", wish(slot, language="en"), headers={"Accept-Language": "id"}
    )
    made = response.json()
    assert made["service"]["name"] == "Perekaman KTP-el pertama"
    assert "/en/m/" in made["ticket_url"]


def test_a_booking_stores_what_was_given_and_nothing_else(api, slot):
    district = factories.district()
    response = book(
        api,
        slot,
        full_name="  Siti   Aminah ",
        phone="0812-3456-7890",
        email="siti@example.org",
        residence_district=district.code,
        companions=1,
        support=["wheelchair"],
        whatsapp=True,
        status="recorded",
        channel="walk_in",
        takes_reserve=True,
        code="AAAAAAAA",
        is_staff=True,
    )
    assert response.status_code == 201, response.content
    booking = Booking.objects.get()
    assert (booking.full_name, booking.phone, booking.email) == (
        "Siti Aminah",
        "+6281234567890",
        "siti@example.org",
    )
    assert (booking.status, booking.channel, booking.takes_reserve) == ("booked", "online", False)
    assert booking.residence_district_id == district.code
    assert (booking.companions, booking.support, booking.whatsapp) == (1, ["wheelchair"], True)


@pytest.mark.parametrize("absent", [..., None, ""])
def test_phone_and_email_may_be_left_out(api, slot, absent):
    response = book(api, slot, phone=absent, email=absent, residence_district=None, guardian=None)
    assert response.status_code == 201, response.content
    assert Booking.objects.get().phone_hash is None


@pytest.mark.parametrize(
    "typed", ["3509 2101 0105 9001", "3509.2101.0105.9001", "350921-010105-9001"]
)
def test_a_nik_may_be_written_in_groups(api, slot, typed):
    assert book(api, slot, nik=typed).status_code == 201
    assert Booking.objects.get().nik == "3509210101059001"


@pytest.mark.parametrize("name", ["Suparman", "d'Arc", "Ng", "A", "ꦗꦼꦩ꧀ꦧꦼꦂ", "Ir. H. Budi, S.T."])
def test_a_name_of_any_people_is_a_name(api, slot, name):
    assert book(api, slot, full_name=name).status_code == 201
    assert Booking.objects.get().full_name == name


def test_a_doubtful_nik_needs_a_confirmation_and_is_marked(api, slot):
    doubtful = {"nik": "3509993101099007", "birth_date": "2009-01-31"}
    adult = {"ever_married": True}
    response = book(api, slot, **doubtful, **adult)
    assert (response.status_code, codes(response)) == (400, [("nik_doubtful", "nik")])
    assert not Booking.objects.exists()

    response = book(api, slot, **doubtful, **adult, confirm_nik=True)
    assert response.status_code == 201
    assert Booking.objects.get().nik_doubtful


def test_who_turns_sixteen_on_the_day_may_book_and_a_day_later_may_not(api, slot):
    guardian = {"full_name": "Misnati", "relation": "mother", "consent": True}
    young = {"guardian": guardian, "confirm_nik": True}
    response = book(api, slot, birth_date=birthday(16, days=1), **young)
    assert (response.status_code, codes(response)) == (400, [("under_age", "birth_date")])

    assert book(api, slot, birth_date=birthday(16), **young).status_code == 201
    assert Booking.objects.get().guardian_name == "Misnati"


def test_who_is_under_eighteen_needs_a_guardian_unless_married(api, slot):
    young = {"birth_date": birthday(17), "confirm_nik": True}
    response = book(api, slot, **young)
    assert (response.status_code, codes(response)) == (400, [("guardian_required", "guardian")])

    no = {"full_name": "Misnati", "relation": "mother", "consent": False}
    response = book(api, slot, **young, guardian=no)
    assert codes(response) == [("guardian_required", "guardian.consent")]

    assert book(api, slot, **young, ever_married=True).status_code == 201


def test_a_full_slot_is_refused_with_free_ones_nearby_the_same_place_first(api, place, service):
    full = factories.slot(place, factories.at_local(3, 9), capacity=1)
    same_place = factories.slot(place, factories.at_local(3, 13), capacity=1)
    elsewhere = factories.location("kecamatan-puger")
    factories.service(at=elsewhere)
    sooner = factories.slot(elsewhere, factories.at_local(3, 10), capacity=1)
    book(api, full, 1)

    response = book(api, full, 2)

    assert (response.status_code, codes(response)) == (409, [("slot_full", None)])
    free = response.json()["alternatives"]
    assert [one["id"] for one in free] == [same_place.pk, sooner.pk]
    assert free[0]["location"] == {
        "slug": "kecamatan-ambulu",
        "name": "Kantor kecamatan-ambulu",
    }
    assert free[0]["available"] == 1
    assert free[0]["starts_at"].endswith("+07:00")


def test_a_slot_that_has_begun_is_refused_with_alternatives(api, place, service):
    begun = factories.slot(place, timezone.now() - timedelta(minutes=5))
    response = book(api, begun)
    assert (response.status_code, codes(response)) == (409, [("slot_closed", None)])
    assert response.json()["alternatives"] == []


def test_a_second_booking_of_a_person_is_refused_and_says_nothing_of_the_first(api, place, slot):
    other = factories.slot(place, factories.at_local(4))
    book(api, slot, 1)
    response = book(api, other, 1)
    assert (response.status_code, codes(response)) == (409, [("already_booked", None)])
    assert "alternatives" not in response.json()
    assert "Ambulu" not in response.content.decode()


def test_the_same_key_finds_the_same_booking_and_says_so(api, slot):
    first = book(api, slot, key="key-of-1234")
    again = book(api, slot, key="key-of-1234")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert Booking.objects.count() == 1


def test_a_repeated_request_finds_its_booking_though_the_slot_is_full_by_now(api, slot):
    made = book(api, slot, 1, key="key-of-1234").json()
    book(api, slot, 2)
    again = book(api, slot, 1, key="key-of-1234")
    assert again.status_code == 201
    assert again.json()["token"] == made["token"]


def test_the_same_key_with_another_body_is_refused(api, slot):
    book(api, slot, 1, key="key-of-1234")
    response = book(api, slot, 2, key="key-of-1234")
    assert (response.status_code, codes(response)) == (422, [("idempotency_key_reused", None)])
    assert Booking.objects.count() == 1


def test_a_refusal_is_not_stored_under_its_key(api, place, service):
    slot = factories.slot(place, capacity=1)
    made = book(api, slot, 1).json()
    assert book(api, slot, 2, key="key-of-1234").status_code == 409
    assert not IdempotencyKey.objects.exists()
    token = {"Authorization": f"Booking {made['token']}"}
    api.post(f"{BASE}bookings/{made['code']}/cancel/", headers=token)
    assert book(api, slot, 2, key="key-of-1234").status_code == 201


@pytest.mark.parametrize("key", ["1234567", "x" * 65, "with space", "kunci-ä-1234", "\x7f" * 9])
def test_a_key_of_another_shape_is_refused(api, slot, key):
    response = book(api, slot, key=key)
    assert (response.status_code, codes(response)) == (400, [("invalid", "Idempotency-Key")])
    assert not Booking.objects.exists()


def test_a_slot_of_another_service_or_none_is_a_wrong_field(api, slot):
    factories.service("replacement")
    response = book(api, slot, service="replacement")
    assert (response.status_code, codes(response)) == (400, [("does_not_exist", "slot")])
    response = book(api, slot, service="nothing")
    assert (response.status_code, codes(response)) == (400, [("does_not_exist", "service")])
    response = api.post(f"{BASE}bookings/", wish(slot) | {"slot": 2**63 - 1})
    assert (response.status_code, codes(response)) == (400, [("does_not_exist", "slot")])


def test_an_unknown_district_is_a_wrong_field(api, slot):
    response = book(api, slot, residence_district="35.09.99")
    assert codes(response) == [("does_not_exist", "residence_district")]


@pytest.mark.django_db(transaction=True)
def test_a_booking_takes_at_most_twelve_statements(api, slot, settings):
    """With rate limit, key, guardian's age and district; BEGIN and COMMIT counted."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    settings.RATE_LIMITS = True
    district = factories.district()
    book(api, slot, 1)
    with CaptureQueriesContext(connection) as statements:
        response = book(api, slot, 2, key="key-of-1234", residence_district=district.code)
    assert response.status_code == 201
    print(f"\nstatements of a booking: {len(statements)}")
    for number, query in enumerate(statements, start=1):
        print(number, query["sql"][:110])
    assert len(statements) <= 12
    writes = [query["sql"] for query in statements if "services_booking" in query["sql"]]
    assert writes[-1].startswith('INSERT INTO "services_booking"')
    assert statements[-1]["sql"] == "COMMIT"
    assert statements[-2]["sql"] == writes[-1]
