"""`manage.py load_region jember`: bring a region's data in, or bring it up to date."""

import time
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from locations.region import region_folder
from locations.region_files import RegionRefused
from services.region import load_region


class Command(BaseCommand):
    help = "Load a region's districts, locations, protocol levels, opening hours and services."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("region", help="a folder in locations/regions/, e.g. jember")
        parser.add_argument(
            "--overwrite",
            action="store_true",
            help="also set back what the office decided: opening hours, limits, levels, offers",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(file=cast(IO[str], self.stdout._out), highlight=False, soft_wrap=True)
        began = time.monotonic()
        try:
            path = region_folder(options["region"])
            with console.status("Checking every row …") as status:
                for tally in load_region(path, overwrite=options["overwrite"]):
                    if options["verbosity"]:
                        console.print(f"  {tally}")
                    status.update("Writing …")
        except FileNotFoundError as error:
            raise CommandError(str(error)) from error
        except RegionRefused as refused:
            count = len(refused.problems)
            raise CommandError(
                f"{refused}\n{count} problem(s) in {path}; nothing was loaded."
            ) from None
        if options["verbosity"]:
            console.print(f"Region {options['region']} loaded in {time.monotonic() - began:.1f} s.")
