"""What the web server loads."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ektp_booking.settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
