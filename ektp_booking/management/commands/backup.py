"""`manage.py backup …`: take backups, watch them, restore one, prove that one restores."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ektp_booking import backup, restore
from ektp_booking.postgres import Refused


class Command(BaseCommand):
    help = "Backups by PostgreSQL's own programs; docs/operate.md says how to use them."
    # Where backups are taken there are no keys, so the checks of a running site would refuse.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_subparsers(dest="what", required=True)
        what.add_parser("run", help="receive the log, a base backup a day, prune; runs for good")
        what.add_parser("base", help="one base backup now, then prune")
        what.add_parser("status", help="an error where the backup is late or behind")
        what.add_parser("drill", help="restore aside, recover, check, remove; needs the keys")
        what.add_parser("restore", help="restore into a new directory").add_argument(
            "--into", type=Path, required=True, help="PostgreSQL's data directory, new or empty"
        )
        what.add_parser("look", help="(started by drill) what is in a restored database, as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.do(options["what"], options.get("into"))
        except (backup.Failed, Refused) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}.") from error

    def do(self, what: str, into: Path | None) -> None:
        if what == "run":
            backup.keep_going(self.say)
        elif what == "base":
            backup.take_base(self.say)
            backup.prune(self.say)
        elif what == "status":
            backup.status(self.say)
        elif what == "drill":
            restore.drill(self.say)
        elif into is not None:
            restore.restore(into.absolute(), self.say)
            self.say("Start PostgreSQL on it, look, and then let people in (docs/operate.md).")
        else:
            from ektp_booking import restored

            self.stdout.write(json.dumps(restored.seen()))

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
