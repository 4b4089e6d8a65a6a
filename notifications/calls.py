"""The call list: people whom no message reached, told by voice before it is too late.

A row opens with the failing of a message (settling.failed). Whoever takes one holds it for HELD on
the database's clock: two callers never ring the same person, and what somebody has left lying
comes free by itself. Every change stands in the history with who made it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from locations.clock import database_now
from locations.history import note_change
from locations.models import Staff

from . import consents
from .description import describe_many
from .models import Call, Consent
from .quiet_hours import quiet_span

#: One call and what it leads to; then the person is free for others.
HELD = timedelta(minutes=10)
#: Nobody answered: again after this, outside of quiet hours.
AGAIN_AFTER = timedelta(hours=1)
BATCH = 200

State = Call.State


class HoldLost(Exception):
    """The hold ran out, or somebody else has taken or ended this call meanwhile."""


def open_calls(calls: QuerySet[Call]) -> QuerySet[Call]:
    """Those still to be made, the earliest deadline first."""
    return calls.filter(state=State.OPEN, deadline__gt=Now()).order_by("deadline", "pk")


def take_next(calls: QuerySet[Call], staff: Staff) -> Call | None:
    """The next of `calls` that nobody holds, now held by `staff`; None where there is none.

    Who holds one already gets that one. What has become moot meanwhile is ended on the way.
    """
    while True:
        with transaction.atomic():
            # A double press of one caller is two takers: the second waits, and sees what is held.
            Staff.objects.select_for_update().get(pk=staff.pk)
            held = open_calls(calls).filter(held_by=staff, held_until__gt=Now()).first()
            if held is not None:
                return held
            call = _lock_next(calls)
            if call is None:
                return None
            note_change(who=f"staff:{staff.pk}", why="takes the call")
            if _moot([call]):
                _end(call, State.MOOT)
                continue
            call.held_by, call.held_until = staff, database_now() + HELD
            call.save(update_fields=["held_by", "held_until"])
            return call


def _lock_next(calls: QuerySet[Call]) -> Call | None:
    free = Q(held_until__isnull=True) | Q(held_until__lte=Now())
    return (
        open_calls(calls)
        .filter(free, next_at__lte=Now())
        .select_related("message")
        .select_for_update(skip_locked=True, of=("self",))
        .first()
    )


def held_call(calls: QuerySet[Call], pk: UUID, staff: Staff) -> Call:
    """The call that `staff` holds now. Raises HoldLost."""
    call = calls.filter(pk=pk, state=State.OPEN, held_by=staff, held_until__gt=Now()).first()
    if call is None:
        raise HoldLost
    return call


def mark_reached(calls: QuerySet[Call], pk: UUID, staff: Staff) -> Call:
    """The person knows. Raises HoldLost; a second time changes nothing."""
    return _mark(calls, pk, staff, State.REACHED, "has told the person")


def mark_wrong_number(calls: QuerySet[Call], pk: UUID, staff: Staff) -> Call:
    """Somebody else answers on this number: nothing goes there any more, since it would tell a
    stranger of the visit. Raises HoldLost; a second time changes nothing."""
    return _mark(calls, pk, staff, State.WRONG_NUMBER, "wrong number")


def _stop_messages_to_phone(call: Call, staff: Staff) -> None:
    for channel in ("whatsapp", "sms"):
        consents.note(
            call.subject, channel, False, Consent.Source.STAFF, consents.WRONG_NUMBER, staff
        )


def mark_not_reached(calls: QuerySet[Call], pk: UUID, staff: Staff) -> Call:
    """Nobody answered: again after AGAIN_AFTER, given up where that is past the deadline.

    Raises HoldLost.
    """
    with transaction.atomic():
        call = _lock_held(calls, pk, staff)
        note_change(who=f"staff:{staff.pk}", why="nobody answered")
        call.tries += 1
        call.held_by = call.held_until = None
        call.next_at = _next_time(database_now())
        if call.next_at >= call.deadline:
            _end(call, State.GIVEN_UP)
        else:
            call.save(update_fields=["tries", "held_by", "held_until", "next_at"])
        return call


def give_back(calls: QuerySet[Call], pk: UUID, staff: Staff) -> None:
    """Not now: the person is free for others at once. Harmless where the hold is lost."""
    with transaction.atomic():
        note_change(who=f"staff:{staff.pk}", why="gives the call back")
        calls.filter(pk=pk, state=State.OPEN, held_by=staff).update(held_by=None, held_until=None)


def end_what_is_over(batch: int = BATCH) -> int:
    """Give up what is past its deadline and end what has become moot; how many.

    Rows that somebody holds or is just writing are left for the next time.
    """
    ended = 0
    seen: list[UUID] = []
    while True:
        with transaction.atomic():
            found = list(
                Call.objects.filter(state=State.OPEN)
                .filter(Q(held_until__isnull=True) | Q(held_until__lte=Now()))
                .exclude(pk__in=seen)
                .select_related("message")
                .order_by("deadline", "pk")
                .select_for_update(skip_locked=True, of=("self",))
                .annotate(now=Now())[:batch]
            )
            if not found:
                return ended
            seen += [call.message_id for call in found]
            note_change(who="system", why="is over")
            moot = _moot(found)
            for call in found:
                if call.deadline <= call.now:
                    ended += _end(call, State.GIVEN_UP)
                elif call.message_id in moot:
                    ended += _end(call, State.MOOT)


def _mark(calls: QuerySet[Call], pk: UUID, staff: Staff, state: State, why: str) -> Call:
    done = calls.filter(pk=pk, state=state).first()
    if done is not None:
        return done
    with transaction.atomic():
        call = _lock_held(calls, pk, staff)
        note_change(who=f"staff:{staff.pk}", why=why)
        call.tries += 1
        _end(call, state)
        if state == State.WRONG_NUMBER:
            _stop_messages_to_phone(call, staff)
        return call


def _lock_held(calls: QuerySet[Call], pk: UUID, staff: Staff) -> Call:
    mine = calls.filter(pk=pk, state=State.OPEN, held_by=staff, held_until__gt=Now())
    call = mine.select_for_update(of=("self",)).first()
    if call is None:
        raise HoldLost
    return call


def _end(call: Call, state: State) -> int:
    call.state, call.held_by, call.held_until = state, None, None
    call.ended_at = database_now()
    call.save(update_fields=["state", "tries", "held_by", "held_until", "ended_at"])
    return 1


def _moot(calls: Iterable[Call]) -> set[UUID]:
    """The calls whose news is no longer true: moved anew, cancelled, arrived."""
    listed = list(calls)
    messages = {call.message_id: call.message for call in listed}
    answers = describe_many(list(messages.values()))
    return {pk for pk in messages if answers.get(pk) is None}


def _next_time(now: datetime) -> datetime:
    moment = now + AGAIN_AFTER
    quiet = quiet_span(moment)
    return quiet[1] if quiet else moment
