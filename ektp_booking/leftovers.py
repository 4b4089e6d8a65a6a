"""What a killed keeper or a killed `make run` has left behind, and how it is ended."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import psutil

from ektp_booking import embedded


def end_leftovers(var: Path) -> None:
    """End servers and processes that a killed keeper left behind."""
    end_orphans_of_run(var)
    markers = (str(var / "postgres"), str(embedded.socket_dir() / "redis.sock"))
    for process in psutil.process_iter(["name", "cmdline", "ppid"]):
        name, line = process.info["name"] or "", process.info["cmdline"] or []
        if name.startswith(("postgres", "redis-server")) and any(
            marker in argument for argument in line for marker in markers
        ):
            end(process, signal.SIGINT)


def end_orphans_of_run(var: Path) -> None:
    """End what a `make run` on this `var/` has left behind, unless one is alive."""
    if not embedded.is_locked(var / "run.lock"):
        end_marked(var)


def end_marked(var: Path) -> None:
    """End the processes that any `make run` on this `var/` has started."""
    orphans = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid != os.getpid() and process.environ().get(embedded.MARK) == str(var):
                orphans.append(process)
    for process in orphans:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(orphans, timeout=5)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()


def forget_foreign_pid(data: Path) -> None:
    """Remove a postmaster.pid whose number now belongs to somebody else.

    PostgreSQL itself only asks whether that number is alive; in a container the next process
    often gets the same one.
    """
    file = data / "postmaster.pid"
    try:
        pid = int(file.read_text().split("\n", 1)[0])
        line = psutil.Process(pid).cmdline()
    except (FileNotFoundError, ValueError, psutil.Error):
        return  # none, or PostgreSQL sees by itself that it is stale
    if not any(str(data) in argument for argument in line):
        file.unlink(missing_ok=True)


def end(process: "subprocess.Popen[bytes] | psutil.Process", number: signal.Signals) -> None:
    """Ask a process to end, and insist after ten seconds."""
    for chosen, seconds in ((number, 10), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            process.send_signal(chosen)
            try:
                process.wait(timeout=seconds)
                return
            except (subprocess.TimeoutExpired, psutil.TimeoutExpired):
                continue
