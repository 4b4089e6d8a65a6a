"""The key that makes a repeated request harmless; it commits with the booking that it made."""

import json
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from django.db import connection

from notifications.personal_data import lookup_hash
from services.identity import Person
from services.models import Service


class KeyTaken(Exception):
    """Another request with this key has committed while this one was under way."""


def body_hash(service: Service, slot_id: int, person: Person) -> bytes:
    content = json.dumps([service.slug, slot_id, asdict(person)], default=str, sort_keys=True)
    return lookup_hash("idempotency-body", content)


def take_key(key: str, body: bytes, booking_id: UUID, moment: datetime) -> None:
    """Claim the key for this booking; waits for another request that holds it uncommitted."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO services_idempotencykey (key_hash, body_hash, booking_id, created_at)"
            " VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [lookup_hash("idempotency-key", key), body, booking_id, moment],
        )
        if cursor.rowcount == 0:
            raise KeyTaken()
