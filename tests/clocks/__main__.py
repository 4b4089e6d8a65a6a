"""`make test-clocks`: the tests that know of time, run as if it were another day and hour.

Debian's libfaketime moves the clock of pytest and of all that it starts, PostgreSQL too. Races and
what measures speed are left out: with libfaketime locks take seconds. With arguments, pytest gets
those instead.
"""

import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
#: On the clocks of Jember. Of any year: no test may know which one it is.
CLOCKS = {
    "2027-03-10 23:50": "late in the evening, quiet hours",
    "2027-03-11 05:30": "before the morning; in UTC it is still yesterday",
    "2027-03-12 11:30": "during the Friday prayer",
    "2027-03-14 10:00": "a Sunday",
    "2027-12-31 23:50": "the end of a year, a holiday tomorrow",
    "2028-02-26 09:00": "a leap day in three days, when most slots of tests are",
    "2028-02-29 09:00": "a leap day",
}
LEFT_OUT = [
    *("race", "killed", "breaker", "side_by_side", "http_client", "smtp", "gateways", "planning")
]
TESTS = [
    *("tests/services", "tests/notifications", "tests/locations"),
    *("-m", "not slow", "-n", "2"),
    *(f"--ignore-glob=*test_*{name}*" for name in LEFT_OUT),
]


def main(arguments: list[str]) -> int:
    libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not libraries:
        print("NOT RUN: libfaketime is not installed (apt-get install libfaketime).")
        return 0
    failed = [when for when in CLOCKS if not passes(when, libraries[0], arguments or TESTS)]
    for when in failed:
        print(f"FAILED at {when} WIB, {CLOCKS[when]}")
    return len(failed)


def passes(when: str, library: Path, arguments: list[str]) -> bool:
    """Whether the tests pass then, on servers that have known no other time."""
    print(f"--- {when} WIB: {CLOCKS[when]}", flush=True)
    moment = datetime.fromisoformat(when).replace(tzinfo=ZoneInfo("Asia/Jakarta"))
    here = os.environ | {"VAR_DIR": str(ROOT / "var" / "clocks")}
    reset = [sys.executable, "-m", "ektp_booking.reset"]
    subprocess.run(reset, cwd=ROOT, env=here, check=True, stdout=subprocess.DEVNULL)
    clock = {
        "LD_PRELOAD": str(library),
        "FAKETIME": f"{int(moment.timestamp() - time.time()):+d}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",  # or every compiled file would look stale
        "PYTHONPATH": str(HERE),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=ROOT, env=here | clock).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
