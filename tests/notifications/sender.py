"""A sender as a process of its own, to be killed: `python -m tests.notifications.sender`.

Delivers round after round as a worker does, over the database of DATABASE_URL and the mail server
of EMAIL_URL. Everything goes thirty times as fast: a lease lasts two seconds.
"""

import time

import django


def main() -> None:
    django.setup()
    from django.conf import settings

    from notifications import delivery, outbox, smtp

    settings.NOTIFICATIONS_DESCRIBE = "tests.notifications.people.describe"
    delivery.BATCH_SECONDS /= 30
    smtp.ATTEMPT_SECONDS /= 10
    claim = outbox.claim
    outbox.claim = lambda limit, now=None: claim(limit, now, lease=outbox.LEASE / 30)
    while True:
        delivery.deliver()
        time.sleep(0.1)


if __name__ == "__main__":
    main()
