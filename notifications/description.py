"""Whom a message goes to and what fills its text: what the caller answers at sending time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils.module_loading import import_string

from .models import Message

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """The person as they can be reached now, and the values for the placeholders of texts.py.

    `addresses` by channel, only where the person is reachable: `{"sms": "+62…", "email": "…"}`;
    what they want is asked of their consents, not here. `agreed` are channels that they agreed to
    when the caller asked; it counts until they say something else. `told` is what the text tells
    that may change later, without personal data: `{"protocol": "awas"}`. `calendar` (an iCalendar
    file) and `unsubscribe` (a link that ends e-mails) are for e-mail alone.
    Lives in memory while a message is sent and is stored nowhere.
    """

    language: str
    addresses: dict[str, str] = field(default_factory=dict, repr=False)
    values: dict[str, str] = field(default_factory=dict, repr=False)
    agreed: frozenset[str] = frozenset()
    told: dict[str, str] = field(default_factory=dict)
    calendar: Callable[[], bytes] | None = field(default=None, repr=False)
    unsubscribe: str = field(default="", repr=False)


DescribeMany = Callable[[Sequence[Message]], Mapping[UUID, Description | None]]


def describe_many(messages: Sequence[Message]) -> dict[UUID, Description | Exception | None]:
    """Ask whoever planned these messages (settings.NOTIFICATIONS_DESCRIBE), all at once.

    By the message's id; None: it is moot. Where the answer fails for the whole, each is asked
    for by itself, so that one message that can't be described does not stop the others; its
    error stands in its place.
    """
    ask: DescribeMany = import_string(settings.NOTIFICATIONS_DESCRIBE)
    try:
        return dict(ask(messages))
    except (OperationalError, InterfaceError):
        raise  # the database is away: nothing has been sent, the leases run out by themselves
    except Exception as error:
        if len(messages) > 1:
            return {m.id: answer for m in messages for answer in describe_many([m]).values()}
        (message,) = messages
        # Never its values.
        log.exception("message cannot be described", message_id=message.id, kind=message.kind)
        return {message.id: error}


def is_moot(message: Message) -> bool:
    """Whether what the message says no longer holds."""
    return describe_many([message])[message.id] is None
