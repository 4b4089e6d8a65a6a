"""How a claimed message ends, or goes on: each outcome in one statement, with its attempt.

Whoever settles shows the `fence` of his claim; a sender whose lease ran out writes nothing, not
even an attempt. Each function returns the state that was written, or `lost`. What the message in
memory says of `given_up` and `fallback_at` is written with it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from .models import Call, Kind, Message, State
from .receipts import see_arrived

LOST = "lost"
# What a person cannot know of is told by voice. Who gave no channel, or wants none of those there
# are, has seen the ticket and does not wait for more; whose channels all failed does.
NEWS = frozenset(
    {Kind.MOVED_BY_OFFICE, Kind.CANCELLED, Kind.DEFERRED, Kind.PLACE_OFFERED, Kind.PROTOCOL_CHANGED}
)
WORTH_A_CALL: dict[str, frozenset[str]] = {
    Call.Reason.NO_CHANNEL: NEWS,
    Call.Reason.OPTED_OUT: NEWS,
    Call.Reason.ALL_FAILED: NEWS | {Kind.CONFIRMED, Kind.REMINDER_DAY_BEFORE},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One attempt as it is written down (models.Attempt); `seconds` is how long it took."""

    channel: str
    gateway: str
    outcome: str
    seconds: float = 0.0
    code: str = ""
    provider_id: str = ""
    text_version: int | None = None
    to_sealed: bytes | None = None
    text_sealed: bytes | None = None


def sent(message: Message, tried: Try, told: dict[str, str] | None = None) -> str:
    """The gateway took it; `told` is what it said, without personal data."""
    return _settle(
        message,
        "state = 'sent', channel = %s, failure = '', told = %s::jsonb,"
        " sent_at = statement_timestamp(), ended_at = statement_timestamp()",
        [tried.channel, json.dumps(told or {})],
        tried,
    )


def failed(
    message: Message, failure: str, *, call: str, channel: str = "", tried: Try | None = None
) -> str:
    """No channel is left; `failure` is a short code, never an error's text.

    The person comes on the call list in the same statement, for the reason `call` (Call.Reason),
    where that is worth a call.
    """
    return _settle(
        message,
        "state = 'failed', channel = %s, failure = %s, ended_at = statement_timestamp()",
        [channel, _short(failure, 40)],
        tried,
        call=call,
    )


def withdrawn(message: Message) -> str:
    """It has become moot between planning and sending."""
    return _settle(
        message, "state = 'withdrawn', failure = 'moot', ended_at = statement_timestamp()", []
    )


def arrived(message: Message) -> str:
    """A receipt for an earlier try came while the next channel was about to be tried."""
    return _settle(
        message,
        "state = 'delivered', failure = '', delivered_at = statement_timestamp(),"
        " ended_at = statement_timestamp()",
        [],
    )


def still_sent(message: Message) -> str:
    """There is no next channel after all; it was taken once and stays sent."""
    return _settle(message, "state = 'sent', failure = '', ended_at = statement_timestamp()", [])


def later(
    message: Message,
    delay: timedelta,
    failure: str,
    *,
    channel: str = "",
    tried: Try | None = None,
    counted: bool = True,
    now: datetime | None = None,
) -> str:
    """Another try after `delay`, or when the next channel's time comes if that is earlier.

    `expired` at once when it would be too late. `counted`: whether it counts as a try.
    """
    return _settle(
        message,
        "attempts = attempts - %s, channel = %s, failure = %s,"
        " state = CASE WHEN next.at < send_before THEN 'due' ELSE 'expired' END,"
        " ended_at = CASE WHEN next.at < send_before THEN NULL ELSE statement_timestamp() END,"
        " next_attempt_at = CASE WHEN next.at < send_before THEN next.at ELSE next_attempt_at END",
        [0 if counted else 1, channel, _short(failure, 40)],
        tried,
        source=_NEXT,
        source_values=[delay, message.fallback_at, now],
    )


def _short(given: str, length: int) -> str:
    """What comes from outside must not keep an outcome from being written: PostgreSQL takes no
    NUL, a column no more than its length."""
    return given.replace("\0", "")[:length]


def _settle(
    message: Message,
    changes: str,
    values: list[Any],
    tried: Try | None = None,
    *,
    call: str = "",
    source: str = "",
    source_values: list[Any] | None = None,
) -> str:
    sql = f"""
        WITH settled AS (
            UPDATE notifications_message
               SET lease_until = NULL, given_up = %s, fallback_at = %s, {changes}
              {source}
             WHERE id = %s AND fence = %s AND state = 'sending'
            RETURNING id, fence, subject, kind, state, send_before
        )"""  # noqa: S608
    given: list[Any] = [
        message.given_up,
        message.fallback_at,
        *values,
        *(source_values or []),
        message.id,
        message.fence,
    ]
    if tried is not None:
        sql += _TRIED
        given += [
            tried.channel,
            tried.gateway,
            timedelta(seconds=tried.seconds),
            tried.outcome,
            _short(tried.code, 40),
            _short(tried.provider_id, 200),
            tried.text_version,
            tried.to_sealed,
            tried.text_sealed,
        ]
    if call:
        sql += _CALL
        given += [call, sorted(WORTH_A_CALL[call])]
    sql += _STATE
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        row = cursor.fetchone()
    if row is None:
        return LOST
    state: str = row[0]
    # An earlier try may have got its receipt while this one was under way.
    tried_before = message.fence > 1
    if tried_before and state in (State.SENT, State.FAILED) and see_arrived([message.id]):
        return State.DELIVERED.value
    return state


# When the next try is: after the pause, or when the next channel's time comes (null: never).
_NEXT = """
FROM (SELECT least(clock.now + %s,
                   CASE WHEN clock.fallback IS NOT NULL
                        THEN greatest(clock.fallback, clock.now) END) AS at
        FROM (SELECT %s::timestamptz AS fallback,
                     coalesce(%s::timestamptz, statement_timestamp()) AS now) AS clock) AS next"""

_TRIED = """, tried AS (
    INSERT INTO notifications_attempt
           (message_id, fence, channel, gateway, began_at, ended_at, outcome, code, provider_id,
            text_version, to_sealed, text_sealed, receipt)
    SELECT id, fence, %s, %s, statement_timestamp() - %s, statement_timestamp(), %s, %s, %s,
           %s, %s, %s, ''
      FROM settled
)"""

_STATE = " SELECT state FROM settled"

_CALL = """, call AS (
    INSERT INTO notifications_call (message_id, subject, reason, deadline)
    SELECT id, subject, %s, send_before FROM settled
     WHERE state = 'failed' AND kind = ANY(%s)
        ON CONFLICT (message_id) DO NOTHING
)"""
