"""Another level of the health protocol: who was told the former one hears of it.

A trigger notes each switch of a location's level in `ProtocolSwitch`, whoever makes it (pages,
admin, load_region); the switch itself waits for nothing. This job looks at who has a visit there,
in batches, one transaction each: it may be stopped anywhere and begins again with the note, which
goes with the last batch.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from locations.clock import database_now
from locations.models import HealthProtocol
from notifications import outbox
from notifications.models import Kind
from notifications.outbox import Planned
from notifications.quiet_hours import held_until
from notifications.telling import Telling, telling
from services.lifecycle import Status
from services.models import Booking, ProtocolSwitch

BATCH = 500
# A message that would go so soon after the update tells the new rules as well.
SOON = timedelta(hours=2)


class Visitor(NamedTuple):
    id: UUID
    moves: int
    language: str
    starts_at: datetime
    in_force: str


def tell_protocol_changes(now: datetime | None = None, batch: int = BATCH) -> int:
    """Plan and withdraw the updates that noted switches ask for; how many were planned."""
    switched = ProtocolSwitch.objects.order_by("switched_at").values_list("location", flat=True)
    return sum(_tell_at(location, now or database_now(), batch) for location in list(switched))


def _tell_at(location_id: int, now: datetime, batch: int) -> int:
    planned, last, unsure = 0, None, False
    while True:
        with transaction.atomic():
            note = ProtocolSwitch.objects.filter(location=location_id)
            if not note.select_for_update(skip_locked=True).exists():
                return planned  # somebody else is at it
            people = _visitors(location_id, last, now, batch)
            told = telling(
                {visitor.id: visitor.moves for visitor in people},
                "protocol",
                Kind.PROTOCOL_CHANGED,
            )
            planned += _settle(people, told, now)
            # Under way with the old words or the new: seen when it has been settled.
            unsure = unsure or any(one.sending for one in told.values())
            if len(people) < batch:
                if not unsure:
                    note.delete()
                return planned
        last = people[-1].id


def _visitors(location_id: int, last: UUID | None, now: datetime, batch: int) -> list[Visitor]:
    """People with a visit to come that has not begun, by id."""
    bookings = Booking.objects.filter(
        slot__location=location_id, slot__starts_at__gt=now, status=Status.BOOKED, erased_at=None
    ).order_by("pk")
    if last is not None:
        bookings = bookings.filter(pk__gt=last)
    fields = ("pk", "moves", "language", "slot__starts_at", "slot__location__protocol")
    return [Visitor(*row) for row in bookings.values_list(*fields)[:batch]]


def _settle(people: list[Visitor], told: Mapping[UUID, Telling], now: datetime) -> int:
    levels = HealthProtocol.objects.in_bulk()
    news, moot = [], []
    for visitor in people:
        so_far = told.get(visitor.id)
        if so_far is None or not so_far.last:
            continue  # what tells them is still to come
        if reads_same(levels.get(so_far.last), levels[visitor.in_force], visitor.language):
            if so_far.update_comes:
                moot.append(visitor.id)
        elif (update := update_for(visitor, so_far, now)) is not None:
            news.append(update)
    outbox.withdraw_all(moot, [Kind.PROTOCOL_CHANGED])
    return outbox.plan(news)


def reads_same(told: HealthProtocol | None, now: HealthProtocol, language: str) -> bool:
    """Whether a visitor reads the same of two levels: the sentence of messages and the page's.

    How many people a room takes is no rule for visitors.
    """
    return told is not None and _read(told, language) == _read(now, language)


def _read(level: HealthProtocol, language: str) -> tuple[str, list[str]]:
    if language == "en":
        return level.short_en, level.instructions_en
    return level.short_id, level.instructions_id


def update_for(visitor: Visitor, so_far: Telling, now: datetime) -> Planned | None:
    """The update for somebody who was told otherwise; None where a message tells it anyway.

    Before the first reminder has gone the reminder does; after it the update goes, unless another
    message goes within SOON of it. Quiet hours are kept, unless the visit begins in them.
    """
    if so_far.update_comes or (so_far.reminder_comes and not so_far.reminded):
        return None
    goes_at = held_until(now, patient_until=visitor.starts_at) or now
    if goes_at >= visitor.starts_at:
        return None
    if so_far.next_at is not None and so_far.next_at <= goes_at + SOON:
        return None
    return Planned(
        subject=visitor.id,
        kind=Kind.PROTOCOL_CHANGED,
        occasion=so_far.updates,
        send_after=goes_at,
        send_before=visitor.starts_at,
        patient_until=visitor.starts_at,
        details={"moves": visitor.moves},
    )
