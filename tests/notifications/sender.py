"""A sender as a process of its own, to be killed: `python -m tests.notifications.sender`.

Delivers round after round as a worker does, over the database of DATABASE_URL and the mail server
of EMAIL_URL. Everything goes thirty times as fast: a lease lasts two seconds.
"""

from __future__ import annotations

import os
import sys
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


def main(work: str) -> None:
    django.setup()
    from django.conf import settings

    from notifications import delivery, outbox
    from notifications.gateways import GatewayConfig, Taken, bounded, smtp

    settings.NOTIFICATIONS_DESCRIBE = "tests.notifications.people.describe_many"
    if work == "bare":
        send_for_ever()
    if work == "at once":
        taking = GatewayConfig(name="email", channel="email", send=lambda outgoing: Taken())
        delivery.configured = lambda: {"email": taking}
    if work == "hurried":
        delivery.BEGIN_WITHIN /= 30
        bounded.ATTEMPT_SECONDS /= 10
        smtp.ATTEMPT_SECONDS /= 10
        claim = outbox.claim
        outbox.claim = lambda limit, now=None: claim(limit, now, lease=outbox.LEASE / 30)
    while True:
        delivery.deliver()
        time.sleep(0.1)


def send_for_ever() -> None:
    """The gateway's client alone, with nothing around it: what delivering is measured against."""
    from notifications.gateways import Outgoing, configured

    (gateway,) = configured().values()
    text = "Dispendukcapil Jember: " + "x" * 300
    for number in range(10**9):
        gateway.send(
            Outgoing(
                to=f"{number}@example.test",
                kind="confirmed",
                language="id",
                subject="Jadwal Anda",
                text=text,
                reference=f"{os.getpid()}-{number}",
            )
        )


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "hurried")
