"""One POST to a gateway: bounded in time and size, TLS verified, no redirects, no proxy.

What went wrong is sorted by what may have happened to the message: before the request was out
nothing has; after that it may have arrived, also when no answer comes.
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

from . import bounded
from .addresses import connect
from .answers import Blocked, NotSent, Permanent, Temporary, Unknown
from .bounded import Deadline

MOST_READ = 64 * 1024
LONGEST_PAUSE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Server:
    """Where to connect; `private`: it may lie inside our own network."""

    host: str
    port: int
    tls: bool = True
    private: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    retry_after: str = ""

    def json(self) -> Any:
        """None for what is no JSON; as deep as it may be."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class _Checked(http.client.HTTPConnection):
    """A connection to the address that was checked, under the name of the environment."""

    def __init__(self, server: Server, deadline: Deadline) -> None:
        super().__init__(server.host, server.port, timeout=deadline.remaining())
        self.default_port = 443 if server.tls else 80  # the Host header names the port elsewhere
        self._server, self._deadline = server, deadline

    def connect(self) -> None:
        server = self._server
        sock = connect(server.host, server.port, private=server.private, deadline=self._deadline)
        self._deadline.watch(sock)
        sock.settimeout(self._deadline.remaining())
        self.sock = sock
        if server.tls:
            self.sock = _tls().wrap_socket(sock, server_hostname=server.host)


def post(server: Server, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """Send `body`; raises Temporary, Blocked (nothing went out) or Unknown (no whole answer)."""
    deadline = Deadline(bounded.ATTEMPT_SECONDS)
    connection = _Checked(server, deadline)
    try:
        try:
            connection.request("POST", path, body, {**headers, "Connection": "close"})
        except ssl.SSLError as error:
            raise Temporary("tls_failed") from error
        except (OSError, http.client.HTTPException) as error:
            raise Temporary("unreachable") from error
        try:
            response = connection.getresponse()
            content = response.read(MOST_READ + 1)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unknown("no_answer") from error
        if response.length:  # cut off in the middle; http.client says nothing of it
            raise Unknown("no_answer")
        return Answer(response.status, content, response.headers.get("Retry-After", ""))
    finally:
        connection.close()
        deadline.over()


def by_status(answer: Answer, *, now: datetime | None = None) -> NotSent:
    """What an answer other than 2xx means where the gateway says no more than its number."""
    status, code = answer.status, f"http_{answer.status}"
    if status in (401, 402, 403, 405, 407, 451) or status < 400:
        return Blocked(code)  # a redirect is never followed: the address in the settings is wrong
    if status in (408, 425, 429) or status >= 500:
        return Temporary(code, pause_asked(answer.retry_after, now=now))
    return Permanent(code)


def pause_asked(retry_after: str, *, now: datetime | None = None) -> timedelta | None:
    """Retry-After as seconds or as a date, at most LONGEST_PAUSE; None where it says nothing."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), LONGEST_PAUSE)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    pause = until - (now or datetime.now(UTC))
    return min(max(pause, timedelta(0)), LONGEST_PAUSE)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
