"""The clock that every rule goes by is the database's; and whether it can be believed."""

import time
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

#: Clocks further apart than this are not to be believed.
SKEW_MAX = timedelta(seconds=30)

#: The database's time and this machine's steady clock (seconds), when they last agreed.
_agreed: tuple[datetime, float] | None = None


def database_now() -> datetime:
    """The database's time; within a transaction, the moment at which it began."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        return cursor.fetchone()[0]


def clocks_agree() -> bool:
    """Whether the time can be believed: by this machine, the database, and what has passed since.

    Jobs that mark people as absent, send, expire or erase hold while it is false. The steady clock
    finds a jump that machine and database have made together; it holds until the time is back, or
    until somebody who has looked restarts the process.
    """
    global _agreed
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now = cursor.fetchone()[0]
    steady = _steady_seconds()
    if abs(timezone.now() - now) > SKEW_MAX:
        return False
    if _agreed is not None:
        then, steady_then = _agreed
        if abs(now - then - timedelta(seconds=steady - steady_then)) > SKEW_MAX:
            return False
    _agreed = (now, steady)
    return True


def _steady_seconds() -> float:
    """A clock that nobody sets; where it can, one that goes on while the machine sleeps."""
    boot_clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot_clock is None else time.clock_gettime(boot_clock)
