"""What a changed rule does to the slots ahead: nothing silently to those that hold a booking."""

from datetime import time

import pytest
from django.db import connection

from locations.models import Location, OpeningPattern, Slot
from locations.opening import make_slots, remove_rule, save_rule
from services.booking import cancel
from services.lifecycle import Actor
from tests.factories import at_local, booking, location
from tests.locations.opening_hours import clocks, day, exception, open_daily

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Location:
    """A location that is open every day, with its slots made."""
    place = location()
    open_daily(place)
    make_slots()
    return place


def slot_at(at: Location, days: int, hour: int, minute: int = 0) -> Slot:
    return Slot.objects.get(location=at, starts_at=at_local(days, hour, minute))


def rule_of(at: Location, days: int) -> OpeningPattern:
    """The pattern of the weekday on which that day falls."""
    return at.patterns.get(weekday=day(days).isoweekday())


def test_a_changed_capacity_reaches_the_empty_slots_of_that_weekday_only(here: Location) -> None:
    rule = rule_of(here, 1)
    rule.capacity, rule.reserve = 6, 1
    done = save_rule(rule, who="staff:1", why="protokol Siaga")
    weeks = len([n for n in range(1, 60) if day(n).isoweekday() == rule.weekday])
    assert (done.made, done.changed, done.removed, done.kept) == (0, weeks * 4, 0, [])
    assert slot_at(here, 1, 9).capacity == 6
    assert slot_at(here, 2, 9).capacity == 10


def test_a_slot_that_holds_a_booking_is_left_and_reported(here: Location) -> None:
    taken = slot_at(here, 1, 9)
    booking(taken)
    rule = rule_of(here, 1)
    rule.capacity, rule.reserve = 6, 1
    done = save_rule(rule, who="staff:1", why="protokol Siaga")
    assert [(kept.slot, kept.why) for kept in done.kept] == [(taken, "booked")]
    taken.refresh_from_db()
    assert (taken.capacity, taken.booked) == (10, 1)


def test_a_slot_changed_by_hand_is_left_and_reported(here: Location) -> None:
    edited = slot_at(here, 1, 9)
    Slot.objects.filter(pk=edited.pk).update(capacity=3, reserve=0, edited=True)
    rule = rule_of(here, 1)
    rule.capacity, rule.reserve = 6, 1
    done = save_rule(rule, who="staff:1", why="protokol Siaga")
    assert [(kept.slot, kept.why) for kept in done.kept] == [(edited, "edited")]
    edited.refresh_from_db()
    assert edited.capacity == 3


def test_a_booked_slot_that_still_agrees_with_the_rule_is_not_reported(here: Location) -> None:
    booking(slot_at(here, 1, 8))
    rule = rule_of(here, 1)
    rule.ends = time(9)
    done = save_rule(rule, who="staff:1", why="tutup lebih awal")
    assert done.kept == []
    assert clocks(here, day(1)) == ["08.00", "08.30"]


def test_longer_slots_take_the_place_of_empty_ones_around_a_booking(here: Location) -> None:
    booking(slot_at(here, 1, 8, 30))
    rule = rule_of(here, 1)
    rule.slot_minutes = 60
    done = save_rule(rule, who="staff:1", why="satu jam per sesi")
    assert [kept.slot.starts_at for kept in done.kept] == [at_local(1, 8, 30)]
    assert clocks(here, day(1)) == ["08.30", "09.00"]
    assert clocks(here, day(8)) == ["08.00", "09.00"]


def test_a_removed_rule_takes_its_empty_slots_along(here: Location) -> None:
    booking(slot_at(here, 1, 9))
    done = remove_rule(rule_of(here, 1), who="staff:1", why="tutup")
    assert clocks(here, day(1)) == ["09.00"]
    assert clocks(here, day(8)) == []
    assert [kept.why for kept in done.kept] == ["booked"]
    assert make_slots().slots == 0


def test_a_slot_that_a_cancelled_booking_names_stays_but_takes_nobody(here: Location) -> None:
    named = slot_at(here, 1, 9)
    cancel(booking_id=booking(named).pk, actor=Actor.SUPERVISOR, who="staff:1", why="permintaan")
    done = remove_rule(rule_of(here, 1), who="staff:1", why="tutup")
    assert done.emptied == 1
    named.refresh_from_db()
    assert (named.capacity, named.booked) == (0, 0)


def test_an_exception_changes_its_date_and_its_removal_brings_the_weekly_rule_back(
    here: Location,
) -> None:
    rule = exception(here, day(3))
    done = save_rule(rule, who="staff:1", why="rapat")
    assert (done.made, done.removed) == (2, 4)
    assert clocks(here, day(3)) == ["13.00", "13.30"]
    remove_rule(rule, who="staff:1", why="rapat batal")
    assert clocks(here, day(3)) == ["08.00", "08.30", "09.00", "09.30"]


def test_slots_that_have_begun_are_left(here: Location) -> None:
    past = Slot.objects.create(
        location=here,
        starts_at=at_local(-1, 15),
        ends_at=at_local(-1, 15, 30),
        capacity=5,
    )
    for rule in here.patterns.all():
        remove_rule(rule, who="staff:1", why="tutup")
    past.refresh_from_db()
    assert past.capacity == 5


def test_a_changed_slot_keeps_who_and_why_in_its_history(here: Location) -> None:
    rule = rule_of(here, 1)
    rule.capacity, rule.reserve = 6, 1
    save_rule(rule, who="staff:7", why="protokol Siaga")
    changed = slot_at(here, 1, 9)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pgh_context FROM locations_slotevent WHERE pgh_obj_id = %s", [changed.pk]
        )
        (context,) = cursor.fetchone()
    assert '"staff:7"' in str(context).replace("'", '"')
    assert "protokol Siaga" in str(context)
