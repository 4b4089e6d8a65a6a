"""Several doors and counters at once (docs/decisions.md), each with its protection out.

The trials there are many; here a few of them run every time and all of them with the slow tests.
"""

from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import QuerySet

from services import day_end, visit
from services.lifecycle import Status
from services.models import Booking, QueueDay, Visit
from tests import factories
from tests.conftest import empty_tables
from tests.racing import race

pytestmark = pytest.mark.django_db(transaction=True)

FINE = {"temperature_c": Decimal("36.6"), "mask": True, "symptoms": False}


def trials(all_of_them: int):
    """A few trials every time, all that docs/decisions.md asks for with the slow tests."""
    return pytest.mark.parametrize(
        "trials", [3, pytest.param(all_of_them, marks=pytest.mark.slow)], ids=["few", "all"]
    )


def a_place(**values):
    place = factories.location("kecamatan-ambulu", **values)
    for number in range(1, 9):
        factories.counter(place, number)
    return place, factories.slot(place, capacity=40)


def arrive(place, booking, slot, **values):
    return visit.check_in(
        **({"location": place, "code": booking.code, "who": "staff:1", "now": slot.starts_at})
        | FINE
        | values
    )


def verdicts(results) -> dict[str, int]:
    """How often each verdict or refusal came; other errors by name."""
    return dict(Counter(str(getattr(one, "code", type(one).__name__)) for one in results))


def take_out_row_locks(monkeypatch):
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **options: self)


def take_out_the_lock_of_the_day(monkeypatch):
    """Read the day's last number without making anybody wait."""

    def read(place, day):
        made = QueueDay.objects.get_or_create(location=place, day=day)[0]
        return made.last_number

    monkeypatch.setattr("services.admission._lock_day", read)


# --- C17: eight counters call at once -------------------------------------------------------------


def eight_call(waiting: int):
    place, slot = a_place()
    people = factories.fill(slot, waiting)
    for person in people:
        arrive(place, person, slot)

    def call(number):
        return visit.call_next(
            location=place, counter=number + 1, who="staff:1", now=slot.starts_at
        )

    called = race(8, call)
    assert not [one for one in called if isinstance(one, Exception)], called
    return people, [one for one in called if one is not None]


@trials(50)
@pytest.mark.parametrize("waiting", [5, 20])
def test_eight_counters_call_the_first_in_line_and_nobody_twice(trials, waiting):
    for _ in range(trials):
        people, called = eight_call(waiting)
        assert {one.pk for one in called} == {one.pk for one in people[:8]}
        assert len(called) == min(8, waiting)
        empty_tables()


def test_without_locks_two_counters_call_the_same_person(monkeypatch):
    take_out_row_locks(monkeypatch)
    for _ in range(20):
        _people, called = eight_call(20)
        if len({one.pk for one in called}) < 8:
            return
        empty_tables()
    pytest.fail("no person was called twice: this race does not race")


# --- C18: one ticket at several doors -------------------------------------------------------------


def sixteen_scans():
    place, slot = a_place()
    ticket = factories.booking(slot)
    return race(16, lambda _: arrive(place, ticket, slot))


@trials(20)
def test_a_ticket_scanned_at_many_doors_is_admitted_once(trials):
    for _ in range(trials):
        results = sixteen_scans()
        assert verdicts(results) == {"admitted": 1, "already_in": 15}
        assert {result.queue_number for result in results} == {1}
        assert QueueDay.objects.get().last_number == 1
        empty_tables()


def test_without_locks_a_ticket_is_taken_in_more_than_once(monkeypatch):
    take_out_row_locks(monkeypatch)
    for _ in range(10):
        if verdicts(sixteen_scans()) != {"admitted": 1, "already_in": 15}:
            return
        empty_tables()
    pytest.fail("every ticket was taken in once: this race does not race")


# --- C19: one place left in the room --------------------------------------------------------------


def eight_at_the_last_place():
    place, slot = a_place(room_square_metres=12)  # at 4 m² each: three people
    people = factories.fill(slot, 10)
    for person in people[:2]:
        arrive(place, person, slot)
    results = race(8, lambda number: arrive(place, people[2 + number], slot))
    return results, visit.people_inside(place, visit.today_at(place, slot.starts_at).date)


@trials(50)
def test_the_last_place_in_the_room_is_given_once(trials):
    for _ in range(trials):
        results, inside = eight_at_the_last_place()
        assert verdicts(results) == {"admitted": 1, "room_full": 7}
        assert inside == 3
        empty_tables()


def test_without_the_lock_of_the_day_the_room_overflows(monkeypatch):
    # Numbers from thin air, so that their uniqueness does not save the room by chance.
    import random

    monkeypatch.setattr("services.admission._lock_day", lambda *_: random.randrange(30_000))
    for _ in range(20):
        _results, inside = eight_at_the_last_place()
        if inside > 3:
            return
        empty_tables()
    pytest.fail("the room never overflowed: this race does not race")


# --- C20: thirty-two arrivals ---------------------------------------------------------------------


def thirty_two_arrive():
    place, slot = a_place(room_square_metres=400, normal_capacity=400)
    people = factories.fill(slot, 32)
    results = race(32, lambda number: arrive(place, people[number], slot))
    return [getattr(result, "queue_number", None) for result in results]


@trials(20)
def test_numbers_have_no_gap_and_no_repeat(trials):
    for _ in range(trials):
        assert sorted(thirty_two_arrive()) == list(range(1, 33))
        empty_tables()


def test_without_the_lock_of_the_day_numbers_repeat(monkeypatch):
    take_out_the_lock_of_the_day(monkeypatch)
    for _ in range(5):
        numbers = thirty_two_arrive()
        if None in numbers:  # the unique constraint refused the repeat
            return
        empty_tables()
    pytest.fail("no number came twice: this race does not race")


# --- C21: the evening job against somebody who is late --------------------------------------------


def evening_meets_a_latecomer():
    place, slot = a_place()
    came, late = factories.fill(slot, 2)
    arrive(place, came, slot)
    evening = slot.ends_at + timedelta(hours=3)
    results = race(
        2,
        lambda number: (
            day_end.mark_no_shows(evening) if number else arrive(place, late, slot, now=evening)
        ),
    )
    status = Booking.objects.values_list("status", flat=True).get(pk=late.pk)
    return results[0], status


@trials(50)
def test_who_was_admitted_stays_admitted_whatever_the_evening_job_does(trials):
    for _ in range(trials):
        verdict, status = evening_meets_a_latecomer()
        assert verdict.code == visit.VerdictCode.ADMITTED
        assert status == Status.CHECKED_IN
        empty_tables()


def test_without_a_second_look_the_evening_job_marks_who_was_admitted(monkeypatch):
    def blindly(booking_id, target, why, now):
        import time

        time.sleep(0.05)
        return Booking.objects.filter(pk=booking_id).update(status=target)

    monkeypatch.setattr("services.day_end._settle", blindly)
    for _ in range(10):
        _verdict, status = evening_meets_a_latecomer()
        if status == Status.NO_SHOW:
            return
        empty_tables()
    pytest.fail("nobody who was admitted was marked: this race does not race")


def test_no_number_is_left_without_a_visit():
    thirty_two_arrive()
    assert Visit.objects.count() == QueueDay.objects.get().last_number
