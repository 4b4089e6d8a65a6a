"""How a message reaches its person now: which channels, in which order, with which words.

Asked for a whole batch at once: one statement each for the people, their consents and the texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from . import consents, texts
from .consents import Wish
from .description import Description, describe_many
from .gateways import GatewayConfig, Outgoing
from .in_force import InForce
from .models import Call, Kind, Message

# Told to everybody whom a channel reaches: who is not told sets out in vain.
NECESSARY = frozenset({Kind.MOVED_BY_OFFICE, Kind.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One message on one channel, ready to go; `channels` begins with it, then those after it."""

    gateway: GatewayConfig
    outgoing: Outgoing
    channels: list[str]
    text_version: int
    told: dict[str, str]


@dataclass(slots=True, kw_only=True)
class Reach:
    """What is known of one message when it is sent.

    `person` None: it is moot. `broken`: it could not be described, others could. `channels` are
    those that are left, the next one first; without any, `call` says why (Call.Reason). `words` are
    the texts in force, read once for the whole batch.
    """

    person: Description | None = None
    words: InForce | None = None
    broken: bool = False
    channels: list[str] = field(default_factory=list)
    call: str = ""


def by_channel(gateways: Mapping[str, GatewayConfig]) -> dict[str, GatewayConfig]:
    """The gateway of each channel, in the order of choice; of two for one channel the first."""
    found: dict[str, GatewayConfig] = {}
    for gateway in gateways.values():
        found.setdefault(gateway.channel, gateway)
    return found


def look(messages: Sequence[Message], channels: Sequence[str]) -> dict[UUID, Reach]:
    """Where each message's person is reached on these channels, by the message's id."""
    people = describe_many(messages)
    said = consents.wanted({message.subject for message in messages})
    words = InForce()
    found = {}
    for message in messages:
        person = people.get(message.id, ValueError())
        if isinstance(person, Exception):
            found[message.id] = Reach(broken=True)
        elif person is None:
            found[message.id] = Reach()
        else:
            worded = [c for c in channels if words.may_go(message.kind, person.language, c)]
            reached = _reach(message, person, said.get(message.subject, {}), worded)
            reached.words = words
            found[message.id] = reached
    return found


def way(message: Message, reached: Reach, gateways: Mapping[str, GatewayConfig]) -> Way:
    """The message by the first of its channels. Raises UnknownText, MissingValue."""
    person, words = reached.person, reached.words
    assert person is not None and words is not None
    gateway = gateways[reached.channels[0]]
    kind, language, channel = message.kind, person.language, gateway.channel
    found = words.get(kind, language, channel)
    if found is None:
        raise texts.UnknownText(kind)
    template_values = texts.template_values(found.wording, person.values) if found.template else ()
    text = texts.fill_for(channel, kind, language, found.wording, person.values)
    if channel == "email" and person.unsubscribe:
        text += texts.email_footer(language, person.unsubscribe)
    return Way(
        gateway=gateway,
        channels=list(reached.channels),
        text_version=found.version,
        told=person.told,
        outgoing=Outgoing(
            to=person.addresses[gateway.channel],
            kind=kind,
            language=language,
            subject=found.subject,
            text=text,
            reference=message.reference,
            template=found.template,
            template_values=template_values,
            calendar=person.calendar() if channel == "email" and person.calendar else None,
            unsubscribe=person.unsubscribe if channel == "email" else "",
        ),
    )


def _reach(
    message: Message, person: Description, said: Mapping[str, Wish], channels: Sequence[str]
) -> Reach:
    for channel, wish in said.items():
        if wish.address:
            person.addresses.setdefault(channel, wish.address)
    wrong = {channel for channel, wish in said.items() if wish.wrong}
    unasked = consents.NEEDS_A_YES - {*said, *person.agreed}  # who never said yes has not said no
    reachable = [
        c for c in channels if person.addresses.get(c) and c not in wrong and c not in unasked
    ]
    wanted = [c for c in reachable if consents.is_wanted(c, said, person.agreed)]
    left = [channel for channel in wanted if channel not in message.given_up]
    if not left and message.kind in NECESSARY:
        left = _last_left(message, reachable)
    if left:
        return Reach(person=person, channels=left)
    if wanted:
        reason = Call.Reason.ALL_FAILED
    else:
        reason = Call.Reason.OPTED_OUT if reachable else Call.Reason.NO_CHANNEL
    return Reach(person=person, call=reason)


def _last_left(message: Message, reachable: Sequence[str]) -> list[str]:
    """The last one not given up of the channels that may be used against somebody's wish."""
    left = [
        channel
        for channel in reachable
        if channel not in consents.NEVER_AGAINST_WISH and channel not in message.given_up
    ]
    return left[-1:]
