"""Changing capacities and closing days through the API."""

from datetime import timedelta

import pytest
from django.utils import timezone

from locations.models import Closure, Slot
from services.models import Booking
from tests import factories
from tests.services.api.asking import BASE, codes

pytestmark = pytest.mark.django_db
CHANGES = f"{BASE}locations/kecamatan-ambulu/capacity-changes/"
CLOSURES = f"{BASE}locations/kecamatan-ambulu/closures/"


@pytest.fixture
def pengawas(api, place):
    api.force_authenticate(factories.staff("pengawas", "supervisor", place))
    return api


def wanted(first: int = 1, last: int = 10, **values) -> dict:
    day = timezone.localdate()
    given = {
        "from": (day + timedelta(days=first)).isoformat(),
        "to": (day + timedelta(days=last)).isoformat(),
        "reason": "Alat rusak",
        "on_excess": "keep",
    } | values
    return {name: value for name, value in given.items() if value is not ...}


@pytest.fixture
def booked(slot, service):
    Slot.objects.filter(pk=slot.pk).update(capacity=3)
    return [factories.booking(slot, service) for _ in range(3)]


def test_a_preview_says_whom_a_cut_hits_and_writes_nothing(pengawas, slot, booked):
    answer = pengawas.post(CHANGES, wanted(capacity=1, dry_run=True))
    assert answer.status_code == 200
    preview = answer.json()
    assert (preview["slots"], preview["affected"], preview["unreachable"]) == (1, 2, 0)
    assert preview["moves"] == []
    assert [one["code"] for one in preview["over"]] == [
        booked[2].shown_code,
        booked[1].shown_code,
    ]
    assert Slot.objects.get(pk=slot.pk).capacity == 3


def test_a_cut_keeps_everybody_and_the_slot_drains(pengawas, api, slot, booked):
    answer = pengawas.post(CHANGES, wanted(capacity=1))
    assert (answer.status_code, answer.json()["affected"]) == (201, 2)
    slot.refresh_from_db()
    assert (slot.capacity, slot.booked, slot.excess) == (1, 3, 2)
    assert Booking.objects.filter(status="booked").count() == 3


def test_a_rule_chooses_by_weekday_and_hour(pengawas, place):
    made = [
        factories.slot(place, factories.at_local(day, hour)) for day in (1, 2) for hour in (8, 13)
    ]
    weekday = made[0].starts_at.isoweekday()
    rule = {"weekdays": [weekday], "start_time": "08:00", "end_time": "12:00"}
    answer = pengawas.post(CHANGES, wanted(1, 5, capacity=9, **rule))
    assert (answer.status_code, answer.json()["slots"]) == (201, 1)
    changed = list(Slot.objects.filter(capacity=9).values_list("pk", flat=True))
    assert changed == [made[0].pk]


def test_a_rule_without_slots_is_refused(pengawas, slot):
    answer = pengawas.post(CHANGES, wanted(20, 21, capacity=3))
    assert (answer.status_code, codes(answer)) == (400, [("no_slots", "from")])


@pytest.mark.parametrize("on_excess", ["move", "cancel"])
def test_moving_people_is_not_available_yet_and_says_so(pengawas, slot, on_excess):
    for path, more in ((CHANGES, {"capacity": 1}), (CLOSURES, {})):
        answer = pengawas.post(path, wanted(**more, on_excess=on_excess))
        assert (answer.status_code, codes(answer)) == (400, [("not_available_yet", "on_excess")])
    assert Slot.objects.get().capacity == 2


def test_a_free_day_is_closed(pengawas, place, service):
    slot = factories.slot(place, factories.at_local(2))
    preview = pengawas.post(CLOSURES, wanted(2, 2, dry_run=True))
    assert (preview.status_code, preview.json()["slots"]) == (200, 1)
    assert not Closure.objects.exists()

    answer = pengawas.post(CLOSURES, wanted(2, 2))
    assert (answer.status_code, answer.json()["affected"]) == (201, 0)
    slot.refresh_from_db()
    assert slot.closure is not None
    assert pengawas.post(CLOSURES, wanted(2, 2)).status_code == 201
    assert Closure.objects.count() == 1


def test_a_day_with_bookings_is_not_closed_and_names_them(pengawas, slot, booked):
    preview = pengawas.post(CLOSURES, wanted(3, 3, dry_run=True)).json()
    assert (preview["slots"], preview["affected"]) == (1, 3)

    answer = pengawas.post(CLOSURES, wanted(3, 3))
    assert (answer.status_code, codes(answer)) == (409, [("has_bookings", None)])
    assert {one["code"] for one in answer.json()["over"]} == {one.shown_code for one in booked}
    assert not Closure.objects.exists()
    slot.refresh_from_db()
    assert slot.closure is None


def test_a_past_day_is_not_closed(pengawas, place):
    answer = pengawas.post(CLOSURES, wanted(-3, -2))
    assert (answer.status_code, codes(answer)) == (400, [("invalid", "to")])


def test_coverage_is_for_supervisors_and_the_head(api, place):
    factories.district("35.09.01", "Jombang", obliged=1000, recorded=990)
    assert api.get(f"{BASE}coverage/").status_code == 401
    api.force_authenticate(factories.staff("petugas", "counter", place))
    answer = api.get(f"{BASE}coverage/")
    assert (answer.status_code, codes(answer)) == (403, [("permission_denied", None)])
    for name, role, at in (("pengawas", "supervisor", place), ("kepala", "head", None)):
        api.force_authenticate(factories.staff(name, role, at))
        assert api.get(f"{BASE}coverage/").json() == [
            {
                "district": {"code": "35.09.01", "name": "Jombang"},
                "obliged": 1000,
                "recorded": 990,
                "remaining": 10,
                "percent": 99.0,
            }
        ]
