"""`manage.py migrate`, as the owner of the tables, and without holding up people who book."""

import time
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandParser
from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import OperationalError, connections

from ektp_booking.protections import protect

LOCK_TIMEOUT = "200ms"
ATTEMPTS = 25
PAUSE_SECONDS = 0.4


class Command(DjangoMigrate):
    """Migrates over the alias `owner`, then gives the running processes' role its rights.

    A statement that waits for a lock makes everybody behind it wait too. So it waits 200 ms at
    most, and the migration is tried again: readers that hold a transaction delay a migration,
    a migration never delays a booking by more than that.
    """

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def handle(self, *args: Any, **options: Any) -> str | None:
        connection = connections[options["database"]]
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [LOCK_TIMEOUT])
        for attempt in range(1, ATTEMPTS + 1):
            try:
                super().handle(*args, **options)
                break
            except OperationalError as error:
                waited_for_lock = getattr(error.__cause__, "sqlstate", None) == "55P03"
                if not waited_for_lock or attempt == ATTEMPTS:
                    raise
                self.stderr.write(f"A table is in use; trying again ({attempt}/{ATTEMPTS}).")
                time.sleep(PAUSE_SECONDS)
        if options["plan"] or options["check_unapplied"]:
            return None
        call_command("createcachetable", database=options["database"], verbosity=0)
        protect(options["database"])
        return None
