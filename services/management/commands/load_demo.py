"""`manage.py load_demo`: sign-ins and invented bookings to try the product with."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from services.demo import PASSWORD, NoRegion, load_demo


class Command(BaseCommand):
    help = "Make demo sign-ins and bookings. Refused where the production settings are on."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError(
                "Demo passwords are public, and these are production settings. To try the product"
                " out, set DEMO=on and use another database."
            )
        began = time.monotonic()
        try:
            loaded = load_demo()
        except NoRegion as error:
            raise CommandError(str(error)) from error
        if options["verbosity"]:
            self.stdout.write(
                f"{loaded.sign_ins} sign-ins with the password {PASSWORD},"
                f" {loaded.bookings} new bookings, in {time.monotonic() - began:.1f} s."
            )
