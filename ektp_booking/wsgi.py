"""What the web server loads."""

import os

import django

from ektp_booking import startup

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ektp_booking.settings")

django.setup(set_prefix=False)

from ektp_booking.requests import Handler  # noqa: E402  (once the settings are read)

application = Handler()
startup.check_web()
