"""A sender as a process of its own, to be killed: `python -m tests.notifications.sender`.

Delivers round after round as a worker does, over the database of DATABASE_URL and the mail server
of EMAIL_URL. Everything goes thirty times as fast: a lease lasts two seconds.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

import django

if TYPE_CHECKING:
    from .smtp_sink import Sink


def environment_of(sink: Sink) -> dict[str, str]:
    """The environment of a process over this test's database and mail server."""
    from django.conf import settings
    from django.db import connection

    host = quote(str(connection.get_connection_params()["host"]), safe="/")
    at = connection.settings_dict
    return os.environ | {
        "DATABASE_URL": f"postgresql://{at['USER']}@/{at['NAME']}?host={host}",
        "EMAIL_URL": f"smtp://{settings.EMAIL_HOST}:{settings.EMAIL_PORT}",
    }


def main() -> None:
    django.setup()
    from django.conf import settings

    from notifications import delivery, outbox
    from notifications.gateways import smtp

    settings.NOTIFICATIONS_DESCRIBE = "tests.notifications.people.describe_many"
    delivery.BEGIN_WITHIN /= 30
    smtp.ATTEMPT_SECONDS /= 10
    claim = outbox.claim
    outbox.claim = lambda limit, now=None: claim(limit, now, lease=outbox.LEASE / 30)
    while True:
        delivery.deliver()
        time.sleep(0.1)


if __name__ == "__main__":
    main()
