"""What the database refuses, turned into a refusal by name; and conflicts that are tried again."""

import random
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, IntegrityError, OperationalError, connection

from services.refusals import TryAgain

TRIES = 3
#: serialization_failure, deadlock_detected, lock_not_available
CONFLICTS = frozenset({"40001", "40P01", "55P03"})

P = ParamSpec("P")
R = TypeVar("R")


def constraint_of(error: IntegrityError) -> str:
    """The name of the constraint that refused. Never use str(error): it shows the failing row."""
    diagnostics = getattr(error.__cause__, "diag", None)
    return (diagnostics.constraint_name if diagnostics else "") or ""


def sqlstate_of(error: DatabaseError) -> str:
    return getattr(error.__cause__, "sqlstate", "") or ""


def retried(verb: Callable[P, R]) -> Callable[P, R]:
    """Run a verb again when the database broke a deadlock or a lock took too long.

    At most three tries with a short random pause, then TryAgain (503). Inside a caller's
    transaction nothing is tried again: that transaction is already lost, and its owner decides.
    """

    @wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(1, TRIES + 1):
            try:
                return verb(*args, **kwargs)
            except OperationalError as error:
                if sqlstate_of(error) not in CONFLICTS or connection.in_atomic_block:
                    raise
                if attempt == TRIES:
                    raise TryAgain() from None
                time.sleep(random.uniform(0.01, 0.05) * attempt)  # noqa: S311  (a pause, not a secret)
        raise AssertionError("unreachable")

    return run
