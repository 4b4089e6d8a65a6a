"""Celery's worker or beat over the test database: `python -m tests.notifications.celery_process …`.

As in the Procfile, but who is told what comes from the tests' own people, and the beat is quick.
"""

import sys


def main() -> None:
    from ektp_booking.celery import app

    app.loader.import_default_modules()
    from django.conf import settings

    settings.NOTIFICATIONS_DESCRIBE = "tests.notifications.people.describe_many"
    app.conf.beat_schedule = {
        name: entry | {"schedule": 0.5}
        for name, entry in settings.CELERY_BEAT_SCHEDULE.items()
        if entry["task"] == "notifications.deliver_due"
    }
    assert app.conf.beat_schedule, "nothing on the beat delivers messages"
    app.start(argv=sys.argv[1:])


if __name__ == "__main__":
    main()
