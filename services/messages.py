"""What a booking wants told: plans messages into the outbox, and describes them at sending time.

The `plan_…` functions are called in the transaction of the change, before the booking's row is
written (its slot is locked last), so they ask the database nothing: one insert, and one update
where earlier messages no longer hold. `booking.moves` already counts the change they speak of.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import override

from locations.models import Slot
from locations.slots import LOCAL
from notifications import outbox, texts
from notifications.description import Description
from notifications.models import Kind, Message
from notifications.outbox import Planned
from notifications.quiet_hours import quiet_span, shifted, waits_until
from services.identity import is_mobile
from services.lifecycle import Status
from services.models import Booking
from services.tokens import token_for

REMINDER_TIME = time(16, 0)  # of the day before
REMINDER_AHEAD = timedelta(hours=2)
# News of a visit that is off is worth having for a while after its hour as well.
NEWS_KEEPS = timedelta(days=1)
DEFERRED_FOR = timedelta(days=1)
# `link_again` once a day at most, counted in days from here.
FIRST_DAY = date(2026, 1, 1)
LONGEST_NAME = 20
# Day and time without year, as short as an SMS wants it: `24 November pukul 07.20`.
MOMENT_FORMAT = {"id": r"j F \p\u\k\u\l H.i", "en": "j F, H:i"}


def _is_this_appointment(booking: Booking, message: Message) -> bool:
    """A message of an earlier appointment than the present one is moot."""
    return booking.status == Status.BOOKED and booking.moves == message.occasion


# What must be true of a booking for a message of this kind still to hold.
HOLDS: dict[str, Callable[[Booking, Message], bool]] = {
    Kind.CONFIRMED: _is_this_appointment,
    Kind.REMINDER_DAY_BEFORE: _is_this_appointment,
    Kind.REMINDER_TWO_HOURS: _is_this_appointment,
    Kind.MOVED_BY_OFFICE: _is_this_appointment,
    Kind.CANCELLED: lambda booking, message: booking.status == Status.CANCELLED,
    Kind.DEFERRED: lambda booking, message: booking.status == Status.DEFERRED,
    Kind.LINK_AGAIN: lambda booking, message: booking.status == Status.BOOKED,
}


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
    earliest = (now.astimezone(LOCAL) + DEFERRED_FOR).date()
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
                    "earliest": earliest.isoformat(),
                },
            )
        ]
    )


def plan_link_again(booking: Booking, now: datetime | None = None) -> None:
    """The link once more to the registered address; once a day, however often somebody asks.

    Called after a refusal, outside the refused transaction: it has one of its own.
    """
    now = now or timezone.now()
    if booking.slot.starts_at <= now:
        return
    with transaction.atomic():
        outbox.plan(
            [
                Planned(
                    subject=booking.id,
                    kind=Kind.LINK_AGAIN,
                    occasion=(now.astimezone(LOCAL).date() - FIRST_DAY).days,
                    send_after=now,
                    send_before=booking.slot.starts_at,
                    may_wake=True,
                )
            ]
        )


def describe_many(messages: Sequence[Message]) -> dict[UUID, Description | None]:
    """Who each message goes to and what fills its text, as things stand now; None: it is moot.

    By the message's id; one statement for all. Reads the protocol in force at the place at this
    moment.
    """
    bookings = (
        Booking.objects.select_related("service", "slot__location__protocol")
        .filter(erased_at__isnull=True)
        .in_bulk({message.subject for message in messages})
    )
    return {message.id: _describe(message, bookings.get(message.subject)) for message in messages}


def _describe(message: Message, booking: Booking | None) -> Description | None:
    holds = HOLDS.get(message.kind)
    if booking is None or holds is None or not holds(booking, message):
        return None
    with override(booking.language):
        values = _values(booking) | _values_of(message, booking.language)
    addresses = {"email": booking.email}
    if is_mobile(booking.phone):
        addresses["sms"] = booking.phone
        if booking.whatsapp:
            addresses["whatsapp"] = booking.phone
    return Description(language=booking.language, addresses=addresses, values=values)


def short_name(full_name: str) -> str:
    """The first two words, at most 20 letters: enough on a shared phone (docs/domain.md section 7).

    A dot gets a space behind it, so that no phone makes a link of what somebody typed as a name.
    """
    words = re.sub(r"\.(?=\S)", ". ", " ".join(full_name.split()[:2]))
    return words[:LONGEST_NAME].rstrip()


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
    """The day before at 16.00 and two hours before, without those whose moment has passed.

    `tomorrow` is true until midnight, `today` from midnight on: that bounds when each may go.
    """
    visit = slot.starts_at.astimezone(LOCAL)
    midnight = visit.replace(hour=0, minute=0, second=0, microsecond=0)
    day_before = datetime.combine(visit.date() - timedelta(days=1), REMINDER_TIME, LOCAL)
    two_hours = slot.starts_at - REMINDER_AHEAD
    two_hours_shifted = shifted(two_hours, deadline=slot.starts_at)
    found = []
    if now < day_before:
        found.append((Kind.REMINDER_DAY_BEFORE, day_before, midnight))
    if now < min(two_hours, two_hours_shifted) and two_hours_shifted >= midnight:
        found.append((Kind.REMINDER_TWO_HOURS, two_hours_shifted, slot.starts_at))
    return [
        Planned(
            subject=booking.id,
            kind=kind,
            occasion=booking.moves,
            send_after=send_after,
            send_before=send_before,
        )
        for kind, send_after, send_before in found
    ]


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
    waits = waits_until(now, deadline=first_visit) if first_visit else None
    return Planned(
        subject=booking.id,
        kind=kind,
        occasion=booking.moves,
        send_after=waits or now,
        send_before=send_before,
        may_wake=first_visit is None or (waits is None and quiet_span(now) is not None),
        details=details,
    )


def _reason_code(reason: str, by_office: bool) -> str:
    """The code of a phrase; what staff wrote in their own words stays in the history alone."""
    if texts.is_reason(reason):
        return reason
    return "other" if by_office else "own_request"


def _values(booking: Booking) -> dict[str, str]:
    slot, place = booking.slot, booking.slot.location
    token = token_for(booking.id, booking.token_version)
    return {
        "name": short_name(booking.full_name),
        "service": booking.service.name,
        "date": _date(slot.starts_at),
        "time": _time(slot.starts_at),
        "location": place.name,
        "code": booking.shown_code,
        "bring": booking.service.bring,
        "protocol": place.protocol.short,
        "link": f"{settings.SITE_URL}/m/{booking.code}/{token}/",
        "cutoff": date_format(
            timezone.localtime(booking.change_until), MOMENT_FORMAT[booking.language]
        ),
    }


def _values_of(message: Message, language: str) -> dict[str, str]:
    """What only this message knows: the old time, the reason, from when a new time is free."""
    details = message.details
    values: dict[str, str] = {}
    if "old_starts_at" in details:
        old = datetime.fromisoformat(details["old_starts_at"])
        values |= {"old_date": _date(old), "old_time": _time(old)}
    if "reason" in details:
        values["reason"] = texts.reason(details["reason"], language)
    if "earliest" in details:
        values["earliest"] = date_format(date.fromisoformat(details["earliest"]), "DATE_FORMAT")
    return values


def _date(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "DATE_FORMAT")


def _time(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "TIME_FORMAT")
