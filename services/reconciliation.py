"""Proof that what the triggers keep agrees with the rows."""

from typing import NamedTuple

from django.db import connection

from services.lifecycle import HOLDING


class Drift(NamedTuple):
    """A slot whose counter is not the number of its bookings: a defect, or a hand in the data."""

    slot_id: int
    booked: int
    rows: int


def counter_drift() -> list[Drift]:
    """All slots where counter and bookings differ: none, unless something is broken.

    One statement over one snapshot, so bookings made meanwhile do not look like drift.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT s.id, s.booked, coalesce(b.held, 0)
            FROM locations_slot s
            LEFT JOIN (SELECT slot_id, count(*) AS held FROM services_booking
                       WHERE status = ANY(%s) GROUP BY slot_id) b ON b.slot_id = s.id
            WHERE s.booked <> coalesce(b.held, 0)
            ORDER BY s.id
            """,
            [[str(status) for status in HOLDING]],
        )
        return [Drift(*row) for row in cursor.fetchall()]
