"""Forgetting people when their purpose is met (UU 27/2022 Pasal 42 to 44).

What identifies a person goes RETENTION_DAYS after the visit; the booking's row stays, so every
count stays what it was. What was sent to them goes too; messages and history hold nothing
personal to begin with.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction

from locations.clock import database_now
from locations.history import note_change
from notifications import erasure as messages_erasure
from services.admission import INSIDE
from services.models import Booking, IdempotencyKey

BATCH = 500
FORGOTTEN: dict[str, Any] = {
    "nik_sealed": None,
    "full_name_sealed": None,
    "birth_date_sealed": None,
    "phone_sealed": None,
    "email_sealed": None,
    "guardian_name_sealed": None,
    "nik_hash": None,
    "not_before": None,
    "phone_hash": None,
    "guardian_relation": "",
    "guardian_consent_at": None,
    "support": [],
}


def erase_past_people(now: datetime | None = None, batch: int = BATCH) -> int:
    """Erase who visited longer ago than RETENTION_DAYS; how many.

    One transaction for each batch, so it may be stopped anywhere and goes on at the next call. Who
    is at a counter is left alone, and so is a row that somebody is just writing.
    """
    moment = now or database_now()
    due = (
        Booking.objects.filter(
            erased_at=None, slot__ends_at__lt=moment - timedelta(days=settings.RETENTION_DAYS)
        )
        .exclude(status__in=INSIDE)
        .order_by("pk")
    )
    erased = 0
    while True:
        with transaction.atomic():
            locked = due.select_for_update(of=("self",), skip_locked=True)
            ids = list(locked.values_list("pk", flat=True)[:batch])
            if not ids:
                return erased
            note_change(who="system", why="retention time is over")
            IdempotencyKey.objects.filter(booking__in=ids).delete()
            messages_erasure.forget(ids)
            Booking.objects.filter(pk__in=ids).update(erased_at=moment, **FORGOTTEN)
        erased += len(ids)


def erase_past_sessions() -> None:
    """Delete sessions that have ended. A person who began to book and did not is sealed in one."""
    SessionStore.clear_expired()
