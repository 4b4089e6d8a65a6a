"""A gateway over HTTP, on this machine, with every fault a real one has.

    with http_gateway() as gateway:
        settings.GATEWAYS = … gateway.port …      (or the fixture `sms_gateway` of conftest.py)
        gateway.answer = status(503)

Each fault is a function that makes an answer; an answer is called with what was received and the
handler's socket, and returns the bytes to write (or None: it has done all by itself).
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message as Headers
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl


@dataclass
class Received:
    number: int
    path: str
    headers: Headers
    body: bytes
    connection: socket.socket

    def json(self) -> Any:
        return json.loads(self.body)

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), strict_parsing=True))

    @property
    def provider_id(self) -> str:
        return f"provider-{self.number}"


Answer = Callable[[Received], bytes | None]


@dataclass
class HttpGateway:
    """`received`: every request, whole; `answer`: what is said to it; `before_answer`: what
    happens first (a receipt that overtakes the answer, a sender that is killed)."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    answer: Answer = field(default_factory=lambda: taken())
    before_answer: Callable[[Received], None] | None = None
    #: Called when the head has come and the body not yet; True: cut the connection there.
    cut_before_body: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/send"


def reply(status: int, body: bytes = b"", **headers: str) -> bytes:
    head = [f"HTTP/1.1 {status} x", f"Content-Length: {len(body)}"]
    head += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def taken() -> Answer:
    """200 with the id, in the words of the service that was asked."""

    def answer(received: Received) -> bytes:
        path = received.path.split("?")[0]
        if path.endswith("/messages"):
            body: Any = {
                "messaging_product": "whatsapp",
                "messages": [{"id": received.provider_id}],
            }
        elif path.endswith("/sendMessage"):
            body = {"ok": True, "result": {"message_id": received.number}}
        else:
            body = {"id": received.provider_id}
        return reply(200, json.dumps(body).encode(), Content_Type="application/json")

    return answer


def status(code: int, body: Any = b"", **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda received: reply(code, content, **headers)


def nonsense() -> Answer:
    return status(200, b"<html>It works!</html>")


def redirect(to: str, code: int = 302) -> Answer:
    return status(code, b"", Location=to)


def hang(seconds: float = 30.0) -> Answer:
    def answer(received: Received) -> None:
        time.sleep(seconds)

    return answer


def drip(pause: float = 1.0, count: int = 60) -> Answer:
    """One byte at a time: each read is in time, the whole never ends."""

    def answer(received: Received) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"-" * count:
            received.connection.sendall(bytes([byte]))
            time.sleep(pause)

    return answer


def endless() -> Answer:
    """A body that never ends, as fast as it is read."""

    def answer(received: Received) -> None:
        received.connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        for _ in range(10_000):
            received.connection.sendall(chunk)

    return answer


def cut() -> Answer:
    """The request was read; no answer, the connection closes."""
    return lambda received: None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    gateway: HttpGateway

    def do_POST(self) -> None:
        if self.gateway.cut_before_body:
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.gateway.lock:
            received = Received(
                len(self.gateway.received) + 1, self.path, self.headers, body, self.connection
            )
            self.gateway.received.append(received)
        if self.gateway.before_answer is not None:
            self.gateway.before_answer(received)
        answer = self.gateway.answer(received)
        if answer is None:
            self.close_connection = True
        else:
            self.wfile.write(answer)

    do_GET = do_POST

    def handle(self) -> None:
        with suppress(OSError):  # a client that went away is part of these tests
            super().handle()

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()

    def log_message(self, *args: Any) -> None: ...


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


@contextmanager
def http_gateway() -> Iterator[HttpGateway]:
    gateway = HttpGateway()
    handler = type("Handler", (_Handler,), {"gateway": gateway})
    server = _Server(("127.0.0.1", 0), handler)
    gateway.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
