"""Closing a place, confirming holidays, and nobody dropped silently (invariant 5)."""

import threading
import time as clock
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, connections, transaction

from locations import closures, opening
from locations.closures import (
    ClosureHasBookings,
    close_slots,
    confirm_closure,
    drafts_for,
    lift_closure,
)
from locations.holiday_drafts import draft_holidays
from locations.models import Closure, Location, Slot, Staff
from locations.opening import make_slots, span
from locations.slots import SlotQuerySet
from services.booking import cancel
from services.lifecycle import Actor
from services.models import Booking
from services.refusals import SlotClosed
from tests.factories import (
    at_local,
    booking,
    location,
    pattern,
    person,
    service,
    slot,
    slots,
    staff,
)
from tests.racing import codes, race

pytestmark = pytest.mark.django_db


@pytest.fixture
def here() -> Location:
    return location()


@pytest.fixture
def boss(here: Location) -> Staff:
    return staff("pengawas", "supervisor", here)


def close(at: Location | None, boss: Staff, days: int = 3, reason: str = "servis alat") -> Closure:
    return close_slots(at, at_local(days, 0), at_local(days + 1, 0), reason, boss)


def draft(days: int = 3) -> Closure:
    """A holiday draft for all locations."""
    return Closure.objects.create(
        kind="holiday", starts_at=at_local(days, 0), ends_at=at_local(days + 1, 0), reason="Nyepi"
    )


# --- Closing -------------------------------------------------------------------------------------


def test_closing_a_day_shuts_its_slots_and_no_others(here: Location, boss: Staff) -> None:
    inside, before, elsewhere = slots(here, 3), slot(here, at_local(2)), slot(location())
    closure = close(here, boss)
    assert set(closure.slots.all()) == set(inside)
    for other in (before, elsewhere):
        other.refresh_from_db()
        assert other.closure is None


def test_a_slot_that_the_closure_touches_is_shut_too(here: Location, boss: Staff) -> None:
    touched, beside = slot(here, at_local(3, 8)), slot(here, at_local(3, 8, 30))
    closure = close_slots(here, at_local(3, 7), at_local(3, 8, 15), "rapat", boss)
    assert list(closure.slots.all()) == [touched]
    beside.refresh_from_db()
    assert beside.closure is None


def test_closing_where_people_have_a_place_is_refused_with_their_slots(
    here: Location, boss: Staff
) -> None:
    early, late, empty = slots(here, 3)
    booking(late)
    booking(early)
    booking(early)
    with pytest.raises(ClosureHasBookings) as refused:
        close(here, boss)
    assert [(s.pk, s.booked) for s in refused.value.slots] == [(early.pk, 2), (late.pk, 1)]
    assert refused.value.people == 3
    assert not Closure.objects.exists()
    empty.refresh_from_db()
    assert empty.closure is None


def test_a_cancelled_booking_does_not_hinder_closing(here: Location, boss: Staff) -> None:
    made = booking(slot(here))
    cancel(booking_id=made.pk, actor=Actor.RESIDENT, who="resident", why="berhalangan")
    assert close(here, boss).slots.count() == 1


def test_nobody_books_a_closed_slot(here: Location, boss: Staff) -> None:
    shut = slot(here)
    close(here, boss)
    with pytest.raises(SlotClosed):
        booking(shut)


def test_closing_twice_changes_nothing(here: Location, boss: Staff) -> None:
    slot(here)
    assert close(here, boss) == close(here, boss)
    assert Closure.objects.count() == 1


def test_an_empty_or_past_span_is_refused(here: Location, boss: Staff) -> None:
    with pytest.raises(ValidationError, match="sesudah awalnya"):
        close_slots(here, at_local(3), at_local(3), "rapat", boss)
    with pytest.raises(ValidationError, match="sudah lewat"):
        close_slots(here, at_local(-3), at_local(-2), "rapat", boss)


def test_no_slot_is_made_inside_a_closure(here: Location, boss: Staff) -> None:
    for weekday in range(1, 8):
        pattern(here, weekday)
    close(here, boss, days=3)
    close_slots(here, at_local(4, 8, 45), at_local(4, 9, 15), "listrik padam", boss)
    make_slots()
    begins = [
        s.starts_at for s in Slot.objects.filter(starts_at__range=span(*[at_local(4).date()] * 2))
    ]
    assert not Slot.objects.filter(starts_at__range=(at_local(3, 0), at_local(3, 23))).exists()
    assert begins == [at_local(4, 8), at_local(4, 9, 30)]


def test_closing_keeps_who_and_why_in_the_history(here: Location, boss: Staff) -> None:
    shut = slot(here)
    close(here, boss)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pgh_context FROM locations_slotevent WHERE pgh_obj_id = %s", [shut.pk]
        )
        (context,) = cursor.fetchone()
    assert f"staff:{boss.pk}" in str(context)
    assert "servis alat" in str(context)


def test_lifting_a_closure_opens_its_slots_and_makes_missing_ones(
    here: Location, boss: Staff
) -> None:
    pattern(here, at_local(3).isoweekday())
    shut = slot(here, at_local(3, 8))
    closure = close(here, boss)
    make_slots()
    assert lift_closure(closure, boss, "alat sudah baik") == 4
    shut.refresh_from_db()
    assert shut.closure is None
    assert not Closure.objects.exists()


def test_lifting_one_of_two_closures_leaves_what_the_other_covers(
    here: Location, boss: Staff
) -> None:
    early, late = slot(here, at_local(3, 8)), slot(here, at_local(3, 13))
    whole_day = close(here, boss)
    morning = close_slots(here, at_local(3, 7), at_local(3, 12), "listrik padam", boss)
    assert lift_closure(whole_day, boss, "alat sudah baik") == 1
    early.refresh_from_db()
    late.refresh_from_db()
    assert (early.closure, late.closure) == (morning, None)


# --- Holidays ------------------------------------------------------------------------------------


def test_the_holidays_of_2026_are_those_of_the_joint_decree() -> None:
    assert draft_holidays(2026).made == 25
    assert Closure.objects.filter(kind="holiday").count() == 17
    assert Closure.objects.filter(kind="collective_leave").count() == 8
    christmas = Closure.objects.get(reason="Hari Raya Natal")
    assert (christmas.starts_at, christmas.ends_at) == span(date(2026, 12, 25), date(2026, 12, 25))
    assert christmas.confirmed_at is None


def test_drafting_twice_changes_nothing() -> None:
    draft_holidays(2026)
    again = draft_holidays(2026)
    assert (again.made, again.changed) == (0, 0)


def test_a_date_that_the_moon_decides_is_marked_as_estimated() -> None:
    draft_holidays(2027)
    assert Closure.objects.get(starts_at=span(date(2027, 3, 10), date(2027, 3, 10))[0]).reason == (
        "Hari Raya Idul Fitri (perkiraan)"
    )


def test_a_draft_is_renamed_when_its_date_is_settled_but_not_once_confirmed(boss: Staff) -> None:
    draft_holidays(2026)
    natal = Closure.objects.filter(reason="Hari Raya Natal")
    natal.update(reason="Hari Raya Natal (perkiraan)")
    assert draft_holidays(2026).changed == 1
    natal.update(reason="Natal, loket darurat saja")
    Closure.objects.update(confirmed_at=at_local(0), confirmed_by=boss)
    assert draft_holidays(2026).changed == 0


def test_the_daily_drafts_look_as_far_as_the_horizon() -> None:
    draft_holidays(today=date(2026, 11, 24))
    assert list(Closure.objects.values_list("reason", flat=True)) == [
        "Cuti Bersama Hari Raya Natal",
        "Hari Raya Natal",
        "Tahun Baru Masehi",
        "Isra Mikraj Nabi Muhammad",
    ]


def test_a_draft_closes_nothing(here: Location) -> None:
    draft()
    pattern(here, at_local(3).isoweekday())
    make_slots()
    assert Slot.objects.filter(starts_at__date=at_local(3).date(), closure=None).count() == 4


def test_a_holiday_is_confirmed_for_one_location_and_stays_a_draft_for_others(
    here: Location, boss: Staff
) -> None:
    mine, theirs = slot(here), slot(location())
    holiday = draft()
    confirmed = confirm_closure(holiday, boss, here)
    assert (confirmed.location, confirmed.confirmed_by) == (here, boss)
    holiday.refresh_from_db()
    assert holiday.confirmed_at is None
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert (mine.closure, theirs.closure) == (confirmed, None)
    assert not drafts_for(here, *span(at_local(3).date(), at_local(3).date())).exists()
    assert drafts_for(theirs.location, *span(at_local(3).date(), at_local(3).date())).exists()


def test_a_holiday_is_confirmed_for_all_locations(here: Location, boss: Staff) -> None:
    slot(here), slot(location())
    confirm_closure(draft(), boss)
    assert not Slot.objects.open().exists()  # type: ignore[attr-defined]


def test_confirming_twice_changes_nothing(here: Location, boss: Staff) -> None:
    holiday = draft()
    once = confirm_closure(holiday, boss, here)
    assert confirm_closure(holiday, boss, here) == once
    assert confirm_closure(once, boss).confirmed_at == once.confirmed_at


def test_a_holiday_with_bookings_is_not_confirmed(here: Location, boss: Staff) -> None:
    taken = slot(here)
    booking(taken)
    holiday = draft()
    for place in (here, None):
        with pytest.raises(ClosureHasBookings) as refused:
            confirm_closure(holiday, boss, place)
        assert refused.value.slots == [taken]
    assert not Closure.objects.filter(confirmed_at__isnull=False).exists()
    assert Closure.objects.count() == 1


def test_a_holiday_of_all_places_that_is_lifted_is_a_draft_again(
    here: Location, boss: Staff
) -> None:
    shut = slot(here)
    holiday = confirm_closure(draft(), boss)
    assert lift_closure(holiday, boss, "tetap buka") == 1
    shut.refresh_from_db()
    assert shut.closure is None
    assert Closure.objects.get().confirmed_at is None


# --- Against a booking at the same moment --------------------------------------------------------


def in_thread(act: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    result: list[Any] = []

    def run() -> None:
        try:
            result.append(act())
        except Exception as refusal:
            result.append(refusal)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    clock.sleep(0.4)  # long enough to arrive at the lock, shorter than the lock's time limit
    return thread, result


@pytest.mark.django_db(transaction=True)
def test_closing_waits_for_a_booking_under_way_and_then_refuses() -> None:
    here = location()
    boss, wanted = staff("pengawas", "supervisor", here), slot(here)
    service(at=here)
    with transaction.atomic():
        booking(wanted)
        thread, result = in_thread(lambda: close(here, boss))
        assert result == []
    thread.join()
    assert isinstance(result[0], ClosureHasBookings)
    wanted.refresh_from_db()
    assert (wanted.booked, wanted.closure) == (1, None)


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_a_booking_under_way_would_be_closed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(SlotQuerySet, "select_for_update", lambda self, **options: self)
    here = location()
    boss, wanted = staff("pengawas", "supervisor", here), slot(here)
    service(at=here)
    with transaction.atomic():
        booking(wanted)
        thread, result = in_thread(lambda: close(here, boss))
    thread.join()
    wanted.refresh_from_db()
    assert (wanted.booked, wanted.closure) == (1, result[0])


@pytest.mark.django_db(transaction=True)
def test_a_booking_waits_for_a_closure_under_way_and_then_is_refused() -> None:
    here = location()
    boss, wanted = staff("pengawas", "supervisor", here), slot(here)
    service(at=here)
    with transaction.atomic():
        close(here, boss)
        thread, result = in_thread(lambda: booking(wanted))
        assert result == []
    thread.join()
    assert isinstance(result[0], SlotClosed)
    assert not Booking.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_slots_made_while_a_closure_is_under_way_do_not_slip_into_it() -> None:
    here = location()
    boss = staff("pengawas", "supervisor", here)
    pattern(here, at_local(3).isoweekday())
    with transaction.atomic():
        close(here, boss)
        thread, result = in_thread(make_slots)
        assert result == []
    thread.join()
    assert not Slot.objects.filter(starts_at__date=at_local(3).date()).exists()


@pytest.mark.django_db(transaction=True)
def test_without_the_hold_slots_would_slip_into_the_closure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(opening, "hold", lambda ids: None)
    monkeypatch.setattr(closures, "hold", lambda ids: None)
    here = location()
    boss = staff("pengawas", "supervisor", here)
    pattern(here, at_local(3).isoweekday())
    with transaction.atomic():
        close(here, boss)
        thread, _result = in_thread(make_slots)
        thread.join()
    assert Slot.objects.filter(starts_at__date=at_local(3).date(), closure=None).count() == 4


@pytest.mark.django_db(transaction=True)
def test_of_a_booking_and_a_closure_at_once_exactly_one_wins() -> None:
    here = location()
    boss = staff("pengawas", "supervisor", here)
    wanted_service = service(at=here)
    for days in range(3, 11):
        wanted = slot(here, at_local(days))
        people = [person() for _ in range(4)]

        def act(number: int, days: int = days, wanted: Slot = wanted, people: Any = people) -> Any:
            if number == 0:
                return close(here, boss, days=days)
            return booking(wanted, wanted_service, people[number - 1])

        results = race(5, act)
        wanted.refresh_from_db()
        if isinstance(results[0], Closure):
            assert (wanted.closure, wanted.booked) == (results[0], 0)
            assert codes(results[1:]) == {"slot_closed": 4}
        else:
            assert isinstance(results[0], ClosureHasBookings)
            assert (wanted.closure, wanted.booked) == (None, 4)
