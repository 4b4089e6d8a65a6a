"""While the database is away people get a calm 503, and the site heals by itself.

Over real HTTP, with the web server of `make run`: kill -9 of PostgreSQL, of Redis, of a web
worker; and a pool whose connections are all taken.
"""

import contextlib
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator

import psutil
import pytest
from django.db import ConnectionHandler, OperationalError, connections

from ektp_booking.run import free_port
from locations.database import is_unavailable
from tests.house.test_run import Run
from tests.house.test_servers import eventually, ours, own_folder, postmaster

# Pages and API; each of them reads the database.
PATHS = ["/", "/en/", "/readyz", "/api/v1/services/", "/api/v1/locations/?service=first-recording"]


@pytest.fixture(scope="module")
def site() -> Iterator[Run]:
    with own_folder() as folder:
        run = Run(folder, free_port())
        run.wait_until_ready()
        yield run
        run.process.send_signal(signal.SIGTERM)
        run.end()


class Traffic:
    """Asks all paths over and over, from four threads; counts what came back."""

    def __init__(self, site: Run) -> None:
        self.site, self.statuses, self.going = site, Counter[str](), True
        self.threads = [threading.Thread(target=self.ask) for _ in range(4)]

    def ask(self) -> None:
        while self.going:
            for path in PATHS:
                try:
                    status = str(self.site.status(path))
                except OSError:
                    status = "no answer"
                self.statuses[status] += 1

    def __enter__(self) -> "Traffic":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.going = False
        for thread in self.threads:
            thread.join()


def serves(site: Run) -> bool:
    with contextlib.suppress(OSError):
        return all(site.status(path) == 200 for path in PATHS)
    return False


def test_kill_9_of_postgresql_gives_503_never_500_and_heals(site: Run) -> None:
    assert serves(site)
    with Traffic(site) as traffic:
        for _ in range(3):
            time.sleep(0.5)
            os.kill(postmaster(site.folder / "var"), signal.SIGKILL)
            killed = time.monotonic()
            time.sleep(0.5)
            eventually(lambda: serves(site), 15)
            print(f"healed after {time.monotonic() - killed:.1f} s")
    print(traffic.statuses)
    assert set(traffic.statuses) <= {"200", "503"}
    assert traffic.statuses["503"]


def test_a_dead_redis_is_not_noticed(site: Run) -> None:
    var = site.folder / "var"
    (redis,) = [p for p in ours(site.folder) if p.name().startswith("redis")]
    with Traffic(site) as traffic:
        redis.send_signal(signal.SIGSTOP)
        time.sleep(1)
        redis.kill()
        time.sleep(1)
    assert set(traffic.statuses) == {"200"}
    eventually(lambda: (var / "run" / "redis.sock").exists() or not (var / "run").exists())


def test_a_killed_web_worker_is_replaced(site: Run) -> None:
    granian = [p for p in ours(site.folder) if p.name().startswith("granian")]
    parents = {p.pid for p in granian}
    worker = next(p for p in granian if p.ppid() in parents)
    worker.kill()
    time.sleep(0.5)
    eventually(lambda: serves(site), 15)
    assert site.process.poll() is None
    with contextlib.suppress(psutil.Error):
        assert not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE


@pytest.mark.django_db(transaction=True)
def test_an_exhausted_pool_is_told_within_two_seconds_and_heals() -> None:
    """Django itself waits 30 s by default, and then answers 500."""
    database = connections["default"].settings_dict | {}
    database["OPTIONS"] = database["OPTIONS"] | {
        "pool": {"min_size": 1, "max_size": 2, "timeout": 0.5, "reconnect_timeout": 1}
    }
    pooled = ConnectionHandler({"default": database})
    release, held = threading.Event(), threading.Barrier(3)

    def hold() -> None:
        with pooled["default"].cursor():
            held.wait()
            release.wait()
        pooled["default"].close()

    holders = [threading.Thread(target=hold) for _ in range(2)]
    try:
        for holder in holders:
            holder.start()
        held.wait()
        started = time.monotonic()
        with pytest.raises(OperationalError) as refusal:
            pooled["default"].cursor()
        assert time.monotonic() - started < 2
        assert is_unavailable(refusal.value)
        release.set()
        for holder in holders:
            holder.join()
        with pooled["default"].cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        release.set()
        pooled["default"].close()
        pooled["default"].close_pool()  # type: ignore[attr-defined]
