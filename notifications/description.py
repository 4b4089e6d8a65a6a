"""Whom a message goes to and what fills its text: what the caller answers at sending time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings
from django.utils.module_loading import import_string

from .models import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """The person as they can be reached now, and the values for the placeholders of texts.py.

    `phone` is in E.164 and may be empty, like `email`; `whatsapp` is the person's opt-in. Lives
    in memory while a message is sent and is stored nowhere.
    """

    language: str
    email: str = ""
    phone: str = ""
    whatsapp: bool = False
    values: dict[str, str] = field(default_factory=dict)


def describe(message: Message) -> Description | None:
    """Ask whoever planned the message (settings.NOTIFICATIONS_DESCRIBE); None: it is moot."""
    ask: Callable[[Message], Description | None] = import_string(settings.NOTIFICATIONS_DESCRIBE)
    return ask(message)
