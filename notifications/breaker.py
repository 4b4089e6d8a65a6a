"""How gateways fare, known to all senders at once: rest after failures, pauses, sending slots.

One row per gateway (models.Gateway), on the database's clock. A circuit breaker: after
FAILURES_IN_A_ROW the gateway rests; then one message tries it, whoever of the senders is first.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.db import connection

log = structlog.get_logger(__name__)

FAILURES_IN_A_ROW = 3
REST = timedelta(seconds=30)
LONGEST_REST = timedelta(minutes=15)
# Retry-After is obeyed up to here; a gateway that says "next year" is tried again all the same.
LONGEST_ASKED = timedelta(hours=1)
# One attempt and its settling: so long nobody else tries a gateway that is being tried.
PROBE = timedelta(seconds=20)
# Slots are not taken from further ahead than this; what does not fit waits in the outbox.
AHEAD = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A gateway as all senders have found it; `rests` is how long it is still left alone."""

    failures: int = 0
    paused: bool = False
    rests: timedelta = timedelta(0)

    @property
    def to_be_tried(self) -> bool:
        """Its rest is over and nobody has tried it since."""
        return self.failures >= FAILURES_IN_A_ROW and not self.rests


def conditions(names: Iterable[str]) -> dict[str, Condition]:
    """How each of these gateways fares; one statement, and one more for a name that is new."""
    wanted = set(names)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT name, failures, paused_at IS NOT NULL,
                   greatest(open_until - statement_timestamp(), interval '0')
              FROM notifications_gateway WHERE name = ANY(%s)
            """,
            [sorted(wanted)],
        )
        found = {
            name: Condition(failures=failures, paused=paused, rests=rests or timedelta(0))
            for name, failures, paused, rests in cursor.fetchall()
        }
        new = sorted(wanted - found.keys())
        if new:
            cursor.execute(
                "INSERT INTO notifications_gateway (name) SELECT unnest(%s::text[])"
                " ON CONFLICT DO NOTHING",
                [new],
            )
    return found | {name: Condition() for name in new}


def note_success(name: str) -> None:
    """It has taken a message: whatever was, is over."""
    _execute(
        """
        UPDATE notifications_gateway
           SET failures = 0, open_until = NULL, changed_at = statement_timestamp()
         WHERE name = %s AND (failures > 0 OR open_until IS NOT NULL)
        """,
        [name],
    )


def note_failure(name: str, retry_after: timedelta | None = None, *, probe: bool = False) -> None:
    """It failed for now. The third time in a row, or where it asks for a pause, it rests.

    What comes back while it rests already counts once (several were on their way), unless it is
    the one message that tried it (`probe`). Each rest is twice as long, spread by chance.
    """
    asked = None if retry_after is None else min(retry_after, LONGEST_ASKED)
    _execute(
        """
        UPDATE notifications_gateway
           SET failures = CASE WHEN %s::interval IS NULL THEN failures + 1
                               ELSE greatest(failures + 1, %s) END,
               open_until = CASE
                   WHEN %s::interval IS NOT NULL THEN statement_timestamp() + %s
                   WHEN failures + 1 >= %s THEN statement_timestamp()
                        + least(%s * power(2, least(failures + 1 - %s, 20)), %s) * %s
               END,
               changed_at = statement_timestamp()
         WHERE name = %s AND (%s OR open_until IS NULL OR open_until <= statement_timestamp())
        """,
        [
            asked,
            FAILURES_IN_A_ROW,
            asked,
            asked,
            FAILURES_IN_A_ROW,
            REST,
            FAILURES_IN_A_ROW,
            LONGEST_REST,
            random.uniform(1.0, 1.2),  # noqa: S311
            name,
            probe,
        ],
    )


def begin_probe(name: str) -> bool:
    """Whether this sender is the one that may try a gateway whose rest is over."""
    return (
        _execute(
            """
            UPDATE notifications_gateway
               SET open_until = statement_timestamp() + %s, changed_at = statement_timestamp()
             WHERE name = %s AND failures >= %s AND paused_at IS NULL
               AND open_until <= statement_timestamp()
            """,
            [PROBE, name, FAILURES_IN_A_ROW],
        )
        == 1
    )


def pause(name: str, reason: str, by: Any = None) -> bool:
    """Let nothing through until somebody takes the pause away; False where it is paused already.

    `by` is the staff who did it; without, the gateway refuses everything and one alarm is raised,
    however many senders meet it.
    """
    paused = _execute(
        """
        UPDATE notifications_gateway
           SET paused_at = statement_timestamp(), pause_reason = left(%s, 40), paused_by_id = %s,
               changed_at = statement_timestamp()
         WHERE name = %s AND paused_at IS NULL
        """,
        [reason, getattr(by, "pk", None), name],
    )
    if paused and by is None:
        log.error("gateway paused", gateway=name, code=reason)
    return paused == 1


def resume(name: str) -> bool:
    """Take the pause away; what waited goes within a minute. False where there was none."""
    return (
        _execute(
            """
            UPDATE notifications_gateway
               SET paused_at = NULL, pause_reason = '', paused_by_id = NULL, failures = 0,
                   open_until = NULL, changed_at = statement_timestamp()
             WHERE name = %s AND paused_at IS NOT NULL
            """,
            [name],
        )
        == 1
    )


def reserve(name: str, count: int, per_second: float) -> float | None:
    """Take `count` sending slots of a gateway's rate, for this sender alone; one statement.

    Returns in how many seconds the first is; the others follow each 1/`per_second` later. None:
    others have taken all slots of the next AHEAD.
    """
    taken = timedelta(seconds=count / per_second)
    given: list[Any] = [taken, name, AHEAD, taken]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE notifications_gateway
               SET next_at = greatest(next_at, statement_timestamp()) + %s
             WHERE name = %s AND next_at <= statement_timestamp() + %s
            RETURNING extract(epoch FROM next_at - %s - statement_timestamp())
            """,
            given,
        )
        row = cursor.fetchone()
    return None if row is None else max(float(row[0]), 0.0)


def _execute(sql: str, values: list[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.rowcount
