"""Many bookings at once, written without the verbs, as an import or a restored backup has them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from locations.models import Slot
from notifications.personal_data import lookup_hash
from services.codes import new_code
from services.models import Booking, Service, new_id


def crowd(slots: Sequence[Slot], people: int, at: datetime) -> list[Booking]:
    """So many people over these slots in turn, each reached by e-mail; nothing is planned."""
    service = Service.objects.get()
    bookings = []
    for number in range(people):
        booking = Booking(
            id=new_id(),
            code=new_code(),
            service=service,
            slot=slots[number % len(slots)],
            created_at=at,
            nik_hash=lookup_hash("nik", f"crowd {number}"),
            notice_version="1",
        )
        booking.full_name, booking.email = "Siti", f"{booking.code}@example.test"
        bookings.append(booking)
    Booking.objects.bulk_create(bookings, batch_size=1000)
    return bookings


def fresh_statistics() -> None:
    """What autovacuum does meanwhile in a database that lives longer than a test."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE services_booking, notifications_message")
