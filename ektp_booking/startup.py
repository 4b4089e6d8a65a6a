"""What a long-running process (web, worker, beat) makes sure of before it serves."""

import os
import sys
import threading
import time
from typing import Any

from django.conf import settings
from django.core.checks import Tags, run_checks
from django.db import DatabaseError, connection

WAIT_SECONDS = 60
DEMO_SIGN_INS = ["petugas", "pengawas", "petugas-ambulu", "pengawas-ambulu", "kepala", "admin"]
DEMO_PASSWORD = "jember-demo"  # noqa: S105  (public, that is the point)
DURABILITY = ("fsync", "full_page_writes", "synchronous_commit")


class Unsafe(SystemExit):
    """Ends the process: it must not serve like this."""

    def __init__(self, reason: str) -> None:
        print(f"Refused to start: {reason}", file=sys.stderr, flush=True)
        super().__init__(1)


def check_settings() -> None:
    """The security checks, which manage.py runs by itself but a server does not."""
    for problem in run_checks(tags=[Tags.security]):
        if problem.is_serious():
            raise Unsafe(f"{problem.msg} {problem.hint or ''}".strip())


def wait_and_check(*args: Any, **kwargs: Any) -> None:
    """Worker and beat: wait for the database, saying so, then check it."""
    check_settings()
    give_up = time.monotonic() + WAIT_SECONDS
    while not database_is_there():
        if time.monotonic() > give_up:
            raise Unsafe(f"the database did not answer for {WAIT_SECONDS} s.")
        print("Waiting for the database …", file=sys.stderr, flush=True)
        time.sleep(2)
    check_database()


def check_web() -> None:
    """The web server starts at once, with or without a database.

    While the database is away people get a calm 503; it is checked as soon as it answers.
    """
    check_settings()
    if database_is_there():
        check_database()
    else:
        threading.Thread(target=_check_when_there, daemon=True).start()


def _check_when_there() -> None:
    while not database_is_there():
        time.sleep(1)
    try:
        check_database()
    except Unsafe:
        os._exit(1)  # a thread cannot end its process by an exception


def database_is_there() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    else:
        return True
    finally:
        connection.close()


def check_database() -> None:
    """Over the connection of the running processes: nothing acknowledged may be lost."""
    try:
        off = [name for name in DURABILITY if show(name) in ("off", "local")]
        if off:
            raise Unsafe(f"{', '.join(off)} is off: acknowledged bookings could be lost.")
        if settings.PRODUCTION and (names := demo_users()):
            raise Unsafe(f"accounts with the public demo password exist: {', '.join(names)}.")
    finally:
        connection.close()


def show(setting: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [setting])
        value: str = cursor.fetchone()[0]
        return value


def demo_users() -> list[str]:
    """Names of accounts that open with the demo's public password."""
    from django.contrib.auth import get_user_model

    try:
        users = list(get_user_model().objects.filter(username__in=DEMO_SIGN_INS))
    except DatabaseError:
        return []  # not migrated yet: then there are no accounts either
    return [user.username for user in users if user.check_password(DEMO_PASSWORD)]
