"""One round of delivering, against a real mail server."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from notifications import delivery, outbox, outcomes
from notifications.models import Message, State

from . import people
from .factories import plan, wib
from .smtp_sink import Sink

pytestmark = pytest.mark.django_db


def test_a_due_message_arrives_and_is_settled(sink: Sink) -> None:
    message = plan()[0]
    assert delivery.deliver() == {"sent": 1}
    message.refresh_from_db()
    assert (message.state, message.channel, message.failure) == (State.SENT, "email", "")
    assert message.sent_at is not None
    (mail,) = sink.mails()
    assert mail["To"] == f"{message.subject}@example.test"
    assert mail["Message-ID"].startswith(f"<{message.reference}@")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().startswith("Dispendukcapil Jember: service untuk name tercatat")


def test_a_second_round_sends_nothing_again(sink: Sink) -> None:
    plan(3)
    delivery.deliver()
    assert delivery.deliver() == {}
    assert len(sink.raw) == 3


def test_a_message_that_has_become_moot_is_withdrawn_unsent(sink: Sink) -> None:
    message = plan()[0]
    people.KNOWN[message.subject] = None
    assert delivery.deliver() == {"withdrawn": 1}
    message.refresh_from_db()
    assert message.state == State.WITHDRAWN
    assert sink.raw == []


def test_who_is_reached_by_nothing_ends_on_the_call_list(sink: Sink) -> None:
    message = plan()[0]
    people.KNOWN[message.subject] = people.person(phone="+6281234567890")
    assert delivery.deliver() == {"failed": 1}
    message.refresh_from_db()
    assert (message.state, message.failure) == (State.FAILED, "no_channel")


def test_one_message_that_cannot_be_described_does_not_stop_the_others(sink: Sink) -> None:
    broken, missing, _good = plan(3)
    people.KNOWN[broken.subject] = ValueError("a name that must not be logged")
    people.KNOWN[missing.subject] = people.person(email="a@example.test", values={})
    assert delivery.deliver() == {"due": 2, "sent": 1}
    for message in (broken, missing):
        message.refresh_from_db()
        assert (message.state, message.failure) == (State.DUE, "not_described")


def test_after_an_outage_the_earliest_visit_is_told_first_and_the_past_not_at_all(
    sink: Sink,
) -> None:
    now = timezone.now()
    for hours in (30, 3, -1, 50, 1, -20):
        plan(send_after=now - timedelta(days=2), send_before=now + timedelta(hours=hours))
    assert delivery.deliver() == {"expired": 2, "sent": 4}
    by_reference = dict(Message.objects.values_list("reference", "send_before"))
    told = [by_reference[mail["Message-ID"][1:].split("@")[0]] for mail in sink.mails()]
    assert told == [now + timedelta(hours=hours) for hours in (1, 3, 30, 50)]


def test_quiet_hours_hold_at_the_door_as_well(sink: Sink) -> None:
    """What an outage or a retry has moved into the night waits there for the morning."""
    night = wib("2026-11-23 23:00")
    waits = plan(send_after=night, send_before=wib("2026-11-24 09:00"), may_wake=False)[0]
    cannot_wait = plan(
        send_after=night,
        send_before=wib("2026-11-26 09:00"),
        may_wake=False,
        patient_until=wib("2026-11-24 05:30"),
    )[0]
    too_late = plan(send_after=night, send_before=wib("2026-11-24 00:00"), may_wake=False)[0]
    wakes = plan(send_after=night, send_before=wib("2026-11-24 09:00"), may_wake=True)[0]
    assert delivery.deliver(night) == {"planned": 1, "sent": 2, "expired": 1}
    for message in (waits, cannot_wait, too_late, wakes):
        message.refresh_from_db()
    assert (waits.state, waits.attempts) == (State.PLANNED, 0)
    assert waits.next_attempt_at == wib("2026-11-24 06:00")
    assert (cannot_wait.state, wakes.state) == (State.SENT, State.SENT)
    assert (too_late.state, too_late.failure) == (State.EXPIRED, "quiet_hours")
    assert delivery.deliver(wib("2026-11-24 05:59")) == {}
    assert delivery.deliver(wib("2026-11-24 06:00")) == {"sent": 1}


def test_pauses_between_tries_grow_and_are_spread() -> None:
    for attempts, seconds in ((1, 10), (2, 30), (3, 60), (4, 300), (5, 900), (6, 900), (50, 900)):
        pauses = [outcomes.pause_after(attempts).total_seconds() for _ in range(30)]
        assert seconds <= min(pauses) and max(pauses) <= seconds * 1.2
        assert len(set(pauses)) > 20


def test_an_outage_of_hours_burns_nothing(sink: Sink) -> None:
    """A mail server that says `later` for eight hours: the message goes when it is back."""
    now = timezone.now()
    message = plan(send_before=now + timedelta(days=20))[0]
    sink.answer_rcpt = lambda address: "451 come again"
    while now < timezone.now() + timedelta(hours=8):
        delivery.deliver(now)
        message.refresh_from_db()
        assert message.state == State.DUE
        now = message.next_attempt_at
    sink.answer_rcpt = lambda address: "250 OK"
    assert delivery.deliver(now) == {"sent": 1}


def test_trying_ends_after_about_a_day(sink: Sink) -> None:
    message = plan(send_before=timezone.now() + timedelta(days=20))[0]
    Message.objects.filter(pk=message.pk).update(attempts=outcomes.MAX_ATTEMPTS - 1)
    sink.answer_rcpt = lambda address: "451 come again"
    assert delivery.deliver() == {"failed": 1}
    message.refresh_from_db()
    assert message.failure == "gave_up"


def test_time_that_runs_out_hands_the_rest_back(sink: Sink) -> None:
    plan(3)
    batch = outbox.claim(3)
    late = delivery.Round(seconds=0)
    late.sort(batch, time.monotonic())
    assert late.run() == {}
    assert [m.attempts for m in Message.objects.filter(state=State.DUE)] == [0, 0, 0]
    assert sink.raw == []


def test_what_has_become_past_in_the_senders_hand_is_not_sent(sink: Sink) -> None:
    (message,) = plan(send_before=timezone.now() + timedelta(seconds=20))
    late = delivery.Round()
    late.sort(outbox.claim(1), time.monotonic() - 21)
    late.finish()
    assert sink.raw == []
    assert delivery.deliver(message.send_before) == {"expired": 1}


def test_a_message_held_too_long_to_be_settled_within_its_lease_is_not_begun(sink: Sink) -> None:
    plan(2)
    batch = outbox.claim(2)
    late = delivery.Round()
    late.sort(batch, time.monotonic() - delivery.BEGIN_WITHIN - 1)
    late.finish()
    assert [m.attempts for m in Message.objects.filter(state=State.DUE)] == [0, 0]
    assert sink.raw == []


def test_a_message_costs_the_same_few_statements_however_many_are_due(
    sink: Sink,
    django_assert_num_queries: DjangoAssertNumQueries,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery, "LOOK_AGAIN", 60.0)  # a slow machine would look once more
    plan(12)
    # expire, fall back; what is due, claim; consents, texts, gateways and a new one; one
    # settlement each; what is due, a claim that finds nothing
    with django_assert_num_queries(2 + 2 + 4 + 12 + 2):
        delivery.deliver()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("protected", [True, False])
def test_no_connection_is_held_while_a_gateway_takes_its_time(
    sink: Sink, monkeypatch: pytest.MonkeyPatch, protected: bool
) -> None:
    if not protected:
        monkeypatch.setattr(delivery, "_let_go_of_the_database", lambda: None)
    database = connections["default"]
    held: list[bool] = []

    def answer(address: str) -> str:
        until = time.monotonic() + (5 if protected else delivery.A_MOMENT * 5)
        while database.connection is not None and time.monotonic() < until:
            time.sleep(0.01)
        held.append(database.connection is not None)
        return "250 OK"

    sink.answer_rcpt = answer
    plan(1)
    assert delivery.deliver() == {"sent": 1}
    assert held == [not protected]
