"""The Celery application. Tasks only say "look"; what is to be done stands in the database."""

import os

from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ektp_booking.settings")

app = Celery("ektp_booking")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.celeryd_init.connect
@signals.beat_init.connect
def check_before_work(**kwargs: object) -> None:
    """Worker and beat wait for the database and refuse an unsafe one."""
    from ektp_booking import startup

    startup.wait_and_check()


@signals.setup_logging.connect
def keep_our_logging(**kwargs: object) -> None:
    """Celery leaves logging alone when somebody listens here: logs.py has the fences."""
