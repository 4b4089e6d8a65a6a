"""Several workers and several beats at once; each test has a twin without the protection."""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import datetime, timedelta

import pytest
from django.db import connection, connections, transaction
from django.db.models import F
from django.utils import timezone

from notifications import delivery, outbox, outcomes, settling, tasks
from notifications.models import Message, State
from tests.racing import race

from . import people
from .factories import plan, plan_many, planned
from .smtp_sink import Sink

pytestmark = pytest.mark.django_db(transaction=True)


def claim_by_reading_first(
    limit: int, now: datetime | None = None, *, lease: timedelta = outbox.LEASE
) -> list[Message]:
    """How one would write it at first: look what is due, then mark it."""
    due = list(
        Message.objects.filter(state=State.DUE, next_attempt_at__lte=timezone.now()).order_by(
            "send_before", "id"
        )[:limit]
    )
    time.sleep(0.02)
    for message in due:
        Message.objects.filter(pk=message.pk).update(
            state=State.SENDING, lease_until=timezone.now() + lease, fence=F("fence") + 1
        )
        message.refresh_from_db()
        message.claimed_at, message.arrived = timezone.now(), False
    return due


@pytest.mark.parametrize(
    ("due", "workers"), [(40, 4), pytest.param(1000, 4, marks=pytest.mark.slow)]
)
def test_any_number_of_workers_sends_each_message_exactly_once(
    sink: Sink, due: int, workers: int
) -> None:
    plan_many(due)
    ends = race(workers, lambda number: delivery.deliver(seconds=300))
    assert sum(ends, Counter()) == {"sent": due}
    assert len(sink.raw) == due
    assert len(sink.references()) == due
    assert Message.objects.filter(state=State.SENT, attempts=1).count() == due


def test_without_skip_locked_two_workers_send_the_same(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "claim", claim_by_reading_first)
    plan_many(8)
    outbox.mark_due()
    race(3, lambda number: delivery.deliver())
    assert max(sink.references().values()) > 1


def test_two_beats_at_once_send_nothing_twice(sink: Sink) -> None:
    """Each beat says "look"; what to do is decided by the claim."""
    plan_many(30)
    race(6, lambda number: [tasks.deliver_due() for _ in range(3)])
    assert Counter(sink.references().values()) == {1: 30}


def test_a_lease_that_runs_out_while_its_sender_lives_costs_one_repeat_at_most(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lease 0.3 s, the first gateway call takes 1 s: the second sender settles, not the first."""
    message = plan()[0]
    arrived = threading.Event()

    def answer(address: str) -> str:
        if not arrived.is_set():
            arrived.set()
            time.sleep(1)
        return "250 OK"

    slow_sink(sink, answer)
    (first,) = outbox.claim(1, lease=timedelta(seconds=0.3))
    ends: list[str] = []

    def send_slowly() -> None:
        ends.append(delivery.deliver_one(first))
        connections.close_all()

    slow = threading.Thread(target=send_slowly)
    slow.start()
    arrived.wait(5)
    time.sleep(0.4)
    (second,) = outbox.claim(1)
    assert delivery.deliver_one(second) == "sent"
    slow.join(10)

    assert ends == ["lost"]
    assert list(sink.references().values()) == [2]  # one repeat, under the same reference
    message.refresh_from_db()
    assert (message.state, message.attempts, message.fence) == (State.SENT, 2, 2)


def slow_sink(sink: Sink, answer: object) -> None:
    """Wait in a thread: the sink serves all its connections from one loop."""
    import asyncio

    async def handle_RCPT(server, session, envelope, address, options):  # type: ignore[no-untyped-def]
        reply = await asyncio.get_running_loop().run_in_executor(None, answer, address)
        envelope.rcpt_tos.append(address)
        return reply

    sink.handle_RCPT = handle_RCPT  # type: ignore[method-assign]


def test_a_message_withdrawn_while_it_is_due_is_sent_or_withdrawn_never_both(sink: Sink) -> None:
    plan_many(30)
    subjects = list(Message.objects.values_list("subject", flat=True))

    def act(number: int) -> int:
        if number == 0:
            return sum(outbox.withdraw(subject) for subject in subjects)
        delivery.deliver()
        return 0

    withdrawn = race(3, act)[0]
    states = Counter(Message.objects.values_list("state", flat=True))
    assert states == +Counter({"sent": 30 - withdrawn, "withdrawn": withdrawn})
    assert len(sink.raw) == 30 - withdrawn


def test_an_uncommitted_withdrawal_is_not_overtaken_by_a_sender(sink: Sink) -> None:
    """The row is locked by the change that withdraws it: the sender passes it by."""
    message = plan()[0]
    with transaction.atomic():
        outbox.withdraw(message.subject)
        assert race(1, lambda number: delivery.deliver()) == [{}]
    assert sink.raw == []


def test_planning_the_same_from_many_sides_gives_one_message(sink: Sink) -> None:
    message = planned()

    def act(number: int) -> int:
        with transaction.atomic():
            return outbox.plan([message])

    assert sum(race(8, act)) == 1


def test_a_change_that_has_not_committed_sends_nothing_and_a_rolled_back_one_never(
    sink: Sink,
) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        outbox.plan([planned()])
        assert race(1, lambda number: delivery.deliver()) == [{}]
        raise RuntimeError
    assert delivery.deliver() == {}


def test_a_settlement_waits_out_a_short_absence_of_the_database(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway has taken it; the connection breaks before that is written down."""
    monkeypatch.setattr(outcomes, "SETTLE_PAUSES", (0.01, 0.01))
    plan()
    sent = sink.answer_data

    def answer(envelope: object) -> str:
        monkeypatch.setattr(settling, "sent", breaking(settling.sent))
        return sent(envelope)  # type: ignore[arg-type]

    sink.answer_data = answer
    assert delivery.deliver() == {"sent": 1}
    assert len(sink.raw) == 1
    assert Message.objects.get().state == State.SENT


def breaking(settle):  # type: ignore[no-untyped-def]
    """`settle` whose server process is shot at the first call, as by a restart of PostgreSQL."""
    shot = []

    def act(*args):  # type: ignore[no-untyped-def]
        if not shot:
            shot.append(True)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return settle(*args)

    return act


def test_describing_happens_when_it_is_sent_not_when_it_was_planned(sink: Sink) -> None:
    """A number changed, a protocol switched: what holds at the moment of sending is told."""
    message = plan()[0]
    people.KNOWN[message.subject] = people.person(
        email="new@example.test", values=people.VALUES | {"protocol": "Wajib masker."}
    )
    delivery.deliver()
    (mail,) = sink.mails()
    assert mail["To"] == "new@example.test"
    assert "Wajib masker." in mail.get_content()
