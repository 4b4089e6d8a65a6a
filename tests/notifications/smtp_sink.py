"""A real SMTP server in a thread that keeps what it gets, and can be told to misbehave."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Sink:
    """`mails` in the order of arrival; `answer_rcpt` and `answer_data` may answer otherwise."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        self.answer_rcpt: Callable[[str], str] = lambda address: "250 OK"
        self.answer_data: Callable[[Envelope], str] = lambda envelope: "250 OK"
        self._lock = threading.Lock()

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=policy.default) for raw in self.raw]

    @property
    def references(self) -> Counter[str]:
        return Counter(mail["Message-ID"].strip("<>").split("@")[0] for mail in self.mails)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        answer = self.answer_rcpt(address)
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        with self._lock:
            self.raw.append(envelope.content)  # type: ignore[arg-type]
        return self.answer_data(envelope)


@contextmanager
def smtp_sink() -> Iterator[tuple[Sink, int]]:
    """(sink, port) of a server on loopback for as long as the block lasts."""
    sink = Sink()
    controller = Controller(sink, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        yield sink, controller.server.sockets[0].getsockname()[1]
    finally:
        controller.stop()


def wait_until(true: Callable[[], object], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)
