"""Which channels a person wants: the newest yes or no for each channel counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from .models import Consent
from .personal_data import CannotOpen, open_sealed

# Nobody is written to on these without having said yes; the others are wanted unless said no.
# For WhatsApp the yes of the booking is in the description: without it there is no address.
NEEDS_A_YES = frozenset({"telegram"})
# Not even what is necessary goes here against somebody's wish.
NEVER_AGAINST_WISH = frozenset({"whatsapp", "telegram"})
TABLE = "notifications_consent"


@dataclass(frozen=True, slots=True)
class Wish:
    """What was said last of one channel; `address` where the channel alone knows it."""

    wanted: bool
    address: str = ""


def wanted(subjects: Iterable[UUID]) -> dict[UUID, dict[str, Wish]]:
    """What each subject has said, by channel; one statement, nothing for who has said nothing."""
    newest = (
        Consent.objects.filter(subject__in=list(subjects))
        .order_by("subject", "channel", "-id")
        .distinct("subject", "channel")
        .values_list("subject", "channel", "wanted", "address_sealed")
    )
    wishes: dict[UUID, dict[str, Wish]] = {}
    for subject, channel, yes, sealed in newest:
        wishes.setdefault(subject, {})[channel] = Wish(yes, _opened(sealed, subject))
    return wishes


def is_wanted(channel: str, said: Mapping[str, Wish]) -> bool:
    """Whether `channel` may be used for somebody who has `said` this."""
    wish = said.get(channel)
    return channel not in NEEDS_A_YES if wish is None else wish.wanted


def _opened(sealed: bytes | memoryview | None, subject: UUID) -> str:
    if sealed is None:
        return ""
    try:
        return open_sealed(bytes(sealed), table=TABLE, column="address_sealed", row=subject)
    except CannotOpen:
        return ""  # no address: the channel does not reach, the others still do
