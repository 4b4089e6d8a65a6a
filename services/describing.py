"""Who a planned message goes to, and what fills its text: asked at the moment it is sent.

A changed number, a moved visit or another level of the health protocol counts until then.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import partial
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import override

from notifications import texts
from notifications.description import Description
from notifications.models import Kind, Message
from services.calendar_file import calendar_file
from services.identity import is_mobile
from services.lifecycle import ACTIVE, Status
from services.models import Booking
from services.tokens import token_for, unsubscribe_token

LONGEST_NAME = 20
# Day and time without year, as short as an SMS wants it: `24 November pukul 07.20`.
MOMENT_FORMAT = {"id": r"j F \p\u\k\u\l H.i", "en": "j F, H:i"}


def _is_this_appointment(booking: Booking, message: Message) -> bool:
    """A message of an earlier appointment than the present one is moot."""
    return booking.status == Status.BOOKED and booking.moves == message.occasion


# These change what stands in somebody's calendar.
WITH_CALENDAR = frozenset(
    {Kind.CONFIRMED, Kind.MOVED_BY_OFFICE, Kind.CANCELLED, Kind.DEFERRED, Kind.LINK_AGAIN}
)

# What must be true of a booking for a message of this kind still to hold.
HOLDS: dict[str, Callable[[Booking, Message], bool]] = {
    Kind.CONFIRMED: _is_this_appointment,
    Kind.REMINDER_DAY_BEFORE: _is_this_appointment,
    Kind.REMINDER_TWO_HOURS: _is_this_appointment,
    Kind.MOVED_BY_OFFICE: _is_this_appointment,
    Kind.CANCELLED: lambda booking, message: booking.status == Status.CANCELLED,
    Kind.DEFERRED: lambda booking, message: booking.status == Status.DEFERRED,
    Kind.PROTOCOL_CHANGED: lambda booking, message: (
        booking.status == Status.BOOKED and booking.moves == message.details.get("moves")
    ),
    Kind.LINK_AGAIN: lambda booking, message: booking.status in ACTIVE,
}


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
    addresses = addresses_of(booking)
    calendar: Callable[[], bytes] | None = None
    unsubscribe = ""
    with override(booking.language):
        values = _values(booking) | _values_of(message, booking.language)
        if "email" in addresses:
            unsubscribe = _unsubscribe_link(booking)
            if message.kind in WITH_CALENDAR:
                calendar = partial(_calendar, booking, values["link"])
    return Description(
        language=booking.language,
        addresses=addresses,
        values=values,
        agreed=agreed_to(booking),
        told={"protocol": booking.slot.location.protocol_id},
        calendar=calendar,
        unsubscribe=unsubscribe,
    )


def _calendar(booking: Booking, link: str) -> bytes:
    """Made only when the message goes by e-mail: it costs more than all the rest."""
    with override(booking.language):
        return calendar_file(booking, url=link, now=timezone.now())


def addresses_of(booking: Booking) -> dict[str, str]:
    """Where each channel reaches the person, wanted or not: `{"whatsapp": "+62…", …}`."""
    addresses: dict[str, str] = {}
    if is_mobile(booking.phone):
        addresses |= {"whatsapp": booking.phone, "sms": booking.phone}
    if booking.email:
        addresses["email"] = booking.email
    return addresses


def short_name(full_name: str) -> str:
    """The first two words, at most 20 letters: enough on a shared phone (docs/domain.md section 7).

    A dot gets a space behind it, so that no phone makes a link of what somebody typed as a name.
    """
    words = re.sub(r"\.(?=\S)", ". ", " ".join(full_name.split()[:2]))
    return words[:LONGEST_NAME].rstrip()


def agreed_to(booking: Booking) -> frozenset[str]:
    """The channels that the booking's form said yes to; what was said later counts more."""
    return frozenset({"whatsapp"} if booking.whatsapp else ())


def _unsubscribe_link(booking: Booking) -> str:
    token = unsubscribe_token(booking.id, booking.token_version)
    address = {"code": booking.code, "token": token}
    return settings.SITE_URL + reverse("resident:unsubscribe", kwargs=address)


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
    if "deadline" in details:
        deadline = timezone.localtime(datetime.fromisoformat(details["deadline"]))
        values["deadline"] = date_format(deadline, MOMENT_FORMAT[language])
    if "earliest" in details:
        values["earliest"] = date_format(date.fromisoformat(details["earliest"]), "DATE_FORMAT")
    return values


def _date(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "DATE_FORMAT")


def _time(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "TIME_FORMAT")
