"""What a booking wants told: plans messages into the outbox.

The `plan_…` functions are called in the transaction of the change, before the booking's row is
written (its slot is locked last), so they ask the database nothing: one insert, and one update
where earlier messages no longer hold. `booking.moves` already counts the change they speak of.
What a message says is asked when it is sent (describing.py).
"""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from locations.models import Slot
from locations.slots import LOCAL
from notifications import outbox, texts
from notifications.models import Kind
from notifications.outbox import Planned
from notifications.quiet_hours import ENOUGH, awake_after, held_until
from services.describing import describe_many as describe_many
from services.lifecycle import ACTIVE, Status
from services.models import Booking
from services.reminders import reminders
from services.resting import Hash, earliest_day

# News of a visit that is off is worth having for a while after its hour as well.
NEWS_KEEPS = timedelta(days=1)
# Who asks for the link waits for it; later it is of no use.
LINK_KEEPS = timedelta(hours=2)
# `link_again` once a day at most, counted in days from here.
FIRST_DAY = date(2026, 1, 1)


def plan_booked(booking: Booking, slot: Slot, now: datetime) -> None:
    """Confirmation at once and the reminders; nothing for who already stands at the counter."""
    if slot.starts_at > now:
        outbox.plan([_confirmation(booking, slot, now), *_reminders(booking, slot, now)])


def plan_moved(
    booking: Booking, old_slot: Slot, slot: Slot, now: datetime, by_office: bool, reason: str
) -> None:
    """What is unsent of the old time is withdrawn; the new time is told, and its reminders.

    A deferred person chooses the new time, also where staff type it in: that is a confirmation.
    """
    outbox.withdraw(booking.id)
    if slot.starts_at <= now:
        return
    if by_office and booking.status != Status.DEFERRED:
        news = _news(
            booking,
            Kind.MOVED_BY_OFFICE,
            now,
            first_visit=min(old_slot.starts_at, slot.starts_at),
            send_before=slot.starts_at,
            details={
                "old_starts_at": old_slot.starts_at.astimezone(UTC).isoformat(),
                "reason": _reason_code(reason, by_office),
            },
        )
    else:
        news = _confirmation(booking, slot, now)
    outbox.plan([news, *_reminders(booking, slot, now)])


def plan_cancelled(
    booking: Booking, slot: Slot, now: datetime, by_office: bool, reason: str
) -> None:
    """What is unsent is withdrawn; the cancelling is told, at once to who did it himself."""
    outbox.withdraw(booking.id)
    outbox.plan(
        [
            _news(
                booking,
                Kind.CANCELLED,
                now,
                first_visit=slot.starts_at if by_office else None,
                send_before=max(slot.starts_at, now + NEWS_KEEPS),
                details={"reason": _reason_code(reason, by_office)},
            )
        ]
    )


def plan_deferred(booking: Booking, slot: Slot, now: datetime, reason: str) -> None:
    """Told at once: the person stands at the door. From the next day on they choose a new time."""
    outbox.withdraw(booking.id)
    outbox.plan(
        [
            _news(
                booking,
                Kind.DEFERRED,
                now,
                first_visit=None,
                send_before=max(slot.starts_at, now + NEWS_KEEPS),
                details={
                    "reason": reason if texts.is_reason(reason) else "health",
                    "earliest": earliest_day(now).isoformat(),
                },
            )
        ]
    )


def plan_place_offered(
    subject: UUID, *, visit: datetime, deadline: datetime, now: datetime, occasion: int = 0
) -> datetime | None:
    """Offer a place that came free; returns until when it is held for this person.

    The offer waits for the end of quiet hours, and its deadline stands still in them; it never
    goes beyond the visit. None, and nothing planned, where no time to answer would be left.
    """
    goes_at = held_until(now) or now
    holds_until = min(awake_after(now, deadline - now), visit)
    if goes_at >= holds_until:
        return None
    outbox.plan(
        [
            Planned(
                subject=subject,
                kind=Kind.PLACE_OFFERED,
                occasion=occasion,
                send_after=goes_at,
                send_before=holds_until,
                details={"deadline": holds_until.astimezone(UTC).isoformat()},
            )
        ]
    )
    return holds_until


def send_link_again(service_id: int, nik_hash: Hash | None) -> None:
    """Who already has a booking gets its link again, at the address that is registered.

    Called after a refusal, outside the refused transaction: it has one of its own.
    """
    if nik_hash is None:  # forgotten meanwhile
        return
    booking = (
        Booking.objects.filter(service=service_id, nik_hash=nik_hash, status__in=ACTIVE)
        .select_related("slot")
        .first()
    )
    if booking is not None:
        plan_link_again(booking)


def plan_link_again(booking: Booking, now: datetime | None = None) -> None:
    """The link once more to the registered address; once a day, however often somebody asks.

    Also when the visit has begun: the booking still stands in the way of another.
    """
    now = now or timezone.now()
    with transaction.atomic():
        outbox.plan(
            [
                Planned(
                    subject=booking.id,
                    kind=Kind.LINK_AGAIN,
                    occasion=(now.astimezone(LOCAL).date() - FIRST_DAY).days,
                    send_after=now,
                    send_before=max(booking.slot.starts_at, now + LINK_KEEPS),
                    may_wake=True,
                )
            ]
        )


def _confirmation(booking: Booking, slot: Slot, now: datetime) -> Planned:
    """Goes out in quiet hours too: the person has just booked and waits for it."""
    return Planned(
        subject=booking.id,
        kind=Kind.CONFIRMED,
        occasion=booking.moves,
        send_after=now,
        send_before=slot.starts_at,
        may_wake=True,
    )


def _reminders(booking: Booking, slot: Slot, now: datetime) -> list[Planned]:
    return reminders(booking.id, booking.moves, slot.starts_at, now)


def _news(
    booking: Booking,
    kind: Kind,
    now: datetime,
    *,
    first_visit: datetime | None,
    send_before: datetime,
    details: dict[str, str],
) -> Planned:
    """Waits for the end of quiet hours, unless somebody would set out for a visit before that.

    At once where `first_visit` is None: the answer to what the person does this moment.
    """
    patient_until = first_visit - ENOUGH if first_visit else None
    waits = held_until(now, patient_until=patient_until) if first_visit else None
    return Planned(
        subject=booking.id,
        kind=kind,
        occasion=booking.moves,
        send_after=waits or now,
        send_before=send_before,
        may_wake=first_visit is None,
        patient_until=patient_until,
        details=details,
    )


def _reason_code(reason: str, by_office: bool) -> str:
    """The code of a phrase; what staff wrote in their own words stays in the history alone."""
    if texts.is_reason(reason):
        return reason
    return "other" if by_office else "own_request"
