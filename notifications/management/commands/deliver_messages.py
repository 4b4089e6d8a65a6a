"""One round of delivering by hand, if wanted at another time than now."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from notifications.delivery import deliver


class Command(BaseCommand):
    help = "Delivers the messages that are due now, or would be at another time, and says how many."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--now",
            metavar="ISO",
            help="act as if it were this time, e.g. 2026-11-23T16:00 (WIB)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        ends = deliver(_moment(options["now"]))
        if not ends:
            self.stdout.write("Nothing was due.")
        for state, count in sorted(ends.items()):
            self.stdout.write(f"{state}: {count}")


def _moment(given: str | None) -> datetime | None:
    if given is None:
        return None
    try:
        moment = parse_datetime(given)
    except ValueError:
        moment = None
    if moment is None:
        raise CommandError(f"--now: {given} is not a time like 2026-11-23T16:00")
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
