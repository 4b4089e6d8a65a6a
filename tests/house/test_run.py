"""`make run` says what keeps it from running, and finds its way whatever happened before."""

import http.client
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ektp_booking.run import free_port
from tests.house.test_servers import eventually, ours, own_folder

ROOT = Path(__file__).resolve().parents[2]


class Run:
    """One `make run`, in a `var/` of its own."""

    def __init__(self, folder: Path, port: int, **environment: str) -> None:
        self.folder, self.port = folder, port
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name not in ("DEMO", "PRODUCTION", "DATABASE_POOL_SIZE")
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ektp_booking.run"],
            cwd=ROOT,
            env=inherited | {"PORT": str(port), "VAR_DIR": str(folder / "var")} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: queue.Queue[str] = queue.Queue()
        self.said = ""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            self.lines.put(line)

    def wait_until_ready(self, seconds: float = 120) -> None:
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            try:
                line = self.lines.get(timeout=0.2)
            except queue.Empty:
                assert self.process.poll() is None, self.said
                continue
            if line.startswith("Ready: "):
                assert line.strip() == f"Ready: http://127.0.0.1:{self.port}/"
                return
        raise AssertionError(f"not ready in {seconds} s:\n{self.said}")

    def end(self) -> int:
        try:
            return self.process.wait(timeout=20)
        finally:
            time.sleep(0.1)

    def status(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path)
        return connection.getresponse().status


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def folder() -> Iterator[Path]:
    with own_folder() as folder:
        yield folder


def test_a_port_in_use_is_one_clear_sentence(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = Run(folder, port)
        assert run.end() == 1
    assert re.search(
        rf"Cannot run: port {port} is in use by another program. "
        r"Choose another one: PORT=\d+ make run",
        run.said,
    )
    assert "Traceback" not in run.said


@pytest.mark.parametrize(
    ("name", "value"), [("PRODUCTION", "on"), ("SITE_URL", "https://antrean.jemberkab.example")]
)
def test_the_demo_does_not_start_with_production_settings(
    folder: Path, port: int, name: str, value: str
) -> None:
    run = Run(folder, port, **{name: value})
    assert run.end() == 1
    assert "Cannot run: these are production settings" in run.said
    assert "Traceback" not in run.said
    assert "Starting PostgreSQL" not in run.said


@pytest.mark.slow
def test_without_demo_it_runs_and_the_demos_messages_do_not_exist(folder: Path, port: int) -> None:
    run = Run(folder, port, DEMO="off")
    try:
        run.wait_until_ready()
        assert run.status("/") == 200
        assert run.status("/demo/messages.json") == run.status("/demo/") == 404
    finally:
        run.process.terminate()
        run.end()


@pytest.mark.parametrize("port", ["eighty", "0", "65536"])
def test_a_port_that_is_none_is_one_clear_sentence(
    folder: Path, port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(folder, port)  # type: ignore[arg-type]
    assert run.end() == 1
    assert f"PORT={port} is no port" in run.said
    assert "Traceback" not in run.said


def test_a_killed_run_leaves_no_orphan_and_the_next_one_finds_its_data(
    folder: Path, port: int
) -> None:
    first = Run(folder, port)
    first.wait_until_ready()
    assert first.status("/healthz") == 200
    for name in ("petugas", "pengawas", "kepala", "admin"):
        assert re.search(rf"^    {name} ", first.said, re.M)

    eventually(lambda: "Ctrl-C ends it" in first.said)
    addresses = re.findall(rf"http://127.0.0.1:{port}(/\S*)", first.said)
    assert len(addresses) >= 5
    assert {address: first.status(address) for address in addresses} == dict.fromkeys(
        addresses, 200
    )

    second = Run(folder, port)
    assert second.end() == 1
    assert "it runs already in this folder" in second.said

    first.process.kill()
    first.process.wait()
    third = Run(folder, port)
    started = time.monotonic()
    third.wait_until_ready()
    print(f"second start: {time.monotonic() - started:.1f} s")
    assert "Making the database (first time only)" not in third.said

    third.process.send_signal(signal.SIGINT)
    assert third.end() == 130
    eventually(lambda: not ours(folder))


@pytest.mark.slow
def test_the_keeper_ends_what_a_killed_run_has_left(folder: Path, port: int) -> None:
    run = Run(folder, port)
    run.wait_until_ready()
    run.process.kill()
    run.process.wait()
    eventually(lambda: not ours(folder), 15)


@pytest.mark.slow
@pytest.mark.parametrize("moment", [0.2, 1.0, 2.0, 4.0])
def test_a_first_run_killed_half_way_is_completed_by_the_next(
    folder: Path, port: int, moment: float
) -> None:
    first = Run(folder, port)
    time.sleep(moment)
    first.process.kill()
    first.process.wait()
    second = Run(folder, port)
    second.wait_until_ready()
    second.process.send_signal(signal.SIGTERM)
    assert second.end() == 143
    eventually(lambda: not ours(folder))
