"""The whole product as `make run` starts it, in a `var/` of its own, to be hurt on purpose.

Processes are found and killed by pid, among the children of the run alone. Traffic goes to
127.0.0.1 only.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import psycopg
import requests

from ektp_booking.run import free_port
from tests import factories

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 120
#: An answer takes this long at most, whatever happens to the servers.
PATIENCE = 20


@dataclass
class Stack:
    """A running product. `booked` numbers its people, so that no NIK comes twice."""

    var: Path
    port: int
    process: subprocess.Popen[str]
    output: list[str] = field(default_factory=list)

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1"

    def processes(self, words: str) -> list[psutil.Process]:
        """Processes of this run whose command line holds `words`, the oldest first."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                line = " ".join(process.cmdline())
                if "ektp_booking.restarter" in line:
                    continue
                mine = str(self.var) in line or process.environ().get("EKTP_RUN_OF") == str(
                    self.var
                )
                if mine and words in line:
                    found.append(process)
        return sorted(found, key=lambda process: process.create_time())

    def kill(self, words: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to all processes of this run that hold `words`; how many there were."""
        hurt = 0
        for process in self.processes(words):
            with contextlib.suppress(psutil.Error):
                process.send_signal(number)
                hurt += 1
        return hurt

    def postmaster(self) -> psutil.Process:
        pid = int((self.var / "postgres" / "postmaster.pid").read_text().split()[0])
        return psutil.Process(pid)

    @contextlib.contextmanager
    def owner(self) -> Iterator[psycopg.Connection]:
        """A connection as the owner, to read what is true."""
        line = self.processes("granian")[0].environ()["DATABASE_URL"]
        url = line.replace("ektp_app@", "ektp_owner@")
        with psycopg.connect(url, autocommit=True) as connection:
            yield connection

    @contextlib.contextmanager
    def superuser(self) -> Iterator[psycopg.Connection]:
        """A connection as who may do anything, to take protections out."""
        line = self.processes("granian")[0].environ()["DATABASE_URL"]
        url = line.replace("ektp_app@", "postgres@")
        with psycopg.connect(url, autocommit=True) as connection:
            yield connection

    def rows(self, sql: str, *values: Any) -> list[tuple]:
        with self.owner() as connection:
            return connection.execute(sql, values).fetchall()

    def slots(self, location: str, least: int = 1) -> list[dict[str, Any]]:
        """Free slots of a location, as the public sees them."""
        from django.utils import timezone

        first = timezone.localdate() + timezone.timedelta(days=2)
        last = first + timezone.timedelta(days=50)
        answer = requests.get(
            f"{self.api}/locations/{location}/slots/",
            params={"service": "first-recording", "from": f"{first}", "to": f"{last}"},
            timeout=PATIENCE,
        )
        return [slot for slot in answer.json() if slot["available"] >= least]

    def give_capacity(self, slot: int, capacity: int) -> None:
        with self.owner() as connection:
            connection.execute(
                "UPDATE locations_slot SET capacity = %s, reserve = 0 WHERE id = %s",
                [capacity, slot],
            )

    def book(self, slot: int, person: int, key: str | None = None) -> requests.Response:
        headers = {"Idempotency-Key": key} if key else {}
        return requests.post(
            f"{self.api}/bookings/", json=body(slot, person), headers=headers, timeout=PATIENCE
        )

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()


def body(slot: int, person: int) -> dict[str, Any]:
    return {
        "service": "first-recording",
        "slot": slot,
        "nik": factories.nik(person),
        "full_name": f"Warga {person}",
        "birth_date": "2005-01-01",
        "residence_district": None,
        "phone": f"0812{person:08d}",
        "notice_read": True,
    }


@contextlib.contextmanager
def running() -> Iterator[Stack]:
    """The product in a folder of its own, stopped and thrown away at the end.

    Not in pytest's: each new session of pytest shuts that to other users, and PostgreSQL, which
    does not run as root, could not be started again after it was killed.
    """
    with tempfile.TemporaryDirectory(prefix="ektp-", ignore_cleanup_errors=True) as folder:
        stack = start(Path(folder) / "var")
        try:
            yield stack
        finally:
            stack.stop()


def start(var: Path, **environment: str) -> Stack:
    """Start the product and wait until it says that it is ready."""
    port = free_port()
    without = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "EMAIL_URL", "DJANGO_SETTINGS")
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(without)
    } | {"VAR_DIR": str(var), "PORT": str(port), "RATE_LIMITS": "off", "DEMO": "on"}
    inherited.pop("PRODUCTION", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "ektp_booking.run"],
        cwd=ROOT,
        env=inherited | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    stack = Stack(var, port, process)
    ready = threading.Event()

    def read() -> None:
        assert process.stdout
        for line in process.stdout:
            stack.output.append(line)
            if line.startswith("Ready:"):
                ready.set()

    threading.Thread(target=read, daemon=True).start()
    if not ready.wait(READY_SECONDS):
        stack.stop()
        raise AssertionError("not ready: " + "".join(stack.output[-20:]))
    return stack


@dataclass
class Attempt:
    """One request that was sent with a key of its own: its status, or None without an answer."""

    slot: int
    person: int
    key: str = field(default_factory=lambda: uuid4().hex)
    status: int | None = None
    code: str = ""


def load(
    stack: Stack, slots: list[int], seconds: float, hurt: Callable[[], None], clients: int = 6
) -> list[Attempt]:
    """Let clients book one after the other while something is hurt; every attempt, with its end."""
    end = time.monotonic() + seconds
    attempts: list[Attempt] = []
    lock = threading.Lock()

    def client(number: int) -> None:
        while time.monotonic() < end:
            with lock:
                person = next(_people)
                attempt = Attempt(slots[person % len(slots)], person)
                attempts.append(attempt)
            send(stack, attempt)
            if attempt.status is None or attempt.status >= 500:
                time.sleep(0.05)

    with ThreadPoolExecutor(clients + 1) as pool:
        working = [pool.submit(client, number) for number in range(clients)]
        hurting = pool.submit(hurt)
        for work in [*working, hurting]:
            work.result()
    return attempts


_people = iter(range(20_000, 31_000))


def new_people(how_many: int) -> list[int]:
    return [next(_people) for _ in range(how_many)]


def send(stack: Stack, attempt: Attempt) -> None:
    try:
        answer = stack.book(attempt.slot, attempt.person, attempt.key)
    except requests.RequestException:
        return
    attempt.status = answer.status_code
    content = answer.json() if answer.content else {}
    if answer.status_code == 201:
        attempt.code = content["code"]
    elif "errors" in content:
        attempt.code = re.sub(r"\W", "", content["errors"][0]["code"])


def wait_until_healthy(stack: Stack, seconds: float = 30) -> float:
    """Until pages and database answer again; how long it took."""
    began = time.monotonic()
    trouble = "no answer"
    while time.monotonic() < began + seconds:
        with contextlib.suppress(requests.RequestException):
            answer = requests.get(f"http://127.0.0.1:{stack.port}/readyz", timeout=5)
            if answer.ok:
                return time.monotonic() - began
            trouble = answer.text.strip()
        time.sleep(0.1)
    keeper = (stack.var / "log" / "keeper.log").read_text(errors="replace")[-800:]
    raise AssertionError(f"not healthy again ({trouble}): {keeper}")


def settle(stack: Stack, attempts: list[Attempt]) -> None:
    """Repeat each attempt that ended without a clear answer, with the key it had."""
    for attempt in attempts:
        for _ in range(5):
            if attempt.status is not None and attempt.status < 500:
                break
            send(stack, attempt)


def codes_in_database(stack: Stack) -> set[str]:
    return {code for (code,) in stack.rows("SELECT code FROM services_booking")}


def drift(stack: Stack) -> list[tuple]:
    return stack.rows(
        "SELECT s.id, s.booked, count(b.id) FROM locations_slot s LEFT JOIN services_booking b"
        " ON b.slot_id = s.id AND b.status IN"
        " ('booked', 'checked_in', 'called', 'recorded', 'not_recorded')"
        " GROUP BY s.id HAVING s.booked <> count(b.id) OR s.booked > s.capacity + s.excess"
    )
