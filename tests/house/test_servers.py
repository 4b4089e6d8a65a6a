"""PostgreSQL and Redis for trying out: they start, survive kill -9, and leave nothing behind.

Each test has a `var/` of its own, so nothing here disturbs the servers of the other tests.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from ektp_booking import embedded, keeper, postgres

ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sys, time
from ektp_booking import embedded
with embedded.servers():
    print("up", flush=True)
    time.sleep(600)
"""


@contextlib.contextmanager
def own_folder() -> Iterator[Path]:
    """A folder for one `var/`, without processes afterwards.

    Not pytest's tmp_path: every pytest that starts makes the folder above it private again, and
    PostgreSQL, which does not run as root, is then locked out of it.
    """
    folder = Path(tempfile.mkdtemp(prefix="ektp-test-"))
    try:
        yield folder
    finally:
        for process in ours(folder):
            with contextlib.suppress(psutil.Error):
                process.kill()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def folder() -> Iterator[Path]:
    with own_folder() as folder:
        yield folder


@pytest.fixture
def var(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("VAR_DIR", str(folder / "var"))
    yield folder / "var"
    eventually(lambda: not ours(folder), 15)


def ours(folder: Path) -> list[psutil.Process]:
    """Every process that was started for a `var/` below `folder`."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        with contextlib.suppress(psutil.Error):
            line = " ".join(process.info["cmdline"] or [])
            if process.pid != os.getpid() and (
                f"{folder}/" in line or process.environ().get("VAR_DIR", "").startswith(str(folder))
            ):
                found.append(process)
    return found


def eventually(condition: Callable[[], object], seconds: float = 10) -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "did not happen in time"
        time.sleep(0.05)


def hold() -> subprocess.Popen[str]:
    """Another process that uses the servers."""
    user = subprocess.Popen(
        [sys.executable, "-c", HOLD], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert user.stdout is not None
    assert user.stdout.readline() == "up\n"
    return user


def connect(role: str = "ektp_app") -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(embedded.database_url(role), autocommit=True)


def postmaster(var: Path) -> int:
    return int((var / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def test_they_start_serve_both_roles_and_end_when_unused(var: Path) -> None:
    said: list[str] = []
    with embedded.servers(said.append):
        assert "Making the database (first time only)" in said
        with connect() as connection:
            row = connection.execute("SELECT current_user, current_database()").fetchone()
            assert row == ("ektp_app", "ektp")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("CREATE TABLE mine (id int)")
            for name in ("fsync", "full_page_writes", "synchronous_commit"):
                assert connection.execute(f"SHOW {name}").fetchone() == ("on",)
        broker = redis.Redis(unix_socket_path=str(embedded.socket_dir() / "redis.sock"))
        assert broker.ping()
        assert broker.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    embedded.wait_until_stopped()
    eventually(lambda: not ours(var.parent), 1)


def test_no_port_is_opened_and_the_sockets_are_private(var: Path) -> None:
    with embedded.servers():
        assert embedded.socket_dir().stat().st_mode & 0o077 == 0
        for process in ours(var.parent):
            assert not [c for c in process.net_connections("inet") if c.status == "LISTEN"]


def test_a_user_killed_by_kill_9_leaves_nothing_behind(var: Path) -> None:
    user = hold()
    user.kill()
    user.wait()
    eventually(lambda: not ours(var.parent))
    with embedded.servers(), connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_postgresql_killed_by_kill_9_is_started_again_with_its_data(var: Path) -> None:
    with embedded.servers():
        with connect("ektp_owner") as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        os.kill(postmaster(var), signal.SIGKILL)

        def answers() -> object:
            with contextlib.suppress(psycopg.OperationalError), connect("ektp_owner") as again:
                return again.execute("SELECT answer FROM kept").fetchone()
            return None

        eventually(answers, 20)


def test_a_killed_keeper_leaves_no_servers_and_the_next_start_works(var: Path) -> None:
    with embedded.servers():
        os.kill(int(embedded.read_status()["pid"]), signal.SIGKILL)
        eventually(lambda: not ours(var.parent))
        embedded.ensure()  # what make run does by itself
        with connect() as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_everything_killed_at_once_and_started_again(var: Path) -> None:
    user = hold()
    everything = ours(var.parent)
    for process in everything:
        with contextlib.suppress(psutil.Error):
            process.kill()
    user.wait()
    psutil.wait_procs(everything, timeout=5)
    with embedded.servers(), connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_pid_file_whose_number_belongs_to_somebody_else(var: Path) -> None:
    """In a container the next start's processes often get the numbers of the last."""
    with embedded.servers():
        stale = (var / "postgres" / "postmaster.pid").read_text().splitlines()
    embedded.wait_until_stopped()
    stale[0] = str(os.getpid())
    (var / "postgres" / "postmaster.pid").write_text("\n".join(stale) + "\n")
    with embedded.servers(), connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_first_start_killed_half_way_is_begun_anew(var: Path) -> None:
    (var / "postgres.draft" / "base").mkdir(parents=True)
    (var / "postgres").mkdir()
    (var / "postgres" / "half").write_text("")
    with embedded.servers(), connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_several_starts_at_once_share_one_keeper(var: Path) -> None:
    users = [
        subprocess.Popen([sys.executable, "-c", HOLD], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    try:
        assert [user.stdout.readline() for user in users if user.stdout] == ["up\n"] * 4
        keepers = [p for p in ours(var.parent) if "ektp_booking.keeper" in p.cmdline()]
        assert len(keepers) == 1
    finally:
        for user in users:
            user.kill()
            user.wait()


def test_a_checkout_too_deep_for_a_socket(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = folder / ("d" * 80) / ("e" * 60)
    monkeypatch.setenv("VAR_DIR", str(deep))
    assert len(str(embedded.socket_dir() / ".s.PGSQL.5432.lock")) <= 107
    with embedded.servers(), connect() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    embedded.wait_until_stopped()
    shutil.rmtree(embedded.socket_dir())


def test_a_full_disk_is_one_clear_sentence(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    var.mkdir()
    monkeypatch.setattr(keeper.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1, 1, 0))
    assert keeper.main() == 1
    status = embedded.read_status()
    assert status["state"] == "failed"
    assert "less than 300 MB free" in status["text"]


def test_without_the_wheels_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(postgres.Refused, match=r"requirements-dev\.txt"):
        postgres.postgres_bin()
