"""The outbox: messages are planned with the change that causes them, claimed, settled.

    planned -> due -> sending -> sent -> delivered, or failed | expired | withdrawn   (models.MOVES)

Why nothing is lost: `plan` writes in the caller's transaction, so a change and its messages
commit together, and the broker is never asked. Why nothing is sent twice in normal running: a
claim locks its rows with SKIP LOCKED and marks them as leased in the same statement; two workers,
or two beats, never hold the same row. What a killed sender held is claimed again when its lease
runs out; its `fence` has grown by then, so a sender that was only slow can no longer write.

How a claimed message ends is in settling.py.

Times are the database's clock (statement_timestamp) when `now` is None; a time passed in is for
tests and for the command that moves the clock. Leases always run on the database's clock.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from uuid_utils.compat import uuid7

from .models import Message, new_reference
from .resending import CannotResend as CannotResend
from .resending import plan_again as plan_again
from .texts import kinds as known_kinds

# Longer than a message may wait in a sender's hand, be sent and settled (delivery.BEGIN_WITHIN).
LEASE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One message to plan. `details` may hold nothing personal.

    `may_wake`: goes in quiet hours as well; `patient_until`: waits for their end unless that is
    later than this.
    """

    subject: UUID
    kind: str
    send_after: datetime
    send_before: datetime
    occasion: int = 0
    may_wake: bool = False
    patient_until: datetime | None = None
    details: dict[str, Any] = field(default_factory=dict)


def plan(messages: Sequence[Planned]) -> int:
    """Write messages into the outbox in one statement; returns how many are new.

    Belongs into the transaction of the change that causes them, and refuses to run outside of
    one. What is already planned for the same (subject, kind, occasion) stays as it is, so
    planning twice is harmless.
    """
    return _insert(messages, "NOTHING")[0]


def plan_or_retime(messages: Sequence[Planned]) -> tuple[int, int]:
    """As `plan`; what is planned already and untried is set to the moments given here.

    Returns how many are new, and how many were set to another moment.
    """
    return _insert(
        messages,
        """
        UPDATE SET send_after = excluded.send_after, send_before = excluded.send_before,
                   next_attempt_at = excluded.send_after
         WHERE message.state = 'planned' AND message.attempts = 0
           AND (message.send_after, message.send_before)
               IS DISTINCT FROM (excluded.send_after, excluded.send_before)
        """,
    )


def _insert(messages: Sequence[Planned], where_there: str) -> tuple[int, int]:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a message is planned with its cause")
    if not messages:
        return 0, 0
    unknown = {message.kind for message in messages} - known_kinds()
    if unknown:
        raise ValueError(f"no text for {', '.join(sorted(unknown))}")
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH written AS (
            INSERT INTO notifications_message AS message
                (id, subject, kind, occasion, details, send_after, send_before, may_wake,
                 patient_until, next_attempt_at, reference)
            SELECT id, subject, kind, occasion, details, send_after, send_before, may_wake,
                   patient_until, send_after, reference
              FROM unnest(%s::uuid[], %s::uuid[], %s::text[], %s::smallint[], %s::jsonb[],
                          %s::timestamptz[], %s::timestamptz[], %s::boolean[],
                          %s::timestamptz[], %s::text[])
                AS t(id, subject, kind, occasion, details, send_after, send_before, may_wake,
                     patient_until, reference)
                ON CONFLICT (subject, kind, occasion, repeat) DO {where_there}
            RETURNING xmax = 0 AS is_new)
            SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM written
            """,  # noqa: S608 (one of the two above)
            [
                [uuid7() for _ in messages],
                [message.subject for message in messages],
                [message.kind for message in messages],
                [message.occasion for message in messages],
                [json.dumps(message.details) for message in messages],
                [message.send_after for message in messages],
                [message.send_before for message in messages],
                [message.may_wake for message in messages],
                [message.patient_until for message in messages],
                [new_reference() for _ in messages],
            ],
        )
        new, changed = cursor.fetchone()
        return new, changed


def withdraw(subject: UUID, kinds: Iterable[str] | None = None) -> int:
    """Take back what is not sent yet, of these kinds or of all; one statement.

    A message that somebody is sending right now is left to him: before each try he asks whether
    it still holds, and withdraws it himself.
    """
    kinds_given = None if kinds is None else list(kinds)
    return _execute(
        """
        UPDATE notifications_message
           SET state = 'withdrawn', ended_at = statement_timestamp()
         WHERE subject = %s AND state IN ('planned', 'due')
           AND (%s::text[] IS NULL OR kind = ANY(%s))
        """,
        [subject, kinds_given, kinds_given],
    )


def withdraw_all(subjects: Sequence[UUID], kinds: Iterable[str]) -> int:
    """As `withdraw`, for many subjects in one statement."""
    if not subjects:
        return 0
    return _execute(
        """
        UPDATE notifications_message
           SET state = 'withdrawn', ended_at = statement_timestamp()
         WHERE subject = ANY(%s) AND state IN ('planned', 'due') AND kind = ANY(%s)
        """,
        [list(subjects), [str(kind) for kind in kinds]],
    )


#: How many become due in one statement, those that are needed first (Message.needed_by).
DUE_AT_ONCE = 2000


def mark_due(now: datetime | None = None) -> int:
    """Whose moment has come waits for a sender from now on; returns how many."""
    return _execute(
        """
        WITH come AS (
            SELECT id
              FROM notifications_message
             WHERE state = 'planned' AND next_attempt_at <= coalesce(%s, statement_timestamp())
             ORDER BY coalesce(patient_until, send_before), id
             LIMIT %s
               FOR UPDATE SKIP LOCKED
        )
        UPDATE notifications_message AS message
           SET state = 'due', due_at = coalesce(due_at, statement_timestamp())
          FROM come
         WHERE message.id = come.id
        """,
        [now, DUE_AT_ONCE],
    )


def claim(limit: int, now: datetime | None = None, *, lease: timedelta = LEASE) -> list[Message]:
    """Take up to `limit` due messages to send, those that are needed first.

    Each comes with `claimed_at`, the time on the clock that was asked, and with `arrived`: a
    receipt says that an earlier try has reached the person after all. The order decides who is
    told in time when much has piled up. What is past its `send_before` is never taken: nobody is
    reminded of the past. Taking over from a sender whose lease ran out leaves the attempt `lost`.
    """
    mark_due(now)
    found = Message.objects.raw(
        """
        WITH due AS (
            SELECT id, fence, lease_until
              FROM notifications_message
             WHERE state IN ('due', 'sending')
               AND next_attempt_at <= coalesce(%s, statement_timestamp())
               AND send_before > coalesce(%s, statement_timestamp())
               AND (lease_until IS NULL OR lease_until <= statement_timestamp())
             ORDER BY coalesce(patient_until, send_before), id
             LIMIT %s
               FOR UPDATE SKIP LOCKED
        ), lost AS (
            INSERT INTO notifications_attempt
                   (message_id, fence, channel, gateway, began_at, ended_at, outcome, code, receipt)
            SELECT id, fence, '', '', lease_until - %s, lease_until, 'lost', '', ''
              FROM due
             WHERE lease_until IS NOT NULL
                ON CONFLICT (message_id, fence) DO NOTHING
        )
        UPDATE notifications_message AS message
           SET state = 'sending', fence = message.fence + 1, attempts = attempts + 1,
               lease_until = statement_timestamp() + %s
          FROM due
         WHERE message.id = due.id
        RETURNING message.*, coalesce(%s, statement_timestamp()) AS claimed_at,
               EXISTS (SELECT FROM notifications_attempt AS attempt
                        WHERE attempt.message_id = message.id
                          AND attempt.receipt IN ('delivered', 'read')) AS arrived
        """,
        [now, now, limit, lease, lease, now],
    )
    return sorted(found, key=lambda message: (message.needed_by, message.id))


def expire(now: datetime | None = None) -> int:
    """End what can no longer arrive in time; visible as `expired`.

    Two looks, since one over all open states would use neither of their indexes.
    """
    return _execute(
        """
        WITH late AS (
            SELECT id
              FROM notifications_message
             WHERE id IN (
                       SELECT id FROM notifications_message
                        WHERE state = 'planned'
                          AND next_attempt_at <= coalesce(%s, statement_timestamp())
                          AND send_before <= coalesce(%s, statement_timestamp())
                        UNION ALL
                       SELECT id FROM notifications_message
                        WHERE state IN ('due', 'sending')
                          AND send_before <= coalesce(%s, statement_timestamp()))
               AND state IN ('planned', 'due', 'sending')
               AND (lease_until IS NULL OR lease_until <= statement_timestamp())
               FOR UPDATE SKIP LOCKED
        )
        UPDATE notifications_message AS message
           SET state = 'expired', lease_until = NULL, fallback_at = NULL,
               ended_at = statement_timestamp(),
               failure = CASE WHEN failure = '' THEN 'too_late' ELSE failure END
          FROM late
         WHERE message.id = late.id
        """,
        [now, now, now],
    )


def fall_back(now: datetime | None = None) -> int:
    """What was sent and got no receipt in time goes to the next channel; how many.

    A message whose time is over stays `sent`: whatever is left to try would come too late.
    """
    return _execute(
        """
        WITH silent AS (
            SELECT id, send_before > coalesce(%s, statement_timestamp()) AS in_time
              FROM notifications_message
             WHERE state = 'sent' AND fallback_at <= coalesce(%s, statement_timestamp())
             ORDER BY fallback_at
             LIMIT %s
               FOR UPDATE SKIP LOCKED
        )
        UPDATE notifications_message AS message
           SET fallback_at = NULL,
               state = CASE WHEN in_time THEN 'due' ELSE 'sent' END,
               ended_at = CASE WHEN in_time THEN NULL ELSE ended_at END,
               failure = CASE WHEN in_time THEN 'no_receipt' ELSE failure END,
               given_up = CASE WHEN in_time THEN given_up || channel ELSE given_up END
          FROM silent
         WHERE message.id = silent.id
        """,
        [now, now, DUE_AT_ONCE],
    )


def put_back(messages: Sequence[Message], until: datetime | None = None) -> int:
    """Give up claims without a try: what time ran out for, or what waits for quiet hours' end."""
    return _execute(
        """
        UPDATE notifications_message AS message
           SET state = CASE WHEN %s::timestamptz IS NULL THEN 'due' ELSE 'planned' END,
               lease_until = NULL, attempts = attempts - 1,
               next_attempt_at = coalesce(%s, next_attempt_at)
          FROM unnest(%s::uuid[], %s::bigint[]) AS held(id, fence)
         WHERE message.id = held.id AND message.fence = held.fence AND state = 'sending'
        """,
        [
            until,
            until,
            [message.id for message in messages],
            [message.fence for message in messages],
        ],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A claim given up without a try, since its gateway takes nothing for `delay`.

    `failure` says why; empty leaves what is written. Of the message itself `given_up` and
    `fallback_at` are written as they are in memory.
    """

    message: Message
    delay: timedelta
    channel: str = ""
    failure: str = ""


def postpone(waits: Sequence[Wait], now: datetime | None = None) -> int:
    """Put claims back for a while, all in one statement; no try is counted.

    Never beyond the last second before a message's end: a gateway may come back until then.
    """
    return _execute(
        """
        UPDATE notifications_message AS message
           SET state = 'due', lease_until = NULL, attempts = attempts - 1,
               channel = CASE WHEN wait.failure = '' THEN message.channel
                              ELSE wait.channel END,
               failure = CASE WHEN wait.failure = '' THEN message.failure ELSE wait.failure END,
               given_up = string_to_array(wait.given_up, ','), fallback_at = wait.fallback_at,
               next_attempt_at = least(
                   coalesce(%s, statement_timestamp()) + wait.delay,
                   CASE WHEN wait.fallback_at IS NOT NULL
                        THEN greatest(wait.fallback_at, coalesce(%s, statement_timestamp())) END,
                   send_before - interval '1 second')
          FROM unnest(%s::uuid[], %s::bigint[], %s::interval[], %s::text[], %s::text[], %s::text[],
                      %s::timestamptz[])
            AS wait(id, fence, delay, channel, failure, given_up, fallback_at)
         WHERE message.id = wait.id AND message.fence = wait.fence AND state = 'sending'
        """,
        [
            now,
            now,
            [wait.message.id for wait in waits],
            [wait.message.fence for wait in waits],
            [wait.delay for wait in waits],
            [wait.channel for wait in waits],
            [wait.failure for wait in waits],
            [",".join(wait.message.given_up) for wait in waits],
            [wait.message.fallback_at for wait in waits],
        ],
    )


def _execute(sql: str, values: list[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.rowcount
