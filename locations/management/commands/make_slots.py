"""`manage.py make_slots`: make slots ahead, as the daily task does."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from locations.history import note_change
from locations.holiday_drafts import draft_holidays
from locations.models import Location
from locations.opening import hold, make_slots, reconcile


class Command(BaseCommand):
    help = "Make the slots that are missing over the horizon (60 days), for all active locations."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, help="another horizon, in days")
        parser.add_argument(
            "--reconcile",
            action="store_true",
            help="also change empty slots ahead that no longer agree with the opening patterns",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        if options["reconcile"]:
            self._reconcile()
        draft_holidays()
        made = make_slots(days_ahead=options["days"])
        if options["verbosity"]:
            self.stdout.write(
                f"{made.slots} slots made for {made.locations} locations"
                f" in {time.monotonic() - began:.1f} s."
            )

    def _reconcile(self) -> None:
        for location in Location.objects.filter(active=True):
            with transaction.atomic():
                hold([location.pk])
                note_change(who="system", why="make_slots --reconcile")
                done = reconcile(location)
            if done.changed or done.removed or done.emptied or done.kept:
                self.stdout.write(
                    f"{location.slug}: {done.changed} changed, {done.removed} removed,"
                    f" {done.emptied} emptied, {done.made} made, {len(done.kept)} kept"
                )
