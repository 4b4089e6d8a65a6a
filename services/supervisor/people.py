"""People whom a change touches, as a supervisor needs to see them: no more than that."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from services.capacity import Over
from services.identity import is_mobile, show_phone
from services.models import Booking


@dataclass(frozen=True)
class Touched:
    """One line of a list: first word of the name and initials, the code, and the way to reach."""

    booking: Booking
    name: str
    reach: str
    reachable: bool


def shown_people(people: Sequence[Over]) -> list[Touched]:
    return [
        Touched(
            over.booking, short_name(over.booking.full_name), reach(over.booking), over.reachable
        )
        for over in people
    ]


def short_name(name: str) -> str:
    """Holifatul J.: enough to know whom one speaks to, not more."""
    first, *others = name.split() or [""]
    return " ".join([first, *(f"{word[0]}." for word in others)])


def reach(booking: Booking) -> str:
    """How a message gets there; the number itself only where somebody has to call."""
    phone = booking.phone
    if is_mobile(phone):
        return "WhatsApp" if booking.whatsapp else "SMS"
    if booking.email_sealed:
        return _("surel")
    return show_phone(phone) if phone else _("tanpa ponsel")
