"""Lanes: what one sender process has in hand for one gateway, and what may begin right now."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta

from . import breaker
from .breaker import Condition
from .gateways import GatewayConfig
from .models import Message
from .reach import Way

# Messages under way at once on a gateway that names no number, in one process.
AT_ONCE = 4
# A gateway that answers sooner than QUICK has one message under way at a time: a killed process
# repeats one at most. One that takes longer has up to `at_once`; so has one that is quick as a
# rule and has not answered for PATIENCE. In seconds.
QUICK = 0.2
PATIENCE = 1.0
# Slots of a gateway's rate are taken for this long ahead at once, in seconds.
SLOTS_FOR = 1.0


@dataclass(slots=True, kw_only=True)
class Job:
    """One claimed message with its way to the person; `claimed` in seconds of this machine."""

    message: Message
    way: Way
    claimed: float
    began: float = 0.0
    probe: bool = False

    def is_past(self, moment: float) -> bool:
        """Its time ended while it waited in hand: nobody is reminded of the past."""
        waited = timedelta(seconds=moment - self.claimed)
        return self.message.claimed_at + waited >= self.message.send_before


@dataclass(slots=True)
class Lane:
    gateway: GatewayConfig
    condition: Condition = field(default_factory=Condition)
    waiting: deque[Job] = field(default_factory=deque)
    under_way: list[Job] = field(default_factory=list)
    slots: deque[float] = field(default_factory=deque)
    _last_began: float = 0.0
    _full_until: float = 0.0
    _usual: float = 0.0  # seconds an answer takes, of late

    @property
    def closed(self) -> str:
        """Why nothing may go through it for now; empty: it is open, or waits to be tried."""
        if self.condition.paused:
            return "gateway_paused"
        return "gateway_rests" if self.condition.rests else ""

    def next(self, moment: float) -> Job | None:
        """The message that may begin now, if any; it stays in `waiting` until `begin`."""
        if not self.waiting or len(self.under_way) >= (self.gateway.at_once or AT_ONCE):
            return None
        if self.under_way and self._usual < QUICK and moment - self._last_began < PATIENCE:
            return None
        if self.condition.to_be_tried and self.under_way:
            return None
        return self.waiting[0] if self._has_slot(moment) else None

    def begin(self, moment: float) -> Job:
        job = self.waiting.popleft()
        if self.gateway.rate_per_second:
            self.slots.popleft()
        job.began = self._last_began = moment
        self.under_way.append(job)
        return job

    def end(self, job: Job, moment: float) -> None:
        """Its answer has been settled: there is room for another."""
        self.under_way = [other for other in self.under_way if other is not job]
        self._usual += (moment - job.began - self._usual) / 4

    def take_back(self, claimed_before: float) -> list[Job]:
        """Out of `waiting` what has waited too long."""
        late = [job for job in self.waiting if job.claimed <= claimed_before]
        self.waiting = deque(job for job in self.waiting if job.claimed > claimed_before)
        return late

    def _has_slot(self, moment: float) -> bool:
        rate = self.gateway.rate_per_second
        if not rate:
            return True
        if not self.slots and moment >= self._full_until:
            count = max(1, min(len(self.waiting), int(rate * SLOTS_FOR)))
            first = breaker.reserve(self.gateway.name, count, rate)
            if first is None:
                self._full_until = moment + SLOTS_FOR / 2
            else:
                self.slots.extend(moment + first + number / rate for number in range(count))
        return bool(self.slots) and self.slots[0] <= moment
