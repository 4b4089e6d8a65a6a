"""`manage.py draft_holidays [year]`: take a year's holidays from the calendar, as drafts."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from locations.holiday_drafts import draft_holidays
from locations.opening import local_today


class Command(BaseCommand):
    help = "Draft a year's holidays and collective leave; supervisors confirm them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("year", nargs="?", type=int, help="this year when left out")

    def handle(self, *args: Any, **options: Any) -> None:
        year = options["year"] or local_today().year
        drafted = draft_holidays(year)
        if options["verbosity"]:
            self.stdout.write(f"{year}: {drafted.made} drafts made, {drafted.changed} renamed.")
