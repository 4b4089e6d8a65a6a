"""Imported by every Python that `make test-clocks` starts: what libfaketime 0.9.10 needs beside it.

Its clock_nanosleep refuses absolute times, so time.sleep waits by select instead. Programs that are
started with an environment of their own, as PostgreSQL is, must get its variables too. The browser
gets none: it hardly moves with them, and takes no time from its own clock here.
"""

import os
import select
import subprocess
import time
from typing import Any

CLOCK = {
    name: os.environ[name]
    for name in ("LD_PRELOAD", "FAKETIME", "FAKETIME_DONT_FAKE_MONOTONIC", "NO_FAKE_STAT")
    if name in os.environ
}


def sleep(seconds: float) -> None:
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    select.select([], [], [], seconds)


start = subprocess.Popen.__init__


def start_with_the_clock(self: Any, *args: Any, env: Any = None, **options: Any) -> None:
    if "playwright" in str(args[0]):
        env = {name: value for name, value in (env or os.environ).items() if name not in CLOCK}
    elif env is not None:
        env = {**CLOCK, **env}
    start(self, *args, env=env, **options)


if CLOCK:
    time.sleep = sleep
    subprocess.Popen.__init__ = start_with_the_clock
