"""A process of `make run` that dies is started again; one that keeps dying is given up."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT


def restarter(*command: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "ektp_booking.restarter", *command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(path: Path, lines: int) -> list[str]:
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        if path.exists() and len(found := path.read_text().split()) >= lines:
            return found
        time.sleep(0.05)
    raise AssertionError("it was not started again")


@pytest.fixture
def pids(tmp_path: Path) -> Path:
    return tmp_path / "pids"


def test_what_is_killed_is_started_again_until_it_is_asked_to_stop(pids: Path) -> None:
    running = restarter("sh", "-c", f"echo $$ >> {pids}; exec sleep 600")
    (first,) = wait_for(pids, 1)
    subprocess.run(["kill", "-9", first], check=True)
    second = wait_for(pids, 2)[1]
    assert second != first

    os.killpg(running.pid, signal.SIGTERM)
    assert running.wait(10) == 128 + signal.SIGTERM
    assert not Path(f"/proc/{second}").exists() or sys.platform != "linux"


def test_what_ends_at_once_again_and_again_is_given_up(pids: Path) -> None:
    running = restarter("sh", "-c", f"echo $$ >> {pids}; exit 3")
    output, _ = running.communicate(timeout=30)
    assert running.returncode == 3
    assert len(pids.read_text().split()) == 5
    assert "giving up" in output
