"""What the code finds in a restored database (`manage.py backup look`, started by the drill)."""

import os
from base64 import b64encode
from datetime import datetime
from typing import Any

import pghistory
from django.apps import apps
from django.conf import settings
from django.db import connection, models
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Max

from locations.models import Slot
from notifications.models import Message
from notifications.personal_data import CannotOpen, lookup_hash
from services.models import Booking
from services.reconciliation import counter_drift

SAMPLE = 200


def seen() -> dict[str, Any]:
    """Counts, proofs and the end of the log, as JSON can hold them."""
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(
            "SELECT pg_last_wal_replay_lsn() - '0/0'::pg_lsn, pg_last_xact_replay_timestamp()"
        )
        end, replayed = cursor.fetchone()
    history = [model for model in apps.get_models() if issubclass(model, pghistory.models.Event)]
    newest = replayed or max(filter(None, map(newest_row, history)), default=None)
    sample = list(Booking.objects.exclude(nik_sealed=None).order_by("-id")[:SAMPLE])
    return {
        "end": int(end or 0),
        "newest_commit": newest.isoformat() if newest else "",
        "counts": {
            "bookings": Booking.objects.count(),
            "slots": Slot.objects.count(),
            "messages": Message.objects.count(),
            "rows of history": sum(model._default_manager.count() for model in history),
        },
        "drift": len(counter_drift()),
        **migrations(),
        "tried": len(sample),
        "opened": sum(opens(booking) for booking in sample),
        "opened_without": opened_with_other_keys(sample),
    }


def newest_row(history: type[models.Model]) -> datetime | None:
    found: datetime | None = history._default_manager.aggregate(at=Max("pgh_created_at"))["at"]
    return found


def migrations() -> dict[str, list[str]]:
    """Those of the code that the database lacks, and those of the database unknown to the code."""
    executor = MigrationExecutor(connection)
    code, applied = set(executor.loader.disk_migrations), set(executor.loader.applied_migrations)
    return {
        "unapplied": sorted(".".join(key) for key in code - applied),
        "unknown": sorted(".".join(key) for key in applied - code),
    }


def opens(booking: Booking) -> bool:
    """Whether a person's number opens with the keys given, and is found by the pepper given."""
    try:
        return lookup_hash("nik", booking.nik) == bytes(booking.nik_hash or b"")
    except CannotOpen:
        return False


def opened_with_other_keys(sample: list[Booking]) -> int:
    """How many open with keys of the same ids that are not ours: none, where values are sealed."""
    ids = [entry.partition(":")[0] for entry in settings.PERSONAL_DATA_KEYS]
    others = [f"{key_id}:{b64encode(os.urandom(32)).decode()}" for key_id in ids]
    ours, settings.PERSONAL_DATA_KEYS = settings.PERSONAL_DATA_KEYS, others
    try:
        return sum(opens(booking) for booking in sample)
    finally:
        settings.PERSONAL_DATA_KEYS = ours
