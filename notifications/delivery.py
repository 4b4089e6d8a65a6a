"""One round of delivering: expire, claim, send, settle, until nothing is due or time is up."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.db import InterfaceError, OperationalError, connection

from . import outbox, texts
from .description import Description, describe
from .gateways import (
    Blocked,
    GatewayConfig,
    NotSent,
    Outgoing,
    Permanent,
    Temporary,
    Unknown,
    configured,
)
from .models import Message
from .quiet_hours import waits_until

log = structlog.get_logger(__name__)

CLAIM = 20
# From the claim until no further message of it is begun; one more attempt of
# gateways.smtp.ATTEMPT_SECONDS and its settling fit into what is left of the lease (outbox.LEASE).
BATCH_SECONDS = 40.0
ROUND_SECONDS = 45.0

RETRY = [timedelta(seconds=s) for s in (10, 30, 60, 300, 900, 900)]
# The last pause is repeated: an outage of hours must not burn what is due next week. After about
# a day of trying the person is better called (failed, `gave_up`).
MAX_ATTEMPTS = 100
# While the database is away for a moment, an outcome is worth waiting for: without it the
# message would be sent again when its lease runs out.
SETTLE_PAUSES = (0.2, 1.0, 2.0, 4.0)


def deliver(now: datetime | None = None, seconds: float = ROUND_SECONDS) -> Counter[str]:
    """Deliver what is due for up to `seconds`; returns how many came to which end.

    Several may run at once, on any number of machines. `now` moves the clock (tests, demo).
    """
    ends: Counter[str] = Counter()
    until = time.monotonic() + seconds
    ends["expired"] += outbox.expire(now)
    while time.monotonic() < until:
        batch = outbox.claim(CLAIM, now)
        if not batch:
            break
        ends.update(_deliver_batch(batch, now, min(until, time.monotonic() + BATCH_SECONDS)))
    return +ends


def _deliver_batch(batch: list[Message], now: datetime | None, until: float) -> Counter[str]:
    ends: Counter[str] = Counter()
    for number, message in enumerate(batch):
        if time.monotonic() >= until:
            # Handed back now rather than held until the lease ends; others may be idle.
            outbox.put_back(batch[number:])
            break
        end = deliver_one(message, now)
        log.info("message", message_id=message.id, kind=message.kind, state=end)
        ends[end] += 1
    return ends


def deliver_one(message: Message, now: datetime | None = None) -> str:
    """Send one claimed message and settle it; returns its state, or `lost` without the lease."""
    if not message.may_wake:
        wakes_at = waits_until(message.claimed_at, deadline=message.send_before)
        if wakes_at is not None:
            return "planned" if outbox.put_back([message], until=wakes_at) else "lost"
    try:
        person = describe(message)
        if person is None:
            return _settled("withdrawn", lambda: outbox.settle_withdrawn(message))
        gateway = choose(person)
        if gateway is None:
            return _settled("failed", lambda: outbox.settle_failed(message, "no_channel"))
        outgoing = _outgoing(message, person, gateway)
    except (OperationalError, InterfaceError):
        # The database is away: nothing has been sent, the lease runs out by itself.
        raise
    except Exception:
        # One message that can't be described must not stop the others; never its values.
        log.exception("message cannot be described", message_id=message.id, kind=message.kind)
        return _try_later(message, Temporary("not_described"), "", now)
    return _send(message, gateway, outgoing, now)


def choose(person: Description) -> GatewayConfig | None:
    """The first gateway that reaches this person."""
    return next((gateway for gateway in configured().values() if _address(person, gateway)), None)


def _address(person: Description, gateway: GatewayConfig) -> str:
    addresses = {
        "whatsapp": person.phone if person.whatsapp else "",
        "sms": person.phone,
        "email": person.email,
    }
    return addresses.get(gateway.channel, "")


def _outgoing(message: Message, person: Description, gateway: GatewayConfig) -> Outgoing:
    return Outgoing(
        to=_address(person, gateway),
        kind=message.kind,
        language=person.language,
        subject=texts.subject(message.kind, person.language),
        text=texts.render(message.kind, person.language, person.values, gateway.limit),
        reference=message.reference,
    )


def _send(
    message: Message, gateway: GatewayConfig, outgoing: Outgoing, now: datetime | None
) -> str:
    _let_go_of_the_database()
    try:
        gateway.send(outgoing)
    except Permanent as error:
        code = error.code
        return _settled("failed", lambda: outbox.settle_failed(message, code, gateway.channel))
    except Unknown as error:
        return _unknown(message, error, gateway.channel, now)
    except (Temporary, Blocked) as error:
        return _try_later(message, error, gateway.channel, now)
    except Exception:
        # A defect of the gateway. It may have come after the sending, so this counts as unknown.
        log.exception("gateway failed", message_id=message.id, gateway=gateway.name)
        return _unknown(message, Unknown("channel_error"), gateway.channel, now)
    return _settled("sent", lambda: outbox.settle_sent(message, gateway.channel))


def _unknown(message: Message, error: Unknown, channel: str, now: datetime | None) -> str:
    """Once more under the same reference, then it stays marked as it is: no third repeat."""
    if message.failure == error.code:
        return _settled("failed", lambda: outbox.settle_failed(message, error.code, channel))
    return _try_later(message, error, channel, now)


def _try_later(message: Message, error: NotSent, channel: str, now: datetime | None) -> str:
    if message.attempts >= MAX_ATTEMPTS:
        return _settled("failed", lambda: outbox.settle_failed(message, "gave_up", channel))
    asked = error.retry_after if isinstance(error, Temporary) else None
    delay = asked or pause_after(message.attempts)
    return _settled("due", lambda: outbox.settle_later(message, delay, error.code, channel, now))


def pause_after(attempts: int) -> timedelta:
    """The pause after so many tries, up to a fifth longer by chance: a thousand messages that
    failed together should not come back together."""
    pause = RETRY[min(attempts, len(RETRY)) - 1]
    return pause * random.uniform(1.0, 1.2)  # noqa: S311


def _settled(state: str, settle: Callable[[], bool]) -> str:
    for pause in SETTLE_PAUSES:
        try:
            return state if settle() else "lost"
        except (OperationalError, InterfaceError):
            if connection.in_atomic_block:
                raise
            connection.close()
            time.sleep(pause)
    return state if settle() else "lost"


def _let_go_of_the_database() -> None:
    """Give the connection back while a gateway takes its time; the next query gets another."""
    if not connection.in_atomic_block:
        connection.close()
