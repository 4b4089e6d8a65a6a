"""`manage.py reconcile`: do the slots' counters agree with the bookings?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from services.reconciliation import counter_drift


class Command(BaseCommand):
    help = "Compare each slot's counter with its bookings; ends with an error where they differ."

    def handle(self, *args: Any, **options: Any) -> None:
        drift = counter_drift()
        for slot in drift:
            self.stderr.write(f"slot {slot.slot_id}: counter {slot.booked}, bookings {slot.rows}")
        if drift:
            raise CommandError(f"{len(drift)} slots differ")
        self.stdout.write("All counters agree with the bookings.")
