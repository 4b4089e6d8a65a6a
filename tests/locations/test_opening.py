"""From weekly rules and exceptions to slots, and what a changed rule does to slots ahead."""

import threading
from datetime import date, datetime, time, timedelta
from io import StringIO
from itertools import pairwise
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from locations.models import Location, OpeningPattern, Slot
from locations.opening import make_slots, save_rule, windows
from locations.region import region_folder
from locations.slots import LOCAL
from services.region import load_region
from tests.conftest import owner_cursor
from tests.factories import at_local, location, pattern, slot
from tests.locations.opening_hours import clocks, day, exception, open_daily
from tests.racing import changed_by_owner

pytestmark = pytest.mark.django_db


# --- What the rules ask for ----------------------------------------------------------------------


def test_slots_are_made_over_the_horizon_and_a_second_time_none() -> None:
    here = location()
    open_daily(here)
    assert make_slots().slots == 60 * 4
    assert make_slots().slots == 0
    assert clocks(here, day()) == clocks(here, day(59)) == ["08.00", "08.30", "09.00", "09.30"]
    assert clocks(here, day(60)) == []
    made = Slot.objects.first()
    assert made is not None
    assert (made.capacity, made.reserve, made.booked) == (10, 2, 0)


def test_a_pattern_counts_on_its_weekday_from_its_first_to_its_last_day() -> None:
    here = location()
    monday = next(day(n) for n in range(1, 8) if day(n).isoweekday() == 1)
    pattern(here, 1, valid_from=monday, valid_until=monday + timedelta(days=7))
    make_slots()
    assert set(Slot.objects.dates("starts_at", "day")) == {monday, monday + timedelta(days=7)}


def test_what_is_left_over_and_shorter_than_a_slot_is_not_used() -> None:
    here = location()
    open_daily(here, starts=time(8), ends=time(9, 10), slot_minutes=20)
    make_slots()
    assert clocks(here, day(1)) == ["08.00", "08.20", "08.40"]


def test_an_exception_takes_the_place_of_the_weekly_rule_on_its_date() -> None:
    here = location()
    open_daily(here)
    exception(here, day(3)).save()
    make_slots()
    assert clocks(here, day(2)) == ["08.00", "08.30", "09.00", "09.30"]
    assert clocks(here, day(3)) == ["13.00", "13.30"]


def test_a_location_that_is_switched_off_gets_no_slots() -> None:
    open_daily(location(active=False))
    assert make_slots().slots == 0


def test_a_slot_made_by_hand_is_not_overlapped() -> None:
    here = location()
    open_daily(here)
    slot(here, at_local(2, 8, 15), minutes=30)
    make_slots()
    assert clocks(here, day(2)) == ["08.15", "09.00", "09.30"]


rules = st.builds(
    OpeningPattern,
    weekday=st.integers(1, 7),
    starts=st.times(time(0), time(11)).map(lambda t: t.replace(second=0, microsecond=0)),
    ends=st.times(time(12), time(23)).map(lambda t: t.replace(second=0, microsecond=0)),
    slot_minutes=st.integers(5, 480),
    capacity=st.integers(0, 1000),
    reserve=st.just(0),
    valid_from=st.dates(date(2026, 1, 1), date(2026, 2, 1)),
    valid_until=st.none() | st.dates(date(2026, 2, 1), date(2026, 3, 1)),
)


@given(rules)
def test_slots_of_a_rule_lie_inside_it_and_never_overlap(rule: OpeningPattern) -> None:
    made = list(windows(date(2026, 1, 1), date(2026, 3, 1), [rule], []))
    for window in made:
        local = window.starts_at.astimezone(LOCAL)
        assert local.isoweekday() == rule.weekday
        assert rule.starts <= local.time()
        assert window.ends_at.astimezone(LOCAL).time() <= rule.ends
        assert rule.valid_from <= local.date()
        assert rule.valid_until is None or local.date() <= rule.valid_until
    for one, next_one in pairwise(made):
        assert one.ends_at <= next_one.starts_at


# --- In bulk -------------------------------------------------------------------------------------


def test_all_of_jember_for_sixty_days_takes_few_statements(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for _ in load_region(region_folder("jember")):
        pass
    began = datetime.now(tz=LOCAL)
    with CaptureQueriesContext(connection) as first:
        made = make_slots()
    took = datetime.now(tz=LOCAL) - began
    with CaptureQueriesContext(connection) as second:
        assert make_slots().slots == 0
    with capsys.disabled():
        print(
            f"\n{made.slots} slots for {made.locations} locations in {took.total_seconds():.1f} s"
        )
    assert made.locations == 32
    assert made.slots > 12_000
    # Per location: savepoint, lock, slots, closures, patterns, exceptions, one insert, release.
    assert len(first) <= 32 * 10 + 4
    assert len(second) <= 32 * 8 + 4


def test_the_command_makes_slots_and_drafts_holidays() -> None:
    open_daily(location())
    out = StringIO()
    call_command("make_slots", "--days", "7", stdout=out)
    assert "28 slots made for 1 locations" in out.getvalue()


def test_the_daily_task_looks_ahead() -> None:
    from locations.tasks import look_ahead

    open_daily(location())
    look_ahead()
    assert Slot.objects.count() == 60 * 4


# --- Never overlapping ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("since", "until"), [("08:15", "08:45"), ("08:00", "08:30"), ("07:00", "12:00")]
)
def test_raw_sql_cannot_make_slots_of_a_location_overlap(since: str, until: str) -> None:
    here = location()
    slot(here, at_local(3, 8), minutes=30)
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        insert_raw(here, since, until)
    assert refused.value.__cause__.diag.constraint_name in (  # type: ignore[union-attr]
        "slot_overlaps",
        "slot_unique",
    )


@pytest.mark.django_db(transaction=True)
def test_without_its_constraint_slots_would_overlap() -> None:
    table = "ALTER TABLE locations_slot"
    with owner_cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'slot_overlaps'"
        )
        (definition,) = cursor.fetchone() or ("",)
    with changed_by_owner(
        f"{table} DROP CONSTRAINT slot_overlaps",
        f"{table} ADD CONSTRAINT slot_overlaps {definition}",
    ):
        here = location()
        slot(here, at_local(3, 8), minutes=30)
        insert_raw(here, "08:15", "08:45")
        assert Slot.objects.count() == 2


def test_slots_side_by_side_and_of_other_locations_do_not_overlap() -> None:
    here, elsewhere = location(), location()
    slot(here, at_local(3, 8), minutes=30)
    insert_raw(here, "08:30", "09:00")
    insert_raw(elsewhere, "08:15", "08:45")
    assert Slot.objects.count() == 3


def insert_raw(at: Location, since: str, until: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("ektp_app",)
        cursor.execute(
            "INSERT INTO locations_slot"
            " (location_id, starts_at, ends_at, capacity, reserve, edited)"
            " VALUES (%s, %s, %s, 5, 0, false)",
            [
                at.pk,
                datetime.combine(day(3), time.fromisoformat(since), tzinfo=LOCAL),
                datetime.combine(day(3), time.fromisoformat(until), tzinfo=LOCAL),
            ],
        )


def test_a_pattern_that_overlaps_another_is_refused_with_a_sentence() -> None:
    here = location()
    pattern(here, 1)
    second = OpeningPattern(
        location=here, weekday=1, starts=time(9, 30), ends=time(11), capacity=5,
        valid_from=day(),
    )  # fmt: skip
    with pytest.raises(ValidationError) as refused:
        save_rule(second, who="staff:1", why="lebih lama buka")
    assert refused.value.messages == [
        "Jam ini bertabrakan dengan pola Senin pukul 08.00–10.00."
        " Ubah jamnya, atau akhiri dulu aturan itu."
    ]
    with translation.override("en"), pytest.raises(ValidationError, match="overlaps with the Mon"):
        save_rule(second, who="staff:1", why="lebih lama buka")
    assert OpeningPattern.objects.count() == 1


def test_patterns_that_do_not_hold_on_the_same_day_do_not_overlap() -> None:
    here = location()
    pattern(here, 1, valid_until=day(20))
    usual: dict[str, Any] = {"location": here, "ends": time(11), "capacity": 5}
    for beside in (
        OpeningPattern(weekday=1, starts=time(9), valid_from=day(21), **usual),
        OpeningPattern(weekday=2, starts=time(9), valid_from=day(), **usual),
        OpeningPattern(weekday=1, starts=time(10), valid_from=day(), valid_until=day(20), **usual),
    ):
        save_rule(beside, who="staff:1", why="jam baru")
    assert OpeningPattern.objects.count() == 4


def test_two_exceptions_of_a_date_may_not_overlap() -> None:
    here = location()
    save_rule(exception(here, day(3)), who="staff:1", why="rapat")
    with pytest.raises(ValidationError, match="bertabrakan dengan jam khusus"):
        save_rule(exception(here, day(3), starts=time(13, 30)), who="staff:1", why="rapat")


def test_a_rule_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValidationError):
        save_rule(exception(location(), day(3), ends=time(12)), who="staff:1", why="rapat")


# --- Together ------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_slots_made_by_two_at_once_are_made_once() -> None:
    open_daily(location())
    threads = [threading.Thread(target=run_make_slots) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Slot.objects.count() == 60 * 4


def run_make_slots() -> None:
    try:
        make_slots()
    finally:
        connections.close_all()
