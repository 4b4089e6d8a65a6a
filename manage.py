#!/usr/bin/env python
"""Django's command line. Starts the embedded servers first where no database is configured."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ektp_booking.settings")
    from django.core.management import execute_from_command_line

    from ektp_booking import embedded

    with embedded.servers_for(sys.argv):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
