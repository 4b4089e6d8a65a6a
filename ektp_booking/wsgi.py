"""What the web server loads."""

import os

from django.core.wsgi import get_wsgi_application

from ektp_booking import startup

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ektp_booking.settings")

application = get_wsgi_application()
startup.check_web()
