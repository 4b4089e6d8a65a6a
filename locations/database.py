"""What an error of the database means to whoever asked."""

from django.db import InterfaceError, OperationalError


def is_unavailable(error: BaseException | None) -> bool:
    """Whether the database is away, full, too busy or the wait for it was cut off.

    True for a lost or refused connection, an exhausted pool, `statement_timeout`,
    `lock_timeout`, a deadlock that retries did not settle, a full disk, a restart. Whoever asked
    is told to come again (503 with Retry-After); nothing was written.
    """
    return isinstance(error, OperationalError | InterfaceError)
