from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from notifications import outbox
from notifications.models import Message
from notifications.outbox import Planned
from notifications.settling import Try


def planned(**changes: Any) -> Planned:
    """Due since a minute, for a visit tomorrow, awake at any hour."""
    now = timezone.now()
    values: dict[str, Any] = {
        "subject": uuid4(),
        "kind": "confirmed",
        "send_after": now - timedelta(minutes=1),
        "send_before": now + timedelta(days=1),
        "may_wake": True,
    }
    return Planned(**(values | changes))


def plan(count: int = 1, **changes: Any) -> list[Message]:
    """Rows of the outbox, in the order they were planned."""
    messages = [planned(**changes) for _ in range(count)]
    with transaction.atomic():
        outbox.plan(messages)
    return [
        Message.objects.get(subject=m.subject, kind=m.kind, occasion=m.occasion) for m in messages
    ]


def plan_many(count: int) -> None:
    with transaction.atomic():
        outbox.plan([planned() for _ in range(count)])


def wib(text: str) -> datetime:
    """`2026-11-23 16:00` on the clocks of Jember."""
    return timezone.make_aware(datetime.fromisoformat(text))


def subject() -> UUID:
    return uuid4()


def tried(outcome: str = "taken", **changes: Any) -> Try:
    """An attempt by e-mail that the gateway took."""
    return Try(**({"channel": "email", "gateway": "email", "outcome": outcome} | changes))
