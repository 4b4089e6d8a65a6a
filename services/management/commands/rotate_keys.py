"""`manage.py rotate_keys`: put all sealed values under the first of PERSONAL_DATA_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand

from services.rotation import rotate_keys


class Command(BaseCommand):
    help = "Seal personal values again with the first key; safe while people book, repeatable."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{rotate_keys()} rows sealed again with the first key.")
