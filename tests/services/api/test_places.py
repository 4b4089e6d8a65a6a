"""Services, districts, places and free slots, as programs read them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from locations.models import Closure, Location, Slot
from tests import factories
from tests.services.api.asking import BASE, codes

pytestmark = pytest.mark.django_db


def span(first: int = 0, last: int = 30) -> dict[str, str]:
    day = timezone.localdate()
    return {
        "from": (day + timedelta(days=first)).isoformat(),
        "to": (day + timedelta(days=last)).isoformat(),
    }


def slots(api, slug="kecamatan-ambulu", **query):
    return api.get(f"{BASE}locations/{slug}/slots/", span() | query)


def test_services_say_what_to_bring_in_the_readers_language(api, service):
    factories.service("closed", active=False)
    answer = api.get(f"{BASE}services/", headers={"Accept-Language": "en"}).json()
    assert (answer["count"], answer["next"], answer["previous"]) == (1, None, None)
    assert answer["results"] == [
        {
            "slug": "first-recording",
            "name": "First e-KTP recording",
            "description": "",
            "duration_minutes": 10,
            "minimum_age": 16,
            "documents": ["Original family card (KK)"],
        }
    ]


def test_districts_have_code_and_name(api):
    factories.district()
    answer = api.get(f"{BASE}districts/").json()
    assert answer["results"] == [{"code": "35.09.11", "name": "Ambulu"}]


def test_a_place_says_when_it_is_free_next(api, place, service):
    factories.slot(place, timezone.now() - timedelta(minutes=5))
    full = factories.slot(place, factories.at_local(2), capacity=1)
    factories.booking(full, service)
    free = factories.slot(place, factories.at_local(4))
    (found,) = api.get(f"{BASE}locations/").json()["results"]
    assert found["slug"] == "kecamatan-ambulu"
    assert found["district"] == {"code": "35.09.11", "name": "Ambulu"}
    assert found["kind"] == "district_office"
    assert found["latitude"] is None
    assert found["next_available"] == free.starts_at.isoformat()


def test_a_place_without_a_free_slot_says_null(api, place):
    assert api.get(f"{BASE}locations/").json()["results"][0]["next_available"] is None


def test_places_are_found_by_service_and_district(api, place, service):
    factories.location("lain", district=factories.district("35.09.12", "Puger"))
    factories.location("tutup", active=False)

    def found(**query):
        return [one["slug"] for one in api.get(f"{BASE}locations/", query).json()["results"]]

    assert found() == ["kecamatan-ambulu", "lain"]
    assert found(service="first-recording") == ["kecamatan-ambulu"]
    assert found(district="35.09.12") == ["lain"]
    assert found(service="first-recording", district="35.09.12") == []


def test_lists_come_in_pages_of_at_most_a_hundred(api):
    for number in range(120):
        factories.district(f"35.{number:03d}", f"Kecamatan {number:03d}")
    first = api.get(f"{BASE}districts/").json()
    assert (first["count"], len(first["results"])) == (120, 50)
    assert first["next"].endswith("?page=2")
    assert len(api.get(f"{BASE}districts/?page=3").json()["results"]) == 20
    assert len(api.get(f"{BASE}districts/?page_size=1000000").json()["results"]) == 100
    assert len(api.get(f"{BASE}districts/?page_size=7").json()["results"]) == 7


def test_slots_say_how_many_places_the_public_may_book(api, place, service):
    slot = factories.slot(place, factories.at_local(3), capacity=5, reserve=2)
    today = factories.slot(place, factories.soon(3), capacity=5, reserve=2)
    factories.booking(slot, service)
    found = {one["id"]: one for one in slots(api, service="first-recording").json()}
    assert found[slot.pk] == {
        "id": slot.pk,
        "starts_at": slot.starts_at.isoformat(),
        "ends_at": timezone.localtime(slot.ends_at).isoformat(),
        "capacity": 5,
        "available": 2,
    }
    assert found[today.pk]["available"] == 5  # on the day the reserve is open to all


def test_full_slots_are_shown_begun_and_closed_ones_are_not(api, place, service):
    full = factories.slot(place, factories.at_local(2), capacity=1)
    factories.booking(full, service)
    factories.slot(place, timezone.now() - timedelta(minutes=5))
    shut = factories.slot(place, factories.at_local(4))
    closure = Closure.objects.create(
        location=place, starts_at=shut.starts_at, ends_at=shut.ends_at, reason="Listrik padam"
    )
    Slot.objects.filter(pk=shut.pk).update(closure=closure)
    assert [(one["id"], one["available"]) for one in slots(api).json()] == [(full.pk, 0)]


def test_slots_are_those_of_the_days_asked_for_both_ends_in(api, place):
    made = [factories.slot(place, factories.at_local(day, 0)) for day in (1, 2, 3)]
    last = factories.slot(place, factories.at_local(2, 23))
    found = [one["id"] for one in slots(api, **span(2, 2)).json()]
    assert found == [made[1].pk, last.pk]


def test_sixty_two_days_may_be_asked_for_and_no_more(api, place):
    assert slots(api, **span(0, 61)).status_code == 200
    assert codes(slots(api, **span(0, 62))) == [("invalid", "to")]


def test_a_service_that_is_not_offered_here_has_no_slots(api, place, slot):
    factories.service("replacement")
    assert slots(api, service="replacement").json() == []
    assert codes(slots(api, service="nothing")) == [("does_not_exist", "service")]


def test_slots_of_an_unknown_or_closed_place_are_not_found(api, place):
    assert slots(api, "nothing").status_code == 404
    Location.objects.update(active=False)
    assert slots(api).status_code == 404


def test_unchanged_slots_are_not_sent_again(api, place, service, slot):
    etag = slots(api).headers["ETag"]
    path, query = f"{BASE}locations/kecamatan-ambulu/slots/", span()
    same = api.get(path, query, headers={"If-None-Match": etag})
    assert (same.status_code, same.content) == (304, b"")
    factories.booking(slot, service)
    changed = api.get(path, query, headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.json()[0]["available"] == 1


def test_slots_take_three_statements_however_many_there_are(api, place, service, settings):
    settings.RATE_LIMITS = True
    for day in range(1, 15):
        factories.slots(place, 4, day)
    with CaptureQueriesContext(connection) as statements:
        assert len(slots(api, service="first-recording").json()) == 56
    assert len(statements) <= 3


@pytest.mark.parametrize("path", ["services/", "districts/", "locations/",
                                  "locations/?service=first-recording"])  # fmt: skip
def test_lists_take_the_same_statements_however_long_they_are(api, place, service, path):
    def statements() -> int:
        with CaptureQueriesContext(connection) as made:
            assert api.get(BASE + path).status_code == 200
        return len(made)

    few = statements()
    for number in range(10):
        district = factories.district(f"35.09.{number}", f"Kecamatan {number}")
        more = factories.location(f"tempat-{number}", district=district)
        factories.service(at=more)
        factories.service(f"layanan-{number}")
        factories.slot(more)
    assert statements() == few


def test_nothing_read_writes_a_row_but_the_count_of_its_reading(api, place, slot, settings):
    settings.RATE_LIMITS = True
    for path in ("services/", "districts/", "locations/"):
        with CaptureQueriesContext(connection) as statements:
            api.get(BASE + path)
        writes = [one["sql"] for one in statements if not one["sql"].startswith("SELECT")]
        assert all("services_ratecount" in sql for sql in writes)
