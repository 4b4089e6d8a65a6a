"""Much at once: many messages due, many ended beside them. Set DUE=100000 for the whole figure."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from django.db import connection

from notifications import outbox
from notifications.models import Message, State
from tests.conftest import owner_cursor

from .factories import plan_many, planned
from .sender import environment_of
from .smtp_sink import Sink, wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

DUE = int(os.environ.get("DUE", "4000"))
SENDERS = 2


def sent() -> int:
    return Message.objects.filter(state=State.SENT).count()


def test_delivering_is_at_least_half_as_quick_as_the_gateways_client_alone(sink: Sink) -> None:
    """Claim and settle by themselves, and the whole, beside the client; memory stays flat."""
    bare = rate(sink, "bare", lambda: len(sink.raw), min(DUE, 4000) // 2)
    sink.raw.clear()
    make_due(DUE)
    own = rate(sink, "at once", sent, DUE)
    assert not sink.raw
    Message.objects.all().delete()
    make_due(DUE)
    grown: list[int] = []
    whole = rate(sink, "deliver", sent, DUE, grown)
    references = sink.references()
    print(f"client {bare:.0f}/s, claim and settle {own:.0f}/s ({own / bare:.2f}),")
    print(f"whole {whole:.0f}/s ({whole / bare:.2f}); memory grown {grown} KB")
    assert len(references) == DUE == sum(references.values())
    assert own >= 0.5 * bare
    assert 100_000 / own <= 600, "more than ten minutes for 100,000"
    assert max(grown) < 20_000


def make_due(count: int) -> None:
    for _ in range(0, count, 1000):
        plan_many(1000)
    while outbox.mark_due():
        pass


def rate(sink: Sink, work: str, done: object, until: int, grown: list[int] | None = None) -> float:
    """Messages a second from the first fiftieth on, when every process is up."""
    count = done  # type: ignore[assignment]
    with ExitStack() as stack:
        processes = [stack.enter_context(sender(sink, work)) for _ in range(SENDERS)]
        wait_until(lambda: count() >= until / 20, 60)  # type: ignore[operator]
        before = [memory(process.pid) for process in processes]
        began, first = time.monotonic(), count()  # type: ignore[operator]
        while count() < until:  # type: ignore[operator]
            time.sleep(0.2)
            assert time.monotonic() - began < 1200
        found = (count() - first) / (time.monotonic() - began)  # type: ignore[operator]
        if grown is not None:
            grown += [
                memory(process.pid) - was for process, was in zip(processes, before, strict=True)
            ]
    return found


def memory(pid: int) -> int:
    """Resident kilobytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


@contextmanager
def sender(sink: Sink, work: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.notifications.sender", work],
        env=environment_of(sink) | {"LOG_LEVEL": "WARNING"},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_beside_a_million_ended_messages_looking_for_the_due_stays_quick() -> None:
    """Every look of a round uses an index that holds open messages alone."""
    with owner_cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            """
            INSERT INTO notifications_message
                   (id, subject, kind, occasion, state, send_after, send_before, next_attempt_at,
                    sent_at, ended_at, reference, fence, channel)
            SELECT gen_random_uuid(), gen_random_uuid(), 'confirmed', 0, 'sent',
                   now() - interval '9 days', now() + interval '9 days', now() - interval '9 days',
                   now(), now(), n::text, 1, 'email'
              FROM generate_series(1, 1000000) AS n
            """
        )
        cursor.execute(
            """
            INSERT INTO notifications_attempt
                   (message_id, fence, channel, gateway, began_at, ended_at, outcome, code, receipt,
                    to_sealed)
            SELECT id, 1, 'email', 'email', now(), now(), 'taken', '', '', '\\x01'
              FROM notifications_message LIMIT 100000
            """
        )
        cursor.execute("ANALYZE notifications_message, notifications_attempt")
    plan_many(500)
    took = {}
    for name, act in {
        "mark_due": outbox.mark_due,
        "claim": lambda: outbox.claim(50),
        "expire": outbox.expire,
        "fall_back": outbox.fall_back,
        "plan": lambda: outbox.plan([planned()]),
    }.items():
        began = time.monotonic()
        if name == "plan":
            plan_many(1)
        else:
            act()
        took[name] = time.monotonic() - began
    print({name: f"{seconds * 1000:.1f} ms" for name, seconds in took.items()})
    for statement in (
        "state IN ('due', 'sending') AND next_attempt_at <= now() AND send_before > now()"
        " AND (lease_until IS NULL OR lease_until <= now()) ORDER BY send_before, id LIMIT 50",
        "state = 'planned' AND next_attempt_at <= now() ORDER BY send_before, id LIMIT 2000",
        "state = 'sent' AND fallback_at <= now() ORDER BY fallback_at LIMIT 2000",
        "state = 'planned' AND next_attempt_at <= now() AND send_before <= now()",
        "state IN ('due', 'sending') AND send_before <= now()",
    ):
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN SELECT id FROM notifications_message WHERE {statement}")
            way = "\n".join(line for (line,) in cursor.fetchall())
        print(way)
        assert "Seq Scan" not in way
        assert "message_" in way
    assert max(took.values()) < 0.5
