"""`manage.py reconcile`: do counters and messages agree with the bookings?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from services.planning import missing_messages
from services.reconciliation import counter_drift

SHOWN = 50


class Command(BaseCommand):
    help = "Compare bookings with the slots' counters and the outbox; an error where they differ."

    def handle(self, *args: Any, **options: Any) -> None:
        drift = counter_drift()
        for slot in drift:
            self.stderr.write(f"slot {slot.slot_id}: counter {slot.booked}, bookings {slot.rows}")
        missing = missing_messages()
        for gap in missing[:SHOWN]:
            self.stderr.write(f"booking {gap.booking_id}: no {gap.kind} planned")
        if drift or missing:
            raise CommandError(
                f"{len(drift)} slots differ, {len(missing)} messages are missing"
                " (manage.py plan_messages plans them)"
            )
        self.stdout.write("All counters and planned messages agree with the bookings.")
