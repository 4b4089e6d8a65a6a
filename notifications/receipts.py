"""What gateways say later of what they took: delivered, read, or not delivered after all.

Receipts come twice, in any order, and before the sender has written down what they speak of. Each
only ever adds to what is known: read is more than delivered, and that more than undelivered. One
that belongs to no attempt yet waits as EarlyReceipt for a day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from .models import Attempt

#: How much a receipt says; of two for one attempt the one that says more stays.
RANKS = {Attempt.Receipt.UNDELIVERED: 1, Attempt.Receipt.DELIVERED: 2, Attempt.Receipt.READ: 3}
#: Early receipts kept at most: what nobody asks for must not fill the disk.
MOST_EARLY = 20_000
EARLY_KEPT = timedelta(days=1)
AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a gateway says of one message: its own id for it, a key of RANKS, and why not."""

    provider_id: str
    receipt: str
    at: datetime
    code: str = ""


def note_receipt(
    gateway: str, provider_id: str, receipt: str, code: str = "", at: datetime | None = None
) -> None:
    """As note_receipts, for one."""
    note_receipts(
        gateway,
        [Receipt(provider_id=provider_id, receipt=receipt, code=code, at=at or timezone.now())],
    )


def note_receipts(gateway: str, receipts: Iterable[Receipt]) -> int:
    """Write receipts down and let the messages go on; how many belonged to an attempt.

    Delivered or read: the message has arrived, also when it had been given up, and nobody needs
    to call. Undelivered: the next channel is tried at once, by whoever sends next; without one
    the person comes on the call list. One statement, two more where one comes early.
    """
    best = _best(receipts)
    known, with_sender = _apply(gateway, best)
    see_arrived(with_sender)
    early = [receipt for receipt in best if receipt.provider_id not in known]
    if early:
        _keep(gateway, early)
        # The sender may have written in between, before he could see ours.
        match_early()
    return len(best) - len(early)


def see_arrived(messages: Sequence[UUID]) -> int:
    """End as delivered what ended otherwise although a receipt says that it arrived; how many.

    A receipt that comes while the next channel is being tried leaves the message to its sender,
    and he may settle it without having seen the receipt. So both look once more, each after what
    he wrote is committed: whoever is second sees the other.
    """
    if not messages:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_SEE_ARRIVED, [list(messages)])
        return len(cursor.fetchall())


def take_early(gateway: str, provider_id: str) -> None:
    """What came before its attempt was written down; called after that is committed."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM notifications_earlyreceipt WHERE gateway = %s AND provider_id = %s"
                " RETURNING receipt, code, at",
                [gateway, provider_id],
            )
            rows = cursor.fetchall()
        receipts = [
            Receipt(provider_id=provider_id, receipt=receipt, code=code, at=at)
            for receipt, code, at in rows
        ]
        _known, with_sender = _apply(gateway, _best(receipts))
    see_arrived(with_sender)


def match_early() -> int:
    """Early receipts whose attempt has been written since; how many. On each round of sending."""
    with_sender: list[UUID] = []
    with transaction.atomic():
        by_gateway = _matched()
        for gateway, receipts in by_gateway.items():
            with_sender += _apply(gateway, _best(receipts))[1]
    see_arrived(with_sender)
    return sum(map(len, by_gateway.values()))


def _matched() -> dict[str, list[Receipt]]:
    """Early receipts that belong to an attempt by now, taken out, by gateway."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM notifications_earlyreceipt AS early
             USING (SELECT e.id FROM notifications_earlyreceipt AS e
                     WHERE EXISTS (SELECT FROM notifications_attempt AS attempt
                                    WHERE attempt.gateway = e.gateway
                                      AND attempt.provider_id = e.provider_id
                                      AND attempt.provider_id <> '')
                     LIMIT %s FOR UPDATE SKIP LOCKED) AS found
             WHERE early.id = found.id
            RETURNING early.gateway, early.provider_id, early.receipt, early.code, early.at
            """,
            [AT_ONCE],
        )
        rows = cursor.fetchall()
    by_gateway: dict[str, list[Receipt]] = {}
    for gateway, provider_id, receipt, code, at in rows:
        found = Receipt(provider_id=provider_id, receipt=receipt, code=code, at=at)
        by_gateway.setdefault(gateway, []).append(found)
    return by_gateway


def sweep_early() -> int:
    """Delete what nobody asked for in a day; how many."""
    values: list[Any] = [EARLY_KEPT]
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM notifications_earlyreceipt WHERE received_at < statement_timestamp() - %s",
            values,
        )
        return cursor.rowcount


def _best(receipts: Iterable[Receipt]) -> list[Receipt]:
    """One for each id, the one that says most, in an order that is the same for everybody."""
    found: dict[str, Receipt] = {}
    for receipt in receipts:
        before = found.get(receipt.provider_id)
        if before is None or _rank(receipt) > _rank(before):
            found[receipt.provider_id] = receipt
    return [found[provider_id] for provider_id in sorted(found)]


def _rank(receipt: Receipt) -> int:
    return RANKS[Attempt.Receipt(receipt.receipt)]


def _keep(gateway: str, receipts: Sequence[Receipt]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO notifications_earlyreceipt (gateway, provider_id, receipt, code, at)
            SELECT %s, given.*
              FROM unnest(%s::text[], %s::text[], %s::text[], %s::timestamptz[]) AS given
             WHERE (SELECT count(*) FROM (SELECT FROM notifications_earlyreceipt LIMIT %s) AS kept)
                   < %s
                ON CONFLICT (gateway, provider_id, receipt) DO NOTHING
            """,
            [gateway, *_columns(receipts), MOST_EARLY, MOST_EARLY],
        )


def _apply(gateway: str, receipts: Sequence[Receipt]) -> tuple[set[str], list[UUID]]:
    """Write them down, each where it says more than is known.

    Returns the ids that belong to an attempt, and the messages that are left to their sender.
    """
    if not receipts:
        return set(), []
    ranks = [_rank(receipt) for receipt in receipts]
    with connection.cursor() as cursor:
        cursor.execute(_APPLY, [*_columns(receipts), ranks, gateway])
        rows = cursor.fetchall()
    return {row[0] for row in rows}, sorted({row[1] for row in rows if row[2]})


def _columns(receipts: Sequence[Receipt]) -> list[list[str] | list[datetime]]:
    return [
        [receipt.provider_id for receipt in receipts],
        [str(receipt.receipt) for receipt in receipts],
        [receipt.code for receipt in receipts],
        [receipt.at for receipt in receipts],
    ]


# A message that is due or being sent again is left to its sender: claiming it, he sees the receipt
# (outbox.claim), or where he has claimed it already, both look again (see_arrived). A channel that
# failed counts only while the message stands at that channel.
_APPLY = """
WITH given AS (
    SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::int[])
        AS given (provider_id, receipt, code, at, rank)
), known AS (
    SELECT attempt.id, attempt.message_id, given.*
      FROM given JOIN notifications_attempt AS attempt
        ON attempt.gateway = %s AND attempt.provider_id = given.provider_id
       AND attempt.provider_id <> ''
     ORDER BY attempt.id
       FOR NO KEY UPDATE OF attempt
), better AS (
    UPDATE notifications_attempt AS attempt
       SET receipt = known.receipt, receipt_at = known.at,
           code = CASE WHEN known.receipt = 'undelivered' THEN known.code ELSE '' END
      FROM known
     WHERE attempt.id = known.id
       AND known.rank > CASE attempt.receipt WHEN '' THEN 0 WHEN 'undelivered' THEN 1
                                             WHEN 'delivered' THEN 2 ELSE 3 END
    RETURNING attempt.message_id, attempt.channel, known.receipt, known.code, known.at
), arrived AS (
    UPDATE notifications_message AS message
       SET state = 'delivered', delivered_at = better.at, fallback_at = NULL, failure = '',
           ended_at = coalesce(ended_at, statement_timestamp())
      FROM better
     WHERE message.id = better.message_id AND better.receipt <> 'undelivered'
       AND message.state IN ('sent', 'failed', 'expired', 'withdrawn')
    RETURNING message.id
), told AS (
    UPDATE notifications_call AS call
       SET state = 'moot', ended_at = statement_timestamp(), held_by_id = NULL, held_until = NULL
      FROM arrived
     WHERE call.message_id = arrived.id AND call.state = 'open'
), missed AS (
    UPDATE notifications_message AS message
       SET state = CASE WHEN send_before > statement_timestamp() THEN 'due' ELSE 'failed' END,
           ended_at = CASE WHEN send_before > statement_timestamp() THEN NULL
                           ELSE statement_timestamp() END,
           next_attempt_at = CASE WHEN send_before > statement_timestamp()
                                  THEN statement_timestamp() ELSE next_attempt_at END,
           given_up = given_up || better.channel, fallback_at = NULL,
           failure = coalesce(nullif(better.code, ''), 'undelivered')
      FROM better
     WHERE message.id = better.message_id AND better.receipt = 'undelivered'
       AND message.state = 'sent' AND message.channel = better.channel
)
SELECT known.provider_id, message.id,
       message.state IN ('due', 'sending') AND known.receipt <> 'undelivered'
  FROM known JOIN notifications_message AS message ON message.id = known.message_id
"""

_SEE_ARRIVED = """
WITH arrived AS (
    UPDATE notifications_message AS message
       SET state = 'delivered', delivered_at = seen.at, fallback_at = NULL, failure = '',
           ended_at = coalesce(ended_at, statement_timestamp())
      FROM (SELECT message_id, min(receipt_at) AS at FROM notifications_attempt
             WHERE message_id = ANY(%s) AND receipt IN ('delivered', 'read')
             GROUP BY message_id) AS seen
     WHERE message.id = seen.message_id
       AND message.state IN ('sent', 'failed', 'expired', 'withdrawn')
    RETURNING message.id
), told AS (
    UPDATE notifications_call AS call
       SET state = 'moot', ended_at = statement_timestamp(), held_by_id = NULL, held_until = NULL
      FROM arrived
     WHERE call.message_id = arrived.id AND call.state = 'open'
)
SELECT id FROM arrived
"""
