"""From the door to "recorded": the verbs of the counter.

Each is one transaction. Lock order for everybody: the booking, then the location's day at the door
(QueueDay), then slots. Under the day's lock numbers are given and the room is counted, so two doors
never give the same number or the same last place. The same command twice changes nothing.
"""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from locations.clock import database_now
from locations.history import note_change
from locations.models import Counter, Location
from locations.slots import LOCAL
from services.admission import (
    ON_FINDING,
    Screened,
    Verdict,
    VerdictCode,
    people_inside,
    postpone,
    set_status,
)
from services.arrival import (
    WITH_VISIT,
    Arrival,
    check_may_come_in,
    find_for_counter,
    read_ticket,
    visit_of,
)
from services.conflicts import retried
from services.lifecycle import Actor, Status, check_move
from services.models import Booking, Visit
from services.refusals import FieldRefusal, InvalidTransition, NotFound
from services.resting import FOR_HEALTH
from services.screening import Answers, check_answered, find
from services.today import board, today_at

__all__ = [
    "Arrival",
    "Verdict",
    "VerdictCode",
    "board",
    "call_next",
    "check_in",
    "defer",
    "find_for_counter",
    "no_show",
    "not_recorded",
    "park",
    "people_inside",
    "recall",
    "record",
    "today_at",
]

COMPANIONS_MAX = 9


@retried
def check_in(
    *,
    location: Location,
    code: str,
    who: str,
    temperature_c: Decimal | None = None,
    mask: bool | None = None,
    symptoms: bool | None = None,
    companions: int | None = None,
    now: datetime | None = None,
) -> Verdict:
    """Take in somebody who stands at the door with a ticket; `code` as typed or scanned.

    Who passes the screening of the protocol in force gets a queue number while the room has place.
    A first high temperature means a second one five minutes later, a high one then a deferral.
    Raises NotFound, WrongLocation, WrongDay, TooEarly, InvalidTransition, or FieldRefusal
    `required` for what the protocol asks and nobody answered; then nothing was written.
    """
    if companions is not None and not 0 <= companions <= COMPANIONS_MAX:
        raise FieldRefusal("companions", "invalid", _("Pendamping: 0 sampai 9 orang."))
    answers = Answers(temperature_c, mask, symptoms)
    with transaction.atomic():
        booking, visit, moment = _locked(code, now)
        arrival = check_may_come_in(booking, visit, location, moment)
        if arrival.is_in:
            number = arrival.visit.queue_number if arrival.visit else None
            return Verdict(VerdictCode.ALREADY_IN, booking, queue_number=number)
        if arrival.was_deferred:
            return Verdict(VerdictCode.DEFERRED, booking)
        screened = Screened(booking, arrival.visit, answers, companions, moment)
        check_answered(screened.protocol, answers)
        finding = find(screened.protocol, answers, recheck_at=screened.recheck_at, now=moment)
        note_change(who=who, why="check-in")
        return ON_FINDING[finding](screened)


@retried
def call_next(
    *, location: Location, counter: int, who: str, now: datetime | None = None
) -> Booking | None:
    """Call who is next to a counter (its number); None when nobody waits.

    Priority first, then by number. Counters that call at once take different people: a row that
    another one holds is passed over. A counter that still has somebody keeps them, so a button
    pressed twice calls nobody else; its row is locked for that. (Before any booking; but since no
    booking is waited for here, no circle of locks can close.) NotFound for an unknown counter.
    """
    with transaction.atomic():
        desk = (
            Counter.objects.select_for_update(no_key=True)
            .filter(location=location, number=counter, active=True)
            .first()
        )
        if desk is None:
            raise NotFound()
        moment = now or database_now()
        day = moment.astimezone(LOCAL).date()
        here = Booking.objects.filter(visit__location=location, visit__day=day)
        current = here.filter(status=Status.CALLED, visit__counter=desk).first()
        if current is not None:
            return _loaded(current.pk)
        waiting = (
            here.filter(status=Status.CHECKED_IN)
            .order_by("-visit__priority", "visit__queue_number")
            .select_for_update(of=("self",), skip_locked=True, no_key=True)
            .first()
        )
        if waiting is None:
            return None
        note_change(who=who, why="called")
        Visit.objects.filter(booking=waiting).update(
            counter=desk,
            called_at=moment,
            calls=F("calls") + 1,
        )
        set_status(waiting, Status.CALLED)
        return _loaded(waiting.pk)


@retried
def recall(*, location: Location, code: str, who: str, now: datetime | None = None) -> Booking:
    """Call somebody once more to the same counter."""
    with transaction.atomic():
        booking, _visit, _moment = _locked_here(location, code, now)
        if booking.status != Status.CALLED:
            raise InvalidTransition(current=booking.status, target=Status.CALLED)
        note_change(who=who, why="called again")
        Visit.objects.filter(booking=booking).update(calls=F("calls") + 1)
    return _loaded(booking.pk)


@retried
def park(*, location: Location, code: str, who: str, now: datetime | None = None) -> Booking:
    """From the counter back to the waiting room, with the same number."""
    with transaction.atomic():
        booking, _visit, _moment = _locked_here(location, code, now)
        if booking.status == Status.CALLED:
            note_change(who=who, why="parked")
            Visit.objects.filter(booking=booking).update(counter=None)
            set_status(booking, Status.CHECKED_IN)
        elif booking.status != Status.CHECKED_IN:
            raise InvalidTransition(current=booking.status, target=Status.CHECKED_IN)
    return _loaded(booking.pk)


def record(*, location: Location, code: str, who: str, now: datetime | None = None) -> Booking:
    """Photo, signature, fingers and irises are taken. Recorded is not yet card in hand."""
    return _finish(location, code, Status.RECORDED, who, "recorded", now)


def not_recorded(
    *, location: Location, code: str, reason: str, who: str, now: datetime | None = None
) -> Booking:
    """The visit ended without a recording, and not by the person's fault."""
    if reason not in Visit.NotRecorded.values:
        raise FieldRefusal("reason", "invalid_choice", _("Pilih alasannya."))
    why = f"not recorded: {reason}"
    return _finish(location, code, Status.NOT_RECORDED, who, why, now, outcome_reason=reason)


def no_show(*, location: Location, code: str, who: str, now: datetime | None = None) -> Booking:
    """Not there when it was their turn, hence not before it. Undone by arriving on the same day."""
    return _finish(location, code, Status.NO_SHOW, who, "not there", now)


def defer(*, location: Location, code: str, who: str, now: datetime | None = None) -> Booking:
    """Turned away for health, with priority for a new place; they are told."""
    return _finish(location, code, Status.DEFERRED, who, "deferred for health", now)


@retried
def _finish(
    location: Location,
    code: str,
    target: Status,
    who: str,
    why: str,
    now: datetime | None,
    outcome_reason: str = "",
) -> Booking:
    """End a visit by the table of moves; ended so already, it changes nothing."""
    with transaction.atomic():
        booking, visit, moment = _locked_here(location, code, now)
        if booking.status != target:
            check_move(booking.status, target, Actor.COUNTER)
            if target is Status.NO_SHOW and booking.status == Status.BOOKED:
                _check_turn_has_come(booking, moment)
            note_change(who=who, why=why)
            if visit is not None:
                verdict = Visit.Verdict.DEFERRED if target is Status.DEFERRED else visit.verdict
                Visit.objects.filter(pk=visit.pk).update(
                    finished_at=moment, outcome_reason=outcome_reason, verdict=verdict
                )
            if target is Status.DEFERRED:
                postpone(booking, moment, reason=FOR_HEALTH)
            else:
                set_status(booking, target)
        elif visit is not None and visit.outcome_reason != outcome_reason:
            raise InvalidTransition(current=booking.status, target=target)
    return _loaded(booking.pk)


def _check_turn_has_come(booking: Booking, moment: datetime) -> None:
    """A slip of the finger must not take the place of somebody who is still to come."""
    if moment < booking.slot.starts_at:
        raise InvalidTransition(
            current=booking.status,
            target=Status.NO_SHOW,
            message=_("Waktunya belum tiba; orang ini belum dapat dicatat tidak hadir."),
        )


def _locked(code: str, now: datetime | None) -> tuple[Booking, Visit | None, datetime]:
    """The booking behind something typed or scanned, its row locked, its visit, and the moment.

    What belongs to it is read by a second statement: joined to the first, it would be as old as
    the moment at which the wait for the lock began.
    """
    lock = (
        Booking.objects.select_for_update(no_key=True)
        .filter(code=read_ticket(code))
        .values_list("pk", Now())
        .first()
    )
    if lock is None:
        raise NotFound()
    booking = _loaded(lock[0])
    return booking, visit_of(booking), now or lock[1]


def _locked_here(
    location: Location, code: str, now: datetime | None
) -> tuple[Booking, Visit | None, datetime]:
    """A booking of this location, locked; NotFound for any other, as if it did not exist."""
    booking, visit, moment = _locked(code, now)
    if booking.slot.location_id != location.pk:
        raise NotFound()
    return booking, visit, moment


def _loaded(booking_id: UUID) -> Booking:
    return Booking.objects.select_related(*WITH_VISIT).get(pk=booking_id)
