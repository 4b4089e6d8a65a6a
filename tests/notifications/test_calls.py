"""The call list: one caller for one person, what comes back, what ends by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.utils import timezone

from locations.models import Staff
from notifications import calls, delivery
from notifications.models import Call, CallEvent
from tests import factories as people
from tests.racing import race

from .factories import plan, wib
from .people import KNOWN, person

State = Call.State


def nobody_reached(count: int = 1, **changes: Any) -> list[Call]:
    """Calls as they come about: a message for somebody without any channel fails."""
    for message in plan(count, **{"kind": "cancelled"} | changes):
        KNOWN[message.subject] = person()
    delivery.deliver()
    return list(Call.objects.order_by("deadline", "pk"))


def every() -> Any:
    return Call.objects.all()


def staff(name: str = "petugas") -> Staff:
    return people.staff(name)


def hold_over(call: Call) -> None:
    Call.objects.filter(pk=call.pk).update(held_until=timezone.now() - timedelta(seconds=1))


@pytest.mark.django_db
def test_who_has_no_channel_comes_on_the_list_with_reason_and_deadline() -> None:
    deadline = timezone.now() + timedelta(days=2)
    (call,) = nobody_reached(send_before=deadline)
    assert (call.reason, call.state, call.deadline) == ("no_channel", State.OPEN, deadline)
    assert call.subject == call.message.subject


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["confirmed", "reminder_day_before", "link_again"])
def test_who_chose_no_channel_is_not_rung_to_hear_what_the_ticket_says(kind: str) -> None:
    assert nobody_reached(kind=kind) == []


@pytest.mark.django_db
def test_the_earliest_deadline_is_taken_first() -> None:
    now = timezone.now()
    for hours in (5, 2, 9):
        nobody_reached(send_before=now + timedelta(hours=hours))
    taken = calls.take_next(every(), staff())
    assert taken is not None
    assert taken.deadline == now + timedelta(hours=2)


@pytest.mark.django_db
def test_who_holds_a_call_gets_the_same_again() -> None:
    nobody_reached(2)
    first, again = (calls.take_next(every(), staff()) for _ in range(2))
    assert first == again
    assert calls.take_next(every(), staff("lain")) != first


@pytest.mark.django_db(transaction=True)
def test_two_callers_never_get_the_same_person() -> None:
    nobody_reached(6)
    callers = [staff(f"petugas{n}") for n in range(8)]
    got = race(8, lambda number: calls.take_next(every(), callers[number]))
    taken = [call.pk for call in got if call is not None]
    assert len(taken) == len(set(taken)) == 6


@pytest.mark.django_db(transaction=True)
def test_a_double_press_of_one_caller_takes_one_person() -> None:
    nobody_reached(6)
    caller = staff()
    got = race(6, lambda number: calls.take_next(every(), caller))
    assert len({call.pk for call in got}) == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_two_callers_would_get_the_same_person(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nobody_reached(6)
    callers = [staff(f"petugas{n}") for n in range(8)]
    monkeypatch.setattr(calls, "_lock_next", lambda found: calls.open_calls(found).first())
    got = race(8, lambda number: calls.take_next(every(), callers[number]))
    assert len({call.pk for call in got if isinstance(call, Call)}) < len(got)


@pytest.mark.django_db
def test_what_somebody_has_left_lying_comes_free_by_itself() -> None:
    (call,) = nobody_reached()
    calls.take_next(every(), staff())
    assert calls.take_next(every(), staff("lain")) is None
    hold_over(call)
    assert calls.take_next(every(), staff("lain")) == call


@pytest.mark.django_db
@pytest.mark.parametrize(
    "mark", [calls.mark_reached, calls.mark_not_reached, calls.mark_wrong_number]
)
def test_whose_hold_has_run_out_changes_nothing(mark: Any) -> None:
    (call,) = nobody_reached()
    calls.take_next(every(), staff())
    hold_over(call)
    calls.take_next(every(), staff("lain"))
    with pytest.raises(calls.HoldLost):
        mark(every(), call.pk, staff())
    call.refresh_from_db()
    assert (call.state, call.tries, call.held_by) == (State.OPEN, 0, staff("lain"))


@pytest.mark.django_db
def test_reached_ends_it_and_a_second_press_changes_nothing() -> None:
    (call,) = nobody_reached()
    calls.take_next(every(), staff())
    first = calls.mark_reached(every(), call.pk, staff())
    again = calls.mark_reached(every(), call.pk, staff())
    assert (first.state, again.state, again.tries) == (State.REACHED, State.REACHED, 1)
    assert first.ended_at == again.ended_at


@pytest.mark.django_db
def test_nobody_answered_comes_back_after_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "quiet_span", lambda moment: None)
    (call,) = nobody_reached()
    calls.take_next(every(), staff())
    calls.mark_not_reached(every(), call.pk, staff())
    assert calls.take_next(every(), staff()) is None
    call.refresh_from_db()
    assert timedelta(minutes=59) < call.next_at - timezone.now() <= timedelta(hours=1)
    assert call.tries == 1


def test_nobody_is_rung_in_quiet_hours() -> None:
    assert calls._next_time(wib("2026-11-25 19:30")) == wib("2026-11-26 06:00")
    assert calls._next_time(wib("2026-11-25 10:00")) == wib("2026-11-25 11:00")


@pytest.mark.django_db
def test_nobody_answered_until_the_deadline_is_given_up() -> None:
    (call,) = nobody_reached(send_before=timezone.now() + timedelta(minutes=30))
    calls.take_next(every(), staff())
    assert calls.mark_not_reached(every(), call.pk, staff()).state == State.GIVEN_UP


@pytest.mark.django_db
def test_what_is_past_or_moot_ends_by_itself_and_what_is_held_is_left() -> None:
    past, moot, held, stays = nobody_reached(4)
    Call.objects.filter(pk=past.pk).update(deadline=timezone.now() - timedelta(minutes=1))
    KNOWN[moot.subject] = None
    Call.objects.filter(pk=held.pk).update(
        held_by=staff(), held_until=timezone.now() + timedelta(minutes=1)
    )
    KNOWN[held.subject] = None
    assert calls.end_what_is_over(batch=2) == 2
    states = {call.pk: call.state for call in Call.objects.all()}
    assert states == {
        past.pk: State.GIVEN_UP,
        moot.pk: State.MOOT,
        held.pk: State.OPEN,
        stays.pk: State.OPEN,
    }


@pytest.mark.django_db
def test_nobody_is_rung_about_what_is_no_longer_true() -> None:
    (call,) = nobody_reached()
    KNOWN[call.subject] = None
    assert calls.take_next(every(), staff()) is None
    call.refresh_from_db()
    assert call.state == State.MOOT


@pytest.mark.django_db
def test_a_call_given_back_is_free_at_once() -> None:
    (call,) = nobody_reached()
    calls.take_next(every(), staff())
    calls.give_back(every(), call.pk, staff())
    assert calls.take_next(every(), staff("lain")) == call


@pytest.mark.django_db(transaction=True)
def test_who_took_and_ended_a_call_stands_in_a_history_that_cannot_be_changed() -> None:
    (call,) = nobody_reached()
    calls.take_next(every(), staff())
    calls.mark_reached(every(), call.pk, staff())
    events = CallEvent.objects.filter(pgh_obj=call.pk).order_by("pgh_id")
    who = f"staff:{staff().pk}"
    assert [
        (event.state, event.held_by_id, (event.pgh_context or {}).get("who")) for event in events
    ][1:] == [("open", staff().pk, who), ("reached", None, who)]
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM notifications_callevent")


@pytest.mark.django_db
def test_a_call_that_has_ended_cannot_be_held() -> None:
    (call,) = nobody_reached()
    with pytest.raises(IntegrityError, match="call_held"), transaction.atomic():
        Call.objects.filter(pk=call.pk).update(
            state=State.REACHED,
            ended_at=timezone.now(),
            held_by=staff(),
            held_until=timezone.now(),
        )
