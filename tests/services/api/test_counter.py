"""The door and the counters, for the staff of a location."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from services.models import Booking
from tests import factories
from tests.services.api.asking import BASE, codes

pytestmark = pytest.mark.django_db
HERE = f"{BASE}counter/kecamatan-ambulu/"
WELL = {"temperature_c": "36,6", "mask": True, "symptoms": False}


@pytest.fixture
def now_slot(place, service):
    """A slot that begins in a few minutes: its people may come in."""
    return factories.slot(place, factories.soon(), capacity=20)


@pytest.fixture
def desk(place):
    return factories.counter(place, 1)


@pytest.fixture
def petugas(api, place):
    api.force_authenticate(factories.staff("petugas", "counter", place))
    return api


def come(petugas, booking, **given):
    return petugas.post(f"{HERE}check-in/", {"code": booking.shown_code} | WELL | given)


def test_from_the_door_to_recorded(petugas, now_slot, desk, service):
    booking = factories.booking(now_slot, service, factories.person(full_name="Siti Aminah"))

    verdict = come(petugas, booking).json()
    assert (verdict["verdict"], verdict["queue_number"]) == ("admitted", 1)
    assert verdict["recheck_at"] is None
    assert verdict["booking"]["full_name"] == "Siti Aminah"
    assert verdict["booking"]["nik"].startswith("••••")
    assert verdict["booking"]["status"] == "checked_in"

    day = petugas.get(HERE).json()
    assert set(day) == {"date", "inside", "inside_limit", "waiting", "called", "upcoming"}
    assert [one["code"] for one in day["waiting"]] == [booking.shown_code]
    assert day["inside"] == 1

    called = petugas.post(f"{HERE}call-next/", {"counter": 1})
    assert (called.status_code, called.json()["counter"]) == (200, 1)
    assert petugas.get(f"{BASE}board/kecamatan-ambulu/").json()["called"] == [
        {"number": 1, "counter": 1}
    ]

    recorded = petugas.post(f"{HERE}{booking.shown_code}/record/")
    assert (recorded.status_code, recorded.json()["status"]) == (200, "recorded")
    assert petugas.post(f"{HERE}call-next/", {"counter": 1}).status_code == 204


def test_who_came_along_is_shown_from_the_door_on(petugas, now_slot, service):
    booking = factories.booking(now_slot, service)
    assert petugas.get(HERE).json()["upcoming"][0]["companions"] == 0
    assert come(petugas, booking, companions=2).json()["booking"]["companions"] == 2
    assert petugas.get(HERE).json()["waiting"][0]["companions"] == 2


def test_a_second_scan_changes_nothing(petugas, now_slot, service):
    booking = factories.booking(now_slot, service)
    come(petugas, booking)
    again = come(petugas, booking).json()
    assert (again["verdict"], again["queue_number"]) == ("already_in", 1)


def test_a_first_high_temperature_means_measure_again(petugas, now_slot, service):
    verdict = come(petugas, factories.booking(now_slot, service), temperature_c=37.3).json()
    assert (verdict["verdict"], verdict["queue_number"]) == ("recheck", None)
    assert verdict["recheck_at"].endswith("+07:00")


def test_without_a_mask_nobody_comes_in(petugas, now_slot, service):
    verdict = come(petugas, factories.booking(now_slot, service), mask=False).json()
    assert verdict["verdict"] == "mask_required"


def test_what_the_protocol_asks_for_must_be_answered(petugas, now_slot, service):
    booking = factories.booking(now_slot, service)
    answer = petugas.post(f"{HERE}check-in/", {"code": booking.code})
    assert (answer.status_code, codes(answer)) == (400, [("required", "temperature_c")])
    answer = petugas.post(f"{HERE}check-in/", {"code": booking.code, "temperature_c": 36.5})
    assert (answer.status_code, codes(answer)) == (400, [("required", "mask")])


def test_temperature_and_mask_are_enough_for_the_level_siaga(petugas, now_slot, service):
    booking = factories.booking(now_slot, service)
    given = {"code": booking.shown_code, "temperature_c": 36.5, "mask": True}
    assert petugas.post(f"{HERE}check-in/", given).json()["verdict"] == "admitted"


def test_who_stands_at_the_wrong_door_day_or_hour_is_told(petugas, place, service):
    elsewhere = factories.location("kecamatan-puger")
    factories.service(at=elsewhere)
    there = factories.booking(factories.slot(elsewhere, factories.soon(9)))
    tomorrow = factories.booking(factories.slot(place, factories.at_local(1)), service)
    for booking, code in ((there, "wrong_location"), (tomorrow, "wrong_day")):
        answer = come(petugas, booking)
        assert (answer.status_code, codes(answer)) == (409, [(code, None)])
    answer = petugas.post(f"{HERE}check-in/", {"code": "AAAA-AAAA"} | WELL)
    assert (answer.status_code, codes(answer)) == (404, [("not_found", None)])


@pytest.mark.parametrize("typed", [str.lower, lambda c: f"http://x.go.id/jadwal/{c}/"])
def test_a_code_is_read_as_typed_or_scanned(petugas, now_slot, service, typed):
    booking = factories.booking(now_slot, service)
    answer = petugas.post(f"{HERE}check-in/", {"code": typed(booking.shown_code)} | WELL)
    assert answer.json()["verdict"] == "admitted"


def test_the_ways_a_visit_ends(petugas, now_slot, desk, service):
    def called():
        booking = factories.booking(now_slot, service)
        come(petugas, booking)
        petugas.post(f"{HERE}call-next/", {"counter": 1})
        return booking

    for verb, given, status in (
        ("not-recorded", {"reason": "biometrics"}, "not_recorded"),
        ("no-show", {}, "no_show"),
        ("defer", {}, "deferred"),
    ):
        booking = called()
        answer = petugas.post(f"{HERE}{booking.shown_code}/{verb}/", given)
        assert (answer.status_code, answer.json()["status"]) == (200, status)

    booking = called()
    recalled = petugas.post(f"{HERE}{booking.shown_code}/recall/")
    parked = petugas.post(f"{HERE}{booking.shown_code}/park/")
    assert (recalled.json()["status"], parked.json()["status"]) == ("called", "checked_in")


@pytest.mark.parametrize("verb", ["record", "not-recorded", "recall", "park"])
def test_moves_out_of_order_are_refused(petugas, now_slot, service, verb):
    booking = factories.booking(now_slot, service)
    given = {"reason": "equipment"} if verb == "not-recorded" else {}
    answer = petugas.post(f"{HERE}{booking.shown_code}/{verb}/", given)
    assert (answer.status_code, codes(answer)) == (409, [("invalid_transition", None)])


def test_a_counter_that_does_not_exist_is_not_found(petugas, desk):
    answer = petugas.post(f"{HERE}call-next/", {"counter": 9})
    assert (answer.status_code, codes(answer)) == (404, [("not_found", None)])


def test_the_board_is_public_and_names_nobody(api, petugas, now_slot, desk, service):
    booking = factories.booking(now_slot, service, factories.person(full_name="Siti Aminah"))
    come(petugas, booking)
    api.force_authenticate(None)
    answer = api.get(f"{BASE}board/kecamatan-ambulu/")
    assert answer.json()["waiting"] == [1]
    assert "Siti" not in answer.content.decode()
    assert booking.code not in answer.content.decode()


def test_a_day_takes_the_same_statements_however_many_come(petugas, now_slot, service, desk):
    def statements() -> int:
        with CaptureQueriesContext(connection) as made:
            assert petugas.get(HERE).status_code == 200
        return len(made)

    come(petugas, factories.booking(now_slot, service))
    few = statements()
    for _ in range(8):
        come(petugas, factories.booking(now_slot, service))
    petugas.post(f"{HERE}call-next/", {"counter": 1})
    factories.booking(now_slot, service)
    assert statements() == few


def test_the_history_names_staff_by_number(petugas, now_slot, service):
    come(petugas, factories.booking(now_slot, service))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pgh_context->>'who' FROM services_bookingevent ORDER BY pgh_id")
        assert cursor.fetchall()[-1][0].startswith("staff:")
    assert Booking.objects.get().status == "checked_in"
