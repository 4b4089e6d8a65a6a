"""Which channels a person wants: the newest yes or no for each channel counts.

Rows are only added (the database's role may do nothing else), so it stays known what somebody said
when, and which words they saw.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from locations.models import Staff

from .models import Consent
from .personal_data import CannotOpen, open_sealed, seal

# Nobody is written to on these without having said yes; the others are wanted unless said no.
NEEDS_A_YES = frozenset({"whatsapp", "telegram"})
# Not even what is necessary goes here against somebody's wish.
NEVER_AGAINST_WISH = frozenset({"whatsapp", "telegram"})
TABLE = "notifications_consent"
# In the place of the words' version: staff found somebody else at this number.
WRONG_NUMBER = "wrong_number"


@dataclass(frozen=True, slots=True)
class Wish:
    """What was said last of one channel; `address` where the channel alone knows it.

    `wrong`: somebody else answers there, so nothing at all may go that way.
    """

    wanted: bool
    address: str = ""
    wrong: bool = False


def wanted(subjects: Iterable[UUID]) -> dict[UUID, dict[str, Wish]]:
    """What each subject has said, by channel; one statement, nothing for who has said nothing."""
    newest = (
        Consent.objects.filter(subject__in=list(subjects))
        .order_by("subject", "channel", "-id")
        .distinct("subject", "channel")
        .values_list("subject", "channel", "wanted", "address_sealed", "text_version")
    )
    wishes: dict[UUID, dict[str, Wish]] = {}
    for subject, channel, yes, sealed, version in newest:
        wish = Wish(yes, _opened(sealed, subject), wrong=not yes and version == WRONG_NUMBER)
        wishes.setdefault(subject, {})[channel] = wish
    return wishes


def note(
    subject: UUID,
    channel: str,
    wanted: bool,
    source: str,
    text_version: str,
    by: Staff | None = None,
    address: str = "",
) -> None:
    """Write a yes or no down; nothing said before is changed.

    `source` is a Consent.Source, `text_version` names the words the person saw, `address` is kept
    sealed.
    """
    sealed = seal(address, table=TABLE, column="address_sealed", row=subject) if address else None
    Consent.objects.create(
        subject=subject,
        channel=channel,
        wanted=wanted,
        source=source,
        text_version=text_version,
        address_sealed=sealed,
        by=by,
    )


def is_wanted(
    channel: str, said: Mapping[str, Wish], agreed: Collection[str] = frozenset()
) -> bool:
    """Whether `channel` may be used for somebody who has `said` this.

    `agreed`: to what they agreed before anything was said here (Description.agreed).
    """
    wish = said.get(channel)
    if wish is not None:
        return wish.wanted
    return channel not in NEEDS_A_YES or channel in agreed


def _opened(sealed: bytes | memoryview | None, subject: UUID) -> str:
    if sealed is None:
        return ""
    try:
        return open_sealed(bytes(sealed), table=TABLE, column="address_sealed", row=subject)
    except CannotOpen:
        return ""  # no address: the channel does not reach, the others still do
