"""Who does what, and why: told to the database, which writes it beside every change.

The history tables are filled by triggers (pghistory), so raw SQL is caught too. The triggers read
the context from two session variables; they are set with `set_config(…, true)`, which ends with the
transaction. (pghistory's own context manager glues its statement to the next one, which fails with
server-side prepared statements.)
"""

import json
from typing import TypeVar

import pghistory
from django.db import connection, models
from uuid_utils.compat import uuid7

M = TypeVar("M", bound=models.Model)


def tracked(model: type[M]) -> type[M]:
    """Every change of a rule leaves a row: who, when, from, to, why (invariant 9)."""
    return pghistory.track(
        pghistory.InsertEvent(),
        pghistory.UpdateEvent(),
        pghistory.DeleteEvent(),
        context_field=pghistory.ContextJSONField(),
        context_id_field=pghistory.ContextUUIDField(),
    )(model)


def note_change(*, who: str, why: str) -> None:
    """State who changes something and why, for the history rows of this transaction.

    `who` is "resident", "system" or "staff:<id>"; never a name. Call inside `atomic()`.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("note_change needs a transaction: outside one it says nothing")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('pghistory.context_id', %s, true),"
            " set_config('pghistory.context_metadata', %s, true)",
            [str(uuid7()), json.dumps({"who": who, "why": why})],
        )
