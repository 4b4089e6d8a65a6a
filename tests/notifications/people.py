"""Whom the tests' messages are about: what stands in for services.messages.describe_many."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from notifications.description import Description
from notifications.models import Message
from notifications.texts import PLACEHOLDERS

# Answers by subject; None = moot. Whoever is not in it is reached by e-mail.
KNOWN: dict[UUID, Description | Exception | None] = {}
VALUES = {name: name for name in PLACEHOLDERS}


def person(
    *, email: str = "", phone: str = "", whatsapp: bool = False, **changes: object
) -> Description:
    addresses = {"email": email, "sms": phone, "whatsapp": phone if whatsapp else ""}
    agreed = frozenset({"whatsapp"} if whatsapp else ())
    given = {
        "language": "id",
        "values": VALUES,
        "addresses": addresses,
        "agreed": agreed,
    } | changes
    return Description(**given)  # type: ignore[arg-type]


def describe_many(messages: Sequence[Message]) -> dict[UUID, Description | None]:
    return {message.id: describe(message) for message in messages}


def describe(message: Message) -> Description | None:
    answer = KNOWN.get(message.subject, person(email=f"{message.subject}@example.test"))
    if isinstance(answer, Exception):
        raise answer
    return answer
