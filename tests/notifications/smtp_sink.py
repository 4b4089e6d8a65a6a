"""A real SMTP server in a thread that keeps what it gets, and can be told to misbehave."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

logging.getLogger("mail.log").setLevel(logging.WARNING)


class Sink:
    """`mails()` in the order of arrival; `answer_rcpt` and `answer_data` may answer otherwise."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        self.answer_rcpt: Callable[[str], str] = lambda address: "250 OK"
        self.answer_data: Callable[[Envelope], str] = lambda envelope: "250 OK"
        self._lock = threading.Lock()

    # Not properties: the server looks at all of them for every connection.
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=policy.default) for raw in self.raw]

    def references(self) -> Counter[str]:
        return Counter(mail["Message-ID"].strip("<>").split("@")[0] for mail in self.mails())

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
    port = free_port()
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield sink, port
    finally:
        controller.stop()


@contextmanager
def faulty_server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server that treats each connection with `serve`, in a thread of its own."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=_quietly, args=(serve, connection), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def _quietly(serve: Callable[[socket.socket], None], connection: socket.socket) -> None:
    with connection, suppress(OSError):
        serve(connection)


def converse(connection: socket.socket, until: bytes) -> None:
    """Be a good mail server up to and without the answer to the line that starts with `until`."""
    connection.sendall(b"220 sink\r\n")
    lines = connection.makefile("rb")
    for line in lines:
        if line.upper().startswith(until):
            return
        if line.upper().startswith(b"DATA"):
            connection.sendall(b"354 go on\r\n")
            while lines.readline() != b".\r\n":
                pass
            if until == b".":
                return
        connection.sendall(b"250 OK\r\n")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def wait_until(true: Callable[[], object], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)
