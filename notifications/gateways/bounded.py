"""An end for every attempt, whatever the other side does.

A library's time-out counts per read: a server that sends one byte a second, each in time, holds
the sender for ever. Here a timer cuts the connection from outside.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import suppress

# One attempt in all: the name, the connection, TLS, the request and its answer.
ATTEMPT_SECONDS = 10.0


class Deadline:
    """`remaining()` seconds of an attempt; `watch(sock)` cuts the connection when they are over."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._timer: threading.Timer | None = None
        self._handle: socket.socket | None = None

    def remaining(self) -> float:
        return max(self._until - time.monotonic(), 0.001)

    def watch(self, sock: socket.socket) -> None:
        # A second handle on the same connection: TLS swaps the socket for one of its own in the
        # middle of a handshake, this handle stays good.
        self._handle = socket.socket(fileno=os.dup(sock.fileno()))
        self._timer = threading.Timer(self.remaining(), self._cut, [self._handle])
        self._timer.daemon = True
        self._timer.start()

    def over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._handle is not None:
            self._handle.close()

    @staticmethod
    def _cut(handle: socket.socket) -> None:
        with suppress(OSError):
            handle.shutdown(socket.SHUT_RDWR)
