"""Plan in bulk what bookings want told and nobody has planned: after a change of the rules, a
restored backup or an import. Looks at every visit to come, in batches of two statements each.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import OuterRef

from locations.clock import database_now
from notifications import outbox
from notifications.models import Kind, Message
from notifications.outbox import Planned
from services.lifecycle import Status
from services.models import Booking
from services.reminders import reminders

BATCH = 2000
#: Each tells the appointment as it is.
CONFIRMATIONS = {Kind.CONFIRMED, Kind.MOVED_BY_OFFICE}


class Filled(NamedTuple):
    """Bookings looked at, messages that were missing, and reminders set to another moment."""

    bookings: int
    planned: int
    retimed: int


class Gap(NamedTuple):
    booking_id: UUID
    kind: str


class _Visit(NamedTuple):
    id: UUID
    moves: int
    starts_at: datetime
    planned: list[str]


def plan_missing(now: datetime | None = None, batch: int = BATCH) -> Filled:
    """Plan what is missing, and set unsent reminders to the moments of today's rules.

    What is planned stays; a repeat is harmless. What was booked meanwhile has its messages, and
    what was moved or cancelled meanwhile makes those planned here moot.
    """
    moment, looked, planned, retimed = now or database_now(), 0, 0, 0
    for visits in _batches(moment, batch):
        with transaction.atomic():
            wanted = [message for visit in visits for message in _wanted(visit, moment)]
            done = outbox.plan_or_retime(wanted)
        looked, planned, retimed = looked + len(visits), planned + done[0], retimed + done[1]
    return Filled(looked, planned, retimed)


def missing_messages(now: datetime | None = None, batch: int = BATCH) -> list[Gap]:
    """What bookings to come should have in the outbox and have not: none, unless something broke.

    One statement for each batch, over one snapshot each.
    """
    moment = now or database_now()
    return [
        Gap(visit.id, message.kind)
        for visits in _batches(moment, batch)
        for visit in visits
        for message in _wanted(visit, moment)
        if message.kind not in visit.planned
    ]


def _wanted(visit: _Visit, now: datetime) -> list[Planned]:
    """The reminders whose moment is to come, and a confirmation for who never had one.

    That one waits for the morning: nobody has just booked.
    """
    wanted = reminders(visit.id, visit.moves, visit.starts_at, now)
    if CONFIRMATIONS.isdisjoint(visit.planned):
        confirmation = Planned(
            subject=visit.id,
            kind=Kind.CONFIRMED,
            occasion=visit.moves,
            send_after=now,
            send_before=visit.starts_at,
        )
        wanted.append(confirmation)
    return wanted


def _batches(now: datetime, batch: int) -> Iterator[list[_Visit]]:
    planned = Message.objects.filter(subject=OuterRef("pk"), occasion=OuterRef("moves"))
    bookings = (
        Booking.objects.filter(status=Status.BOOKED, slot__starts_at__gt=now, erased_at=None)
        .annotate(planned=ArraySubquery(planned.order_by().values("kind")))
        .order_by("pk")
        .values_list("pk", "moves", "slot__starts_at", "planned")
    )
    visits = [_Visit(*row) for row in bookings[:batch]]
    while visits:
        yield visits
        visits = [_Visit(*row) for row in bookings.filter(pk__gt=visits[-1].id)[:batch]]
