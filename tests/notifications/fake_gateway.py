"""Gateways that answer as a test says, for what the engine makes of answers.

What real servers do to a connection is tried with smtp_sink.py and http_gateway.py.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from notifications import delivery
from notifications.gateways import GatewayConfig, NotSent, Outgoing, Taken

Answer = Taken | NotSent


class Fake:
    """`got` is what it was given; `answer` may answer otherwise, or raise; `most` at once."""

    def __init__(self, channel: str, **config: Any) -> None:
        self.got: list[Outgoing] = []
        self.answer: Callable[[Outgoing], Answer] = lambda outgoing: Taken("id")
        self.takes = 0.0  # seconds
        self.most = 0
        self.under_way = 0
        self._lock = threading.Lock()
        self.config = GatewayConfig(name=f"fake-{channel}", channel=channel, send=self, **config)

    def __call__(self, outgoing: Outgoing) -> Taken:
        with self._lock:
            self.got.append(outgoing)
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        try:
            time.sleep(self.takes)
            answer = self.answer(outgoing)
            if isinstance(answer, NotSent):
                raise answer
            return answer
        finally:
            with self._lock:
                self.under_way -= 1


def connect(monkeypatch: pytest.MonkeyPatch, *fakes: Fake) -> None:
    """These gateways and no others, the first choice first."""
    found = {fake.config.name: fake.config for fake in fakes}
    monkeypatch.setattr(delivery, "configured", lambda: found)
