"""SMS through one of Apprise's services, in a process of its own.

Apprise answers only yes or no, logs what it sends, follows redirects and has a time-out per read.
So each message under way has a child (apprise_child.py) that holds none of our keys, says nothing
but how it ended, and is killed when the attempt's time is over.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

from . import bounded
from .answers import Blocked, Outgoing, Taken, Temporary, Unknown
from .bounded import Deadline
from .configuration import GatewaySetting
from .http import Answer, by_status
from .plain_http import number

ROOT = Path(__file__).resolve().parents[2]
#: All that the child gets of our environment; it must not hold a key.
ENVIRONMENT = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")

_idle: list[subprocess.Popen[bytes]] = []
_lock = threading.Lock()


def send(outgoing: Outgoing, setting: GatewaySetting) -> Taken:
    url = setting.options["url"].partition("+")[2]
    url = url.replace("{to}", quote(number(outgoing.to).removeprefix("+"), safe=""))
    inside = [setting.host] if setting.private else []
    end = _ask({"url": url, "body": outgoing.text, "inside": inside})
    if end.get("ok") is True:
        return Taken()
    status = end.get("status")
    if isinstance(status, int) and not 200 <= status < 300:
        raise by_status(Answer(status, b"", str(end.get("retry_after", ""))))
    if end.get("error") == "refused":
        raise Blocked("address_refused")
    if end.get("error") == "url":
        raise Blocked("url_refused")
    if end.get("error") == "connect":
        raise Temporary("unreachable")
    raise Unknown("answer_unclear" if status else "no_answer")


def _ask(job: dict[str, Any]) -> dict[str, Any]:
    """What the child says of this job; killed, it can't have said anything: Unknown."""
    deadline = Deadline(bounded.ATTEMPT_SECONDS)
    child = _take()
    timer = threading.Timer(deadline.remaining(), child.kill)
    timer.start()
    try:
        assert child.stdin is not None and child.stdout is not None
        child.stdin.write(json.dumps(job).encode() + b"\n")
        child.stdin.flush()
        line = child.stdout.readline(10_000)
        end = json.loads(line)
    except (OSError, ValueError):
        child.kill()
        child.wait()
        raise Unknown("no_answer") from None
    finally:
        timer.cancel()
    with _lock:
        _idle.append(child)
    return end if isinstance(end, dict) else {}


def _take() -> subprocess.Popen[bytes]:
    with _lock:
        while _idle:
            child = _idle.pop()
            if child.poll() is None:
                return child
    return subprocess.Popen(
        [sys.executable, "-m", "notifications.gateways.apprise_child"],
        cwd=ROOT,
        env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
