"""The Celery application. Tasks only say "look"; what is to be done stands in the database."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ektp_booking.settings")

app = Celery("ektp_booking")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
