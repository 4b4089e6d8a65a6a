"""Forgetting what the outbox knows of people: addresses soon, texts with the person."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

# So long a complaint can be followed ("nothing came") before the address of an attempt goes.
ADDRESSES_KEPT = timedelta(days=7)
BATCH = 500


def erase_addresses(now: datetime | None = None, batch: int = BATCH) -> int:
    """Erase where messages were sent to, ADDRESSES_KEPT after they ended; how many attempts.

    Each batch is one statement that commits by itself, so it may be stopped anywhere and goes on
    at the next call. A row that somebody is just writing is left for then.
    """
    erased = 0
    given: list[Any] = [now, ADDRESSES_KEPT, batch]
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                WITH old AS (
                    SELECT attempt.id
                      FROM notifications_attempt AS attempt
                      JOIN notifications_message AS message ON message.id = attempt.message_id
                     WHERE attempt.to_sealed IS NOT NULL
                       AND message.ended_at < coalesce(%s, statement_timestamp()) - %s
                     ORDER BY attempt.message_id
                     LIMIT %s
                       FOR UPDATE OF attempt SKIP LOCKED
                )
                UPDATE notifications_attempt AS attempt
                   SET to_sealed = NULL
                  FROM old
                 WHERE attempt.id = old.id
                """,
                given,
            )
            found = cursor.rowcount
        erased += found
        if found < batch:
            return erased


def forget(subjects: Iterable[UUID]) -> int:
    """Erase addresses and texts of everything sent about these subjects; how many attempts.

    Belongs into the transaction that forgets the person. Times, kinds and states stay, so every
    count stays what it was.
    """
    ids = list(subjects)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM notifications_demomessage AS demo
             USING notifications_message AS message
             WHERE demo.reference = message.reference AND message.subject = ANY(%s)
            """,
            [ids],
        )
        cursor.execute(
            "UPDATE notifications_consent SET address_sealed = NULL"
            " WHERE subject = ANY(%s) AND address_sealed IS NOT NULL",
            [ids],
        )
        cursor.execute(
            """
            UPDATE notifications_attempt AS attempt
               SET to_sealed = NULL, text_sealed = NULL
              FROM notifications_message AS message
             WHERE message.id = attempt.message_id AND message.subject = ANY(%s)
               AND (attempt.to_sealed IS NOT NULL OR attempt.text_sealed IS NOT NULL)
            """,
            [ids],
        )
        return cursor.rowcount
