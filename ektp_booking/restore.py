"""The way back from a backup, and the drill that proves it while nothing is lost.

A restored directory is whole by itself: the base backup, the log up to its end, and a mark that
has PostgreSQL replay it and go on in a timeline of its own.
"""

import contextlib
import json
import mmap
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings

from ektp_booking import backup, postgres
from ektp_booking.backup import Failed, Say

RECOVERY_SECONDS = 3600
#: What follows the last whole record can only be one that was still being written. More than
#: this means that the log is damaged in between, which PostgreSQL takes for its end.
LONGEST_REST = 64 * 1024
#: The log lies in pg_wal already, but PostgreSQL insists on being told a command; and nobody is let
#: in before all of it is replayed.
RECOVERY = "restore_command = 'false'\nrecovery_target_timeline = 'latest'\nhot_standby = off\n"
#: The copy serves a private socket alone, and neither archives nor loads what the original did.
DRILL_SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "archive_mode": "off",
    "ssl": "off",
    "shared_preload_libraries": "",
    "primary_conninfo": "",
    "synchronous_standby_names": "",
    "logging_collector": "off",
    "log_destination": "stderr",
    "lc_messages": "C",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


def restore(into: Path, say: Say) -> Path:
    """Put the newest base backup and the log since into `into`, which must be new or empty.

    Returns the base backup used. Raises Failed, and then removes what it has written.
    """
    if not (found := backup.bases()):
        raise Failed(f"There is no base backup in {backup.folder()}.")
    base = found[-1]
    if into.exists() and any(into.iterdir()):
        raise Failed(f"{into} is not empty: nothing was restored, nothing was overwritten.")
    backup.verify(base)
    needed = sum(file["Size"] for file in backup.read_manifest(base)["Files"]) + 2 * log_size(base)
    into.mkdir(parents=True, exist_ok=True)
    try:
        if shutil.disk_usage(into).free < needed:
            raise Failed(f"The disk of {into} has less than {needed / 1e6:,.0f} MB free.")
        into.chmod(0o700)
        unpack(base / "base.tar.gz", into)
        unpack(base / "pg_wal.tar.gz", into / "pg_wal")
        copy_log(base, into / "pg_wal")
        (into / "recovery.signal").touch()
        with (into / "postgresql.auto.conf").open("a") as configuration:
            configuration.write(RECOVERY)
        belong_to_postgres(into)
    except BaseException:
        shutil.rmtree(into)
        raise
    say(f"Restored {base.name} and {log_size(base) / 1e6:,.0f} MB of log into {into}.")
    return base


def unpack(archive: Path, into: Path) -> None:
    try:
        with tarfile.open(archive) as files:
            files.extractall(into, filter="data")
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise Failed(f"{archive} is damaged.") from error


def needed_log(base: Path) -> list[Path]:
    """Files of the archived log from the base backup's begin on."""
    first = backup.first_segment(base)
    return [file for file in backup.segments() if file.name[8:24] >= first[8:]]


def log_size(base: Path) -> int:
    return len(needed_log(base)) * backup.SEGMENT_BYTES


def copy_log(base: Path, into: Path) -> None:
    """The file being written (`.partial`) too; a whole one of the same name wins."""
    for file in sorted(needed_log(base), key=lambda file: file.suffix, reverse=True):
        # Whole or not at all here: the receiver gives the partial one its name meanwhile.
        whole = file if file.exists() else file.with_suffix("")
        shutil.copyfile(whole, into / file.name[:24])
    for history in (backup.folder() / "wal").glob("*.history"):
        shutil.copyfile(history, into / history.name)


def belong_to_postgres(path: Path) -> None:
    """PostgreSQL refuses to run as root, so its files are its account's."""
    if account := postgres.unprivileged_account():
        for part in [path, *path.rglob("*")]:
            os.chown(part, account.pw_uid, account.pw_gid)


def drill(say: Say) -> None:
    """Restore, recover, look, and throw it away again; raises Failed with what is wrong."""
    began = time.monotonic()
    backup.make_private(backup.folder())
    with backup.alone(backup.folder() / "drill.lock"):
        for left in backup.folder().glob("drill-*/"):
            shutil.rmtree(left)
        live = live_log(say)
        home = Path(tempfile.mkdtemp(prefix="drill-", dir=backup.folder()))
        sockets = Path(tempfile.mkdtemp(prefix="ektp-drill-"))
        at = datetime.now(UTC)
        try:
            end_of_log = backup.archived()  # it grows while we copy
            restore(home / "data", say)
            leaked = holds_a_key(home)
            belong_to_postgres(sockets)
            postgres.make_reachable(home)
            with recovered(home / "data", sockets):
                seconds = time.monotonic() - began
                seen = look(sockets)
        finally:
            shutil.rmtree(home, ignore_errors=True)
            shutil.rmtree(sockets, ignore_errors=True)
    report(seen, at, seconds, live, say)
    if complaints := what_is_wrong(seen, leaked, live, end_of_log):
        raise Failed("The drill failed. " + " ".join(complaints))
    say("The drill succeeded: this backup restores.")


def live_log(say: Say) -> int | None:
    """How far the live database's log has come, once it is here; None where it is away."""
    try:
        with backup.server() as connection:
            wanted = backup.flushed(connection)
    except Failed:
        say("The live database does not answer: only the backup is looked at.")
        return None
    backup.wait_for_log(wanted)
    return wanted


@contextlib.contextmanager
def recovered(data: Path, sockets: Path) -> Iterator[None]:
    """A second PostgreSQL on the restored data, as long as the block lasts."""
    (data.parent / "postgresql.conf").touch()
    (data.parent / "hba.conf").write_text("local all all trust\n")
    (data.parent / "ident.conf").touch()
    belong_to_postgres(data.parent)
    places = {
        "config_file": data.parent / "postgresql.conf",
        "hba_file": data.parent / "hba.conf",
        "ident_file": data.parent / "ident.conf",
        "unix_socket_directories": sockets,
    }
    with (data.parent / "log").open("ab") as log:
        server = subprocess.Popen(
            [
                *(backup.program("postgres"), "-D", str(data)),
                *(f"--{name}={value}" for name, value in (DRILL_SETTINGS | places).items()),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=postgres.die_with_parent(signal.SIGINT),
            **postgres.as_account(postgres.unprivileged_account()),
        )
    try:
        wait_until_recovered(server, sockets, data.parent / "log")
        yield
    finally:
        server.send_signal(signal.SIGQUIT)  # it is thrown away: nothing has to be written
        server.wait()


def wait_until_recovered(server: "subprocess.Popen[bytes]", sockets: Path, log: Path) -> None:
    give_up = time.monotonic() + RECOVERY_SECONDS
    while "ready to accept connections" not in (said := log.read_text(errors="replace")):
        if server.poll() is not None:
            lines = [line for line in said.splitlines() if "FATAL" in line or "PANIC" in line]
            raise Failed(f"PostgreSQL did not recover: {' '.join(lines[:2])}")
        if time.monotonic() > give_up:
            raise Failed(f"Recovery took longer than {RECOVERY_SECONDS} s.")
        time.sleep(0.1)


def look(sockets: Path) -> dict[str, Any]:
    """What the code finds in the restored database: restored.py, in a process of its own.

    All its connections lead to the copy, so nothing it does can meet the live database.
    """
    done = subprocess.run(
        [sys.executable, "manage.py", "backup", "look"],
        cwd=settings.BASE_DIR,
        env={
            "PATH": os.environ.get("PATH", os.defpath),
            "PRODUCTION": "on",  # so that no key comes from a file
            "DATABASE_URL": f"postgresql://ektp_app@/ektp?host={quote(str(sockets), safe='/')}",
            "DATABASE_POOL_SIZE": "0",
            "REDIS_URL": "redis://none.invalid",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "PERSONAL_DATA_KEYS": ",".join(settings.PERSONAL_DATA_KEYS),
            "LOOKUP_PEPPER": settings.LOOKUP_PEPPER,
        },
        capture_output=True,
        text=True,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        raise Failed(f"The restored database cannot be read: {' '.join(last)}")
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def report(seen: dict[str, Any], at: datetime, seconds: float, live: int | None, say: Say) -> None:
    newest = datetime.fromisoformat(seen["newest_commit"]) if seen["newest_commit"] else None
    age = f"{max(0, (at - newest).total_seconds()):,.1f} s old" if newest else "none"
    counts = ", ".join(f"{number:,} {name}" for name, number in seen["counts"].items())
    say(f"Rows: {counts}.")
    say(f"Counters that differ: {seen['drift']}. Migrations missing: {len(seen['unapplied'])}.")
    say(
        f"Sealed: {seen['opened']} of {seen['tried']} open with the keys, "
        f"{seen['opened_without']} with others."
    )
    say(f"Newest commit: {age}.")
    if live is not None:
        say(f"Behind the live database when the drill began: {max(0, live - seen['end']):,} bytes.")
    say(f"Restored and recovered in {seconds:.1f} s.")


def what_is_wrong(
    seen: dict[str, Any], leaked: list[str], live: int | None, end_of_log: int
) -> list[str]:
    """Sentences, none where the backup is good."""
    said = []
    if live is not None and seen["end"] < live:
        said.append("Newer changes are missing: is the receiver (manage.py backup run) at work?")
    if end_of_log - seen["end"] > LONGEST_REST:
        said.append(f"The log is damaged: {end_of_log - seen['end']:,} bytes were not replayed.")
    if not end_of_log:
        said.append("There is no log beside the base backup.")
    if seen["drift"]:
        said.append("Counters of slots differ from the bookings.")
    if seen["unapplied"] or seen["unknown"]:
        said.append("The migrations are not those of this code.")
    if seen["opened"] < seen["tried"]:
        said.append(
            "With these PERSONAL_DATA_KEYS and LOOKUP_PEPPER names do not open or are not found."
        )
    if seen["opened_without"]:
        said.append("Values that should be sealed open without the keys.")
    if leaked:
        said.append(f"Keys lie in {len(leaked)} files of the backup, one is {leaked[0]}.")
    return said


def holds_a_key(path: Path) -> list[str]:
    """Files below `path` in which one of the keys in use stands, as text or as bytes."""
    texts = [entry.partition(":")[2] for entry in settings.PERSONAL_DATA_KEYS]
    texts += [settings.LOOKUP_PEPPER, settings.TOKEN_KEY]
    wanted = [part for text in texts if text for part in forms(text)]
    found = []
    for file in path.rglob("*"):
        if file.is_file() and file.stat().st_size:
            with file.open("rb") as opened:
                content = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
                if any(content.find(secret) >= 0 for secret in wanted):
                    found.append(str(file.relative_to(path)))
                content.close()
    return found


def forms(key: str) -> list[bytes]:
    raw = b64decode(key)
    return [key.encode(), raw, raw.hex().encode(), b64encode(raw).rstrip(b"=")]
