"""One round of delivering: expire, claim, send, settle, until nothing is due or time is up.

The main thread alone talks to the database: it claims a batch, looks up for all of it at once
whom to tell and how (reach.py), and settles each answer as it comes, one by one (outcomes.py).
Threads talk to gateways and nothing else. While no answer comes the connection is given back.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from . import breaker, demo, outbox, reach, settling
from .gateways import NotSent, Taken, Unknown, configured
from .lanes import Job, Lane
from .models import Message
from .outbox import Wait
from .outcomes import (
    MAX_ATTEMPTS,
    fallback_time,
    next_or_call,
    pause_after,
    settle_answer,
    written,
)
from .quiet_hours import held_until

log = structlog.get_logger(__name__)

CLAIM = 50
# Without an answer for so long (seconds), the database connection is given back.
A_MOMENT = 0.05
# No message is begun later than this after the start of a round. One more attempt, an answer that
# is given up and its settling fit into the task's time limit (tasks.py), and that into the lease.
ROUND_SECONDS = 30.0
# From the claim until a message must have begun: an attempt (10 s) and its settling fit into what
# is left of the lease (outbox.LEASE).
BEGIN_WITHIN = 40.0
# Messages under way at once in one process, over all gateways.
AT_ONCE = 16
# So many messages wait in hand at most. When they are that many, none waits longer than IN_HAND
# seconds: it goes back to the outbox for NO_ROOM, and others are claimed.
HOLD = 200
IN_HAND = 2.0
# While some wait in hand, more are claimed this often: they may be for another gateway.
STALLED = 0.5
# Every gateway ends an attempt after ten seconds; a thread that is not back by now has a defect.
NO_ANSWER = 15.0
# While answers are waited for, what has become due meanwhile is looked for this often, in seconds.
LOOK_AGAIN = 1.0
# How long a message waits whose gateway has no room, or is paused.
NO_ROOM = timedelta(seconds=5)
PAUSED = timedelta(seconds=60)


def deliver(now: datetime | None = None, seconds: float = ROUND_SECONDS) -> Counter[str]:
    """Deliver what is due for up to `seconds`; returns how many came to which end.

    Several may run at once, on any number of machines. `now` moves the clock (tests, demo).
    """
    return Round(now, seconds).run()


def deliver_one(message: Message, now: datetime | None = None) -> str:
    """Send one claimed message and settle it; returns its state, or `lost` without the lease."""
    round_ = Round(now)
    round_.sort([message], time.monotonic())
    round_.finish()
    return next(iter(+round_.ends), "")


class Round:
    """What one sender has in hand, by gateway."""

    def __init__(self, now: datetime | None = None, seconds: float = ROUND_SECONDS) -> None:
        self.now = now
        self.until = time.monotonic() + seconds
        self.ends: Counter[str] = Counter()
        self.gateways = reach.by_channel(configured())
        self.lanes = {gateway.name: Lane(gateway) for gateway in self.gateways.values()}
        self._answers: queue.SimpleQueue[tuple[Job, Taken | NotSent]] = queue.SimpleQueue()
        self._look_at = self._claimed_at = 0.0

    def run(self) -> Counter[str]:
        self.ends["expired"] += outbox.expire(self.now)
        outbox.fall_back(self.now)
        while self._take() or self._under_way() or self._waiting():
            self._begin()
            self._collect()
        return +self.ends

    def finish(self) -> None:
        """Send what is in hand and claim nothing more."""
        while self._under_way() or self._waiting():
            self._begin()
            self._collect()

    def sort(self, batch: list[Message], claimed: float) -> None:
        """Settle what is not to be sent, put back what has to wait, and keep the rest in hand."""
        found = reach.look(batch, list(self.gateways))
        states = breaker.conditions(self.lanes)
        for lane in self.lanes.values():
            lane.condition = states[lane.gateway.name]
        waits = []
        for message in batch:
            reached = found[message.id]
            if self._ends_unsent(message, reached):
                continue
            wait = self._waits(message, reached)
            if wait is not None:
                waits.append(wait)
                continue
            try:
                way = reach.way(message, reached, self.gateways)
            except Exception:
                # One message that can't be worded must not stop the others; never its values.
                log.exception("message cannot be worded", message_id=message.id, kind=message.kind)
                self._not_described(message)
                continue
            job = Job(message=message, way=way, claimed=claimed)
            self.lanes[way.gateway.name].waiting.append(job)
        self._postpone(waits)

    # --- Claiming --------------------------------------------------------------------------------

    def _take(self) -> bool:
        """Claim more when nothing waits in hand, or it has waited a while; whether any was due."""
        moment = time.monotonic()
        if moment >= self.until:
            self._hand_back()
            return False
        waiting = self._waiting()
        if moment < self._look_at or waiting >= HOLD:
            return False
        if waiting and moment < self._claimed_at + STALLED:
            return False
        batch = outbox.claim(CLAIM, self.now)
        self._claimed_at = moment
        if batch:
            self.sort(batch, moment)
        else:
            self._look_at = moment + LOOK_AGAIN
        return bool(batch)

    def _hand_back(self) -> None:
        """Rather now than when the lease ends; others may be idle."""
        held = [job.message for lane in self.lanes.values() for job in lane.waiting]
        if held:
            outbox.put_back(held)
        for lane in self.lanes.values():
            lane.waiting.clear()

    def _ends_unsent(self, message: Message, reached: reach.Reach) -> bool:
        """Settle what needs no sending; whether it did."""
        if message.arrived:
            self._ended(message, written(lambda: settling.arrived(message)))
        elif reached.broken:
            self._not_described(message)
        elif reached.person is None:
            self._ended(message, written(lambda: settling.withdrawn(message)))
        elif (wakes_at := self._sleeps_until(message)) is not None:
            self._ended(message, self._sleeps(message, wakes_at))
        elif not reached.channels and message.failure == "no_receipt":
            self._ended(message, written(lambda: settling.still_sent(message)))
        elif not reached.channels:
            failure = message.failure if reached.call == "all_failed" else reached.call
            self._ended(
                message,
                written(lambda: settling.failed(message, failure, call=reached.call)),
            )
        elif message.attempts > MAX_ATTEMPTS:
            self._ended(message, self._gave_up(message, reached))
        else:
            return False
        return True

    def _gave_up(self, message: Message, reached: reach.Reach) -> str:
        """Tried so often that every sender died of it, or its gateway has been away for a day."""
        return next_or_call(message, reached.channels, "gave_up", None, self.now)

    def _sleeps(self, message: Message, wakes_at: datetime) -> str:
        """Wait for the end of quiet hours, or end: after them there is nothing left to say."""
        if wakes_at < message.send_before:
            return "planned" if outbox.put_back([message], until=wakes_at) else "lost"
        message.fallback_at = None
        delay = wakes_at - message.claimed_at
        return written(
            lambda: settling.later(message, delay, "quiet_hours", counted=False, now=self.now)
        )

    def _sleeps_until(self, message: Message) -> datetime | None:
        if message.may_wake:
            return None
        return held_until(
            message.claimed_at,
            placed_at=message.send_after,
            patient_until=message.patient_until,
        )

    def _not_described(self, message: Message) -> None:
        delay = pause_after(message.attempts)
        self._ended(
            message,
            written(lambda: settling.later(message, delay, "not_described", now=self.now)),
        )

    def _waits(self, message: Message, reached: reach.Reach) -> Wait | None:
        """Give up a channel whose time is over; what is left of the person's channels may rest."""
        if (
            len(reached.channels) > 1
            and message.fallback_at
            and message.fallback_at <= message.claimed_at
        ):
            message.given_up = [*message.given_up, reached.channels.pop(0)]
            message.fallback_at = None
        lane = self._lane(reached.channels[0])
        if not lane.closed:
            return None
        message.fallback_at = fallback_time(message, len(reached.channels) - 1)
        return self._wait_for(lane, message)

    # --- Sending ---------------------------------------------------------------------------------

    def _begin(self) -> None:
        full = self._waiting() >= HOLD
        for lane in self.lanes.values():
            moment = time.monotonic()
            if lane.closed:
                self._postpone([self._wait_for(lane, job.message) for job in lane.waiting])
                lane.waiting.clear()
                continue
            if full:
                late = lane.take_back(claimed_before=moment - IN_HAND)
                self._postpone([Wait(message=job.message, delay=NO_ROOM) for job in late])
            while self._under_way() < AT_ONCE and (job := lane.next(moment)):
                if moment - job.claimed > BEGIN_WITHIN or job.is_past(moment):
                    outbox.put_back([lane.waiting.popleft().message])
                    continue
                if lane.condition.to_be_tried:
                    if not breaker.begin_probe(lane.gateway.name):
                        lane.condition = breaker.conditions([lane.gateway.name])[lane.gateway.name]
                        break
                    job.probe = True
                lane.begin(moment)
                threading.Thread(target=self._send, args=(job,), daemon=True).start()

    def _send(self, job: Job) -> None:
        """In a thread of its own: talks to the gateway, never to the database."""
        answer: Taken | NotSent
        try:
            answer = job.way.gateway.send(job.way.outgoing)
        except NotSent as error:
            answer = error
        except Exception:
            # A defect of the gateway. It may have come after the sending: this counts as unknown.
            log.exception("gateway failed", message_id=job.message.id, gateway=job.way.gateway.name)
            answer = Unknown("gateway_error")
        self._answers.put((job, answer))

    def _collect(self) -> None:
        """Wait a moment for an answer and settle it; without one, hold no connection."""
        try:
            job, answer = self._answers.get(timeout=A_MOMENT)
        except queue.Empty:
            _let_go_of_the_database()
            job_or_none = self._without_answer()
            if job_or_none is None:
                return
            job, answer = job_or_none, Unknown("no_answer")
            log.error("gateway does not come back", gateway=job.way.gateway.name)
        lane = self.lanes[job.way.gateway.name]
        if not any(other is job for other in lane.under_way):
            return  # given up before; it has been settled
        if settings.DEMO and isinstance(answer, Taken):
            # It has gone out: a list that can't be written must not make it go again.
            with suppress(DatabaseError):
                demo.keep(lane.gateway.channel, job.way.outgoing)
        try:
            self._ended(job.message, settle_answer(job, answer, lane, self.now))
        except (OperationalError, InterfaceError):
            raise  # the database stays away; the leases run out by themselves
        except Exception:
            # A defect of ours must not stop the others. This one comes again when its lease ends.
            log.exception("outcome cannot be written", message_id=job.message.id)
        finally:
            lane.end(job, time.monotonic())

    def _without_answer(self) -> Job | None:
        too_long = time.monotonic() - NO_ANSWER
        jobs = (job for lane in self.lanes.values() for job in lane.under_way)
        return next((job for job in jobs if job.began < too_long), None)

    # --- Small words -----------------------------------------------------------------------------

    def _lane(self, channel: str) -> Lane:
        return self.lanes[self.gateways[channel].name]

    def _wait_for(self, lane: Lane, message: Message) -> Wait:
        return Wait(
            message=message,
            delay=PAUSED if lane.condition.paused else lane.condition.rests,
            channel=lane.gateway.channel,
            failure=lane.closed,
        )

    def _postpone(self, waits: list[Wait]) -> None:
        if waits:
            outbox.postpone(waits, self.now)

    def _ended(self, message: Message, state: str) -> None:
        log.info("message", message_id=message.id, kind=message.kind, state=state)
        self.ends[state] += 1

    def _under_way(self) -> int:
        return sum(len(lane.under_way) for lane in self.lanes.values())

    def _waiting(self) -> int:
        return sum(len(lane.waiting) for lane in self.lanes.values())


def _let_go_of_the_database() -> None:
    """Give the connection back while a gateway takes its time; the next query gets another."""
    if not connection.in_atomic_block:
        connection.close()
