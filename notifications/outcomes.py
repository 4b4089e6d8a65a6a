"""What follows from a gateway's answer: sent, another try, the next channel, or the call list."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from . import breaker, settling, snapshots
from .gateways import Blocked, NotSent, Permanent, Taken, Temporary, Unknown
from .lanes import Job, Lane
from .models import Attempt, Call, Message
from .settling import Try

RETRY = [timedelta(seconds=s) for s in (10, 30, 60, 300, 900, 900)]
# The last pause is repeated: an outage of hours must not burn what is due next week. After about
# a day of trying the person is better called (failed, `gave_up`).
MAX_ATTEMPTS = 100
# While the database is away for a moment, an outcome is worth waiting for: without it the
# message would be sent again when its lease runs out.
SETTLE_PAUSES = (0.2, 1.0, 2.0, 4.0)
# After a gateway has refused everything, the message waits so long for its pause to end.
AFTER_BLOCK = timedelta(seconds=60)

Outcome = Attempt.Outcome
T = TypeVar("T")


def settle_answer(job: Job, answer: Taken | NotSent, lane: Lane, now: datetime | None) -> str:
    """Write one answer down, then what it says of the gateway; returns the message's state."""
    state = _settle(job, answer, now)
    _note_for_all(job, answer, lane)
    return state


def _settle(job: Job, answer: Taken | NotSent, now: datetime | None) -> str:
    if isinstance(answer, Taken):
        return _taken(job, answer)
    if isinstance(answer, Permanent):
        tried = _tried(job, Outcome.PERMANENT, answer.code)
        return next_or_call(job.message, job.way.channels, answer.code, tried, now)
    if isinstance(answer, Blocked):
        return _blocked(job, answer, now)
    if isinstance(answer, Unknown):
        return _unknown(job, answer, now)
    return _temporary(job, answer, now)


def fallback_time(message: Message, others: int) -> datetime | None:
    """When the next of `others` further channels is to be tried; None without one.

    FALLBACK_AFTER from now, and sooner where the deadline is near, so that each of them still has
    its share of the time. A time that is set already stays.
    """
    if not others:
        return None
    if message.fallback_at is not None:
        return message.fallback_at
    share = (message.send_before - message.claimed_at) / (others + 1)
    after: timedelta = min(settings.FALLBACK_AFTER, share)
    return message.claimed_at + after


def pause_after(attempts: int) -> timedelta:
    """The pause after so many tries, up to a fifth longer by chance: a thousand messages that
    failed together should not come back together."""
    pause = RETRY[min(attempts, len(RETRY)) - 1]
    return pause * random.uniform(1.0, 1.2)  # noqa: S311


def written(write: Callable[[], T]) -> T:
    """Write an outcome down, with patience while the database is away."""
    for pause in SETTLE_PAUSES:
        try:
            return write()
        except (OperationalError, InterfaceError):
            if connection.in_atomic_block:
                raise
            connection.close()
            time.sleep(pause)
    return write()


def next_or_call(
    message: Message, channels: list[str], code: str, tried: Try | None, now: datetime | None
) -> str:
    """The first of these channels is over for this message: the next at once, or the call list."""
    channel, *others = channels
    message.given_up = [*message.given_up, channel]
    message.fallback_at = None
    if others:
        return written(
            lambda: settling.later(
                message, timedelta(0), code, channel=channel, tried=tried, now=now
            )
        )
    reason = Call.Reason.ALL_FAILED
    return written(
        lambda: settling.failed(message, code, call=reason, channel=channel, tried=tried)
    )


def _note_for_all(job: Job, answer: Taken | NotSent, lane: Lane) -> None:
    """What the answer says of the gateway, for every sender."""
    name = lane.gateway.name
    if isinstance(answer, (Taken, Permanent)):
        if lane.condition.failures:
            written(lambda: breaker.note_success(name))
            lane.condition = breaker.Condition()
        return
    if isinstance(answer, Blocked):
        code = answer.code
        written(lambda: breaker.pause(name, code))
    elif isinstance(answer, Temporary) and answer.only_this_address:
        return
    else:
        asked = answer.retry_after if isinstance(answer, Temporary) else None
        written(lambda: breaker.note_failure(name, asked, probe=job.probe))
    lane.condition = breaker.conditions([name])[name]


def _taken(job: Job, answer: Taken) -> str:
    message, way = job.message, job.way
    message.fallback_at = None
    if way.gateway.has_receipts:
        message.fallback_at = fallback_time(message, len(way.channels) - 1)
    tried = _tried(job, Outcome.TAKEN, provider_id=answer.provider_id)
    return written(lambda: settling.sent(message, tried, way.told))


def _blocked(job: Job, answer: Blocked, now: datetime | None) -> str:
    """The gateway refuses everything: nothing is burnt, no try is counted."""
    message, way = job.message, job.way
    message.fallback_at = fallback_time(message, len(way.channels) - 1)
    tried = _tried(job, Outcome.BLOCKED, answer.code)
    return written(
        lambda: settling.later(
            message,
            AFTER_BLOCK,
            answer.code,
            channel=way.gateway.channel,
            tried=tried,
            counted=False,
            now=now,
        )
    )


def _unknown(job: Job, answer: Unknown, now: datetime | None) -> str:
    """Once more under the same reference, then no third time on this channel.

    Counted in the attempts, since the message's last failure may by now be another (its gateway
    rested meanwhile, or lost the answer in another way).
    """
    tried = _tried(job, Outcome.UNKNOWN, answer.code)
    if written(lambda: _was_unknown(job)):
        return next_or_call(job.message, job.way.channels, answer.code, tried, now)
    return _again(job, answer.code, pause_after(job.message.attempts), tried, now)


def _was_unknown(job: Job) -> bool:
    """Whether an earlier try on this channel may have arrived."""
    earlier = Attempt.objects.filter(
        message=job.message.pk, channel=job.way.gateway.channel, outcome=Outcome.UNKNOWN
    )
    return earlier.exists()


def _temporary(job: Job, answer: NotSent, now: datetime | None) -> str:
    asked = answer.retry_after if isinstance(answer, Temporary) else None
    delay = min(asked, breaker.LONGEST_ASKED) if asked else pause_after(job.message.attempts)
    return _again(job, answer.code, delay, _tried(job, Outcome.TEMPORARY, answer.code), now)


def _again(job: Job, code: str, delay: timedelta, tried: Try, now: datetime | None) -> str:
    message, way = job.message, job.way
    if message.attempts >= MAX_ATTEMPTS:
        return next_or_call(message, way.channels, "gave_up", tried, now)
    others = len(way.channels) - 1
    if others and message.claimed_at + delay >= message.send_before:
        return next_or_call(job.message, job.way.channels, code, tried, now)
    message.fallback_at = fallback_time(message, others)
    return written(
        lambda: settling.later(
            message, delay, code, channel=way.gateway.channel, tried=tried, now=now
        )
    )


def _tried(job: Job, outcome: str, code: str = "", provider_id: str = "") -> Try:
    """The attempt with its snapshot: the text where it may have arrived, the address always."""
    message, way = job.message, job.way
    arrived = outcome in (Outcome.TAKEN, Outcome.UNKNOWN)
    return Try(
        channel=way.gateway.channel,
        gateway=way.gateway.name,
        outcome=outcome,
        seconds=time.monotonic() - job.began,
        code=code,
        provider_id=provider_id,
        text_version=way.text_version,
        to_sealed=snapshots.seal_address(message.id, way.outgoing.to),
        text_sealed=snapshots.seal_text(message.id, way.outgoing.text) if arrived else None,
    )
