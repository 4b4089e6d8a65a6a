"""What was sent, and where to, kept as it was sent: sealed with the attempt, for its message.

Erased by erasure.py; sealed again under a new key by `reseal`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from .models import Attempt, Consent, DemoMessage
from .personal_data import open_sealed, seal, sealed_with_first_key

TABLE = "notifications_attempt"
BATCH = 500


def seal_address(message: UUID, address: str) -> bytes:
    return seal(address, table=TABLE, column="to_sealed", row=message)


def seal_text(message: UUID, text: str) -> bytes:
    return seal(text, table=TABLE, column="text_sealed", row=message)


def address_of(attempt: Attempt) -> str:
    """Where it was sent to; empty once erased. Raises personal_data.CannotOpen."""
    return _opened(attempt.to_sealed, "to_sealed", attempt.message_id)


def text_of(attempt: Attempt) -> str:
    """What was sent; empty once erased. Raises personal_data.CannotOpen."""
    return _opened(attempt.text_sealed, "text_sealed", attempt.message_id)


def _opened(sealed: bytes | memoryview | None, column: str, row: UUID) -> str:
    return "" if sealed is None else open_sealed(bytes(sealed), table=TABLE, column=column, row=row)


def reseal(batch: int = BATCH) -> int:
    """Seal again, with the first key, what an older one has sealed; how many rows were changed.

    One transaction for each batch, so it may be stopped and begun again at any point.
    """
    return _in_batches(Attempt, _reseal_attempt, ["to_sealed", "text_sealed"], batch) + (
        _in_batches(DemoMessage, _reseal_demo, ["sealed"], batch)
        + _in_batches(Consent, _reseal_consent, ["address_sealed"], batch)
    )


def _in_batches(
    model: type[Attempt] | type[DemoMessage] | type[Consent],
    again: Callable[..., bool],
    columns: list[str],
    batch: int,
) -> int:
    changed, last = 0, None
    some = Q(**{f"{columns[0]}__isnull": False}) | Q(**{f"{columns[-1]}__isnull": False})
    while True:
        with transaction.atomic():
            rows = model._default_manager.filter(some).order_by("pk").select_for_update()
            found = list(rows[:batch] if last is None else rows.filter(pk__gt=last)[:batch])
            if not found:
                return changed
            stale: list[Any] = [row for row in found if again(row)]
            if stale:
                model._default_manager.bulk_update(stale, columns)
        changed += len(stale)
        last = found[-1].pk


def _reseal_attempt(attempt: Attempt) -> bool:
    stale = False
    for column in ("to_sealed", "text_sealed"):
        sealed = getattr(attempt, column)
        if sealed is not None and not sealed_with_first_key(bytes(sealed)):
            plain = _opened(sealed, column, attempt.message_id)
            setattr(
                attempt, column, seal(plain, table=TABLE, column=column, row=attempt.message_id)
            )
            stale = True
    return stale


def _reseal_demo(row: DemoMessage) -> bool:
    if sealed_with_first_key(bytes(row.sealed)):
        return False
    place = {"table": "demo_message", "column": "sealed", "row": row.id}
    row.sealed = seal(open_sealed(bytes(row.sealed), **place), **place)  # type: ignore[arg-type]
    return True


def _reseal_consent(row: Consent) -> bool:
    sealed = bytes(row.address_sealed or b"")
    if sealed_with_first_key(sealed):
        return False
    place = {"table": "notifications_consent", "column": "address_sealed", "row": row.subject}
    row.address_sealed = seal(open_sealed(sealed, **place), **place)  # type: ignore[arg-type]
    return True
