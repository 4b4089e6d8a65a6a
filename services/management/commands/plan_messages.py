"""`manage.py plan_messages`: plan the messages that bookings to come should have and have not."""

from typing import Any

from django.core.management.base import BaseCommand

from services.planning import plan_missing


class Command(BaseCommand):
    help = "Plan missing messages of all visits to come, and set reminders to the present rules."

    def handle(self, *args: Any, **options: Any) -> None:
        done = plan_missing()
        self.stdout.write(
            f"{done.bookings} bookings: {done.planned} messages planned,"
            f" {done.retimed} reminders set to another moment."
        )
