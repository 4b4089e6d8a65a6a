"""What people have been told so far of something that changes, and what is still to tell them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from .models import OPEN, Kind, State

REMINDERS = (Kind.REMINDER_DAY_BEFORE, Kind.REMINDER_TWO_HOURS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """`last` is what the newest message that went out told; empty where none has told it.

    `reminded`, `reminder_comes`: of the present occasion. `next_at`: when the next message of
    another kind than `update` goes. `sending`: one is under way now, what it tells is not written
    yet. `updates`: the occasion of the next message of the kind `update`.
    """

    last: str
    reminded: bool
    reminder_comes: bool
    next_at: datetime | None
    update_comes: bool
    sending: bool
    updates: int


def telling(occasions: Mapping[UUID, int], name: str, update: Kind) -> dict[UUID, Telling]:
    """By subject, of those that have messages; `name` is the key in Message.told. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT subject,
                   coalesce((array_agg(told->>%(name)s ORDER BY sent_at DESC) FILTER
                       (WHERE went_out AND told->>%(name)s <> ''))[1], ''),
                   bool_or(is_reminder AND went_out),
                   bool_or(is_reminder AND is_open),
                   min(next_attempt_at) FILTER (WHERE is_open AND kind <> %(update)s),
                   bool_or(is_open AND kind = %(update)s),
                   bool_or(state = %(sending)s),
                   coalesce(max(occasion) FILTER (WHERE kind = %(update)s), -1) + 1
              FROM (SELECT message.*, state = ANY(%(open)s) AS is_open,
                           -- Taken once, also where the time of its next channel ran out since.
                           state IN ('sent', 'delivered')
                               OR (state IN ('expired', 'withdrawn') AND sent_at IS NOT NULL)
                               AS went_out,
                           kind = ANY(%(reminders)s) AND message.occasion = asked.occasion
                               AS is_reminder
                      FROM unnest(%(subjects)s::uuid[], %(occasions)s::int[])
                               AS asked(about, occasion)
                      JOIN notifications_message AS message ON message.subject = asked.about
                   ) AS message
             GROUP BY subject
            """,
            {
                "name": name,
                "update": str(update),
                "sending": str(State.SENDING),
                "open": [str(state) for state in OPEN],
                "reminders": [str(kind) for kind in REMINDERS],
                "subjects": list(occasions),
                "occasions": list(occasions.values()),
            },
        )
        return {
            subject: Telling(
                last=last,
                reminded=reminded,
                reminder_comes=comes,
                next_at=next_at,
                update_comes=update_comes,
                sending=sending,
                updates=updates,
            )
            for (
                subject, last, reminded, comes, next_at, update_comes, sending, updates
            ) in cursor.fetchall()
        }  # fmt: skip
