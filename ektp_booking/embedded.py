"""PostgreSQL and Redis for trying out and for tests, where no URL names others.

Real servers from wheels (requirements-dev.txt), with all their data under `var/`. One process,
the keeper (keeper.py), starts them and stops them again when nobody uses them any longer. Who
uses them holds a shared lock on a file: the kernel gives it back however the user ends, so a
kill -9 leaves nothing behind that the next start would trip over.

    with embedded.servers():
        ...  # database_url("ektp_app") and redis_url() answer here
"""

import contextlib
import fcntl
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO
from urllib.parse import quote

BASE_DIR = Path(__file__).resolve().parent.parent
START_SECONDS = 90
STOP_SECONDS = 20
# The kernel's limit is 107 bytes for the whole path of a Unix socket.
LONGEST_SOCKET_DIR = 107 - len("/.s.PGSQL.5432.lock")

# Processes of `make run` carry this variable with the path of their `var/`: once nobody uses the
# servers any longer, whoever still carries it has lost its parent.
MARK = "EKTP_RUN_OF"

# Commands of manage.py that need no server.
WITHOUT_SERVERS = {"help", "version", "check", "collectstatic", "makemessages", "messages"}
# Nor do these of `manage.py backup`: after a loss, a fresh database would only be in the way.
BACKUP_WITHOUT_SERVERS = {"restore", "drill", "look"}


class CannotStart(Exception):
    """One sentence for people: why the servers could not be started."""


def var_dir() -> Path:
    """Where all data of this checkout lies: `var/`, or VAR_DIR (tests have their own)."""
    return Path(os.environ.get("VAR_DIR") or BASE_DIR / "var").absolute()


def socket_dir() -> Path:
    """Where the servers' sockets lie: under var/, or in the temporary folder if too deep."""
    inside = var_dir() / "run"
    if len(os.fsencode(inside)) <= LONGEST_SOCKET_DIR:
        return inside
    name = hashlib.sha256(os.fsencode(inside)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"ektp-{os.getuid()}-{name}"


def database_url(role: str, database: str = "ektp") -> str:
    return f"postgresql://{role}@/{database}?host={quote(str(socket_dir()), safe='/')}"


def redis_url() -> str:
    return f"redis+socket://{quote(str(socket_dir() / 'redis.sock'), safe='/')}"


def needed() -> bool:
    """Whether the environment leaves the database or Redis to us."""
    return not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"))


def servers_for(argv: list[str]) -> contextlib.AbstractContextManager[None]:
    """The servers, for a command line of manage.py that needs them; else nothing."""
    without = len(argv) < 2 or argv[1] in WITHOUT_SERVERS or argv[1].startswith("-")
    if argv[1:2] == ["backup"]:
        elsewhere = bool(os.environ.get("DATABASE_BACKUP_URL"))
        without = elsewhere or bool(BACKUP_WITHOUT_SERVERS.intersection(argv[2:3]))
    # Django asks the command itself for its help, and its autoreloader starts us a second time.
    if without or "--help" in argv or not needed():
        return contextlib.nullcontext()
    return servers()


@contextlib.contextmanager
def servers(say: Callable[[str], None] = lambda text: None) -> Iterator[None]:
    """Have both servers running inside the block; raises CannotStart with a plain sentence.

    `say` is told what takes time. May be nested and used by many processes at once.
    """
    hold = _users_file()
    try:
        fcntl.flock(hold, fcntl.LOCK_SH)  # waits while a keeper is just shutting down
        with _closed_in_children(hold):
            ensure(say)
            yield
    finally:
        hold.close()


def ensure(say: Callable[[str], None] = lambda text: None) -> None:
    """Start the keeper unless it runs, and wait until it says that both servers answer."""
    said = ""
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        keeper_runs = is_locked(var_dir() / "keeper.lock")
        status = read_status() if keeper_runs else {}
        if status.get("state") == "ready":
            return
        if not keeper_runs:
            _spawn_keeper()
            status = {}
        if status.get("state") == "failed":
            raise CannotStart(status["text"])
        if status.get("text", "") not in ("", said):
            said = status["text"]
            say(said)
        time.sleep(0.05)
    raise CannotStart(
        f"PostgreSQL did not answer within {START_SECONDS} s; see {var_dir() / 'log'}."
    )


def wait_until_stopped() -> None:
    """After the last use: wait until the keeper has ended both servers."""
    give_up = time.monotonic() + STOP_SECONDS
    while is_locked(var_dir() / "keeper.lock") and time.monotonic() < give_up:
        if in_use():
            return
        time.sleep(0.05)


def in_use() -> bool:
    """Whether anybody uses the servers; a keeper that is shutting down does not count."""
    users = var_dir() / "users.lock"
    return is_locked(users) and not is_locked(users, fcntl.LOCK_SH)


def read_status() -> dict[str, str]:
    try:
        status: dict[str, str] = json.loads((var_dir() / "servers.json").read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return status


def is_locked(path: Path, against: int = fcntl.LOCK_EX) -> bool:
    """Whether a living process holds a lock on `path` (LOCK_SH: one that it shares with nobody)."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return False
    with file:
        try:
            fcntl.flock(file, against | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _users_file() -> IO[bytes]:
    try:
        var_dir().mkdir(parents=True, exist_ok=True)
        return (var_dir() / "users.lock").open("ab")
    except OSError as error:
        raise CannotStart(f"{var_dir()} cannot be written: {error.strerror}.") from error


def _spawn_keeper() -> None:
    """Start the keeper on its own: our Ctrl-C, our terminal and our death are not its."""
    log_dir = var_dir() / "log"
    log_dir.mkdir(parents=True, exist_ok=True)
    (var_dir() / "servers.json").unlink(missing_ok=True)
    with (log_dir / "keeper.log").open("ab") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "ektp_booking.keeper"],
            cwd=BASE_DIR,
            env=_keepers_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    give_up = time.monotonic() + 10
    while time.monotonic() < give_up:
        if is_locked(var_dir() / "keeper.lock") and read_status():
            return
        if (code := keeper.poll()) is not None:
            if code == 0:
                return  # another keeper was first
            text = read_status().get("text", f"see {log_dir / 'keeper.log'}")
            raise CannotStart(f"The servers for trying out could not be started: {text}")
        time.sleep(0.05)


def _keepers_environment() -> dict[str, str]:
    """Ours, without the mark that processes of `make run` carry: the keeper outlives them."""
    return {
        **{name: value for name, value in os.environ.items() if name != MARK},
        "VAR_DIR": str(var_dir()),
    }


@contextlib.contextmanager
def _closed_in_children(hold: IO[bytes]) -> Iterator[None]:
    """Keep forked children from holding our lock: it must fall with this process."""
    active = True

    def close() -> None:
        if active:
            hold.close()

    os.register_at_fork(after_in_child=close)
    try:
        yield
    finally:
        active = False
