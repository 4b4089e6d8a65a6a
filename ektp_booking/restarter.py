"""Runs one command of `make run` and starts it again when it ends without having been asked to.

`python -m ektp_booking.restarter granian …`. In production the container's restart policy does
this. What keeps ending at once is given up, so that a wrong setting is seen and not repeated for
ever; honcho then ends the others.
"""

import signal
import subprocess
import sys
import time
from types import FrameType

from ektp_booking.postgres import die_with_parent

#: So many ends within so many seconds are no accident.
GIVE_UP_AFTER, WITHIN_SECONDS = 5, 30
PAUSE_SECONDS = 0.5


def main(command: list[str]) -> int:
    """Run the command until a signal comes or it is given up; its last exit code."""
    asked_to_stop = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal asked_to_stop
        asked_to_stop = True  # honcho signals the whole group, so the command knows too

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    ends: list[float] = []
    code = 0
    while not asked_to_stop:
        child = subprocess.Popen(command, preexec_fn=die_with_parent(signal.SIGTERM))
        code = child.wait()
        code = code if code >= 0 else 128 - code  # ended by a signal: as shells say it
        if asked_to_stop:
            break
        now = time.monotonic()
        ends = [end for end in ends if now - end < WITHIN_SECONDS] + [now]
        if len(ends) >= GIVE_UP_AFTER:
            print(f"ended {len(ends)} times in {WITHIN_SECONDS} s; giving up", flush=True)
            return code or 1
        print("ended by itself; starting it again", flush=True)
        time.sleep(PAUSE_SECONDS)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
