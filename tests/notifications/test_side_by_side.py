"""Several messages under way at once: a sick gateway holds up only its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from notifications import delivery, lanes, outbox
from notifications.gateways import Outgoing, Taken
from notifications.models import Attempt, Message, State

from . import people
from .factories import plan
from .fake_gateway import Fake, connect
from .smtp_sink import wait_until

pytestmark = pytest.mark.django_db


def plan_for_sms(count: int, **changes: object) -> list[Message]:
    messages = plan(count, **changes)
    for message in messages:
        people.KNOWN[message.subject] = people.person(phone="+6281234567890")
    return messages


@pytest.fixture
def sick(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    """SMS that takes two seconds for each message; the visits of those due there come first."""
    fake = Fake("sms")
    fake.takes = 2.0
    yield fake
    wait_until(lambda: not fake.under_way)


@pytest.mark.parametrize("protected", [True, False])
def test_a_gateway_that_hangs_holds_up_the_others_for_a_moment_only(
    sick: Fake, monkeypatch: pytest.MonkeyPatch, protected: bool
) -> None:
    """More wait for the sick one than one claim takes, and all of them before the others."""
    monkeypatch.setattr(delivery, "IN_HAND", 0.2 if protected else 1000.0)
    monkeypatch.setattr(delivery, "CLAIM", 10)
    monkeypatch.setattr(delivery, "HOLD", 10)
    at: list[float] = []
    well = Fake("email")
    well.answer = lambda outgoing: at.append(time.monotonic()) or Taken()  # type: ignore[func-returns-value]
    connect(monkeypatch, sick, well)
    plan_for_sms(24, send_before=timezone.now() + timedelta(hours=1))
    plan(10)
    began = time.monotonic()
    delivery.deliver(seconds=4)
    in_time = [moment for moment in at if moment - began < 2.0]
    assert (len(in_time) == 10) == protected


def test_what_had_no_room_waits_a_few_seconds_and_is_not_tried(
    sick: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "QUICK", 0.0)
    monkeypatch.setattr(delivery, "IN_HAND", 0.3)
    monkeypatch.setattr(delivery, "HOLD", 5)
    connect(monkeypatch, sick)
    plan_for_sms(10)
    assert delivery.deliver(seconds=1) == {"sent": 4}
    waiting = Message.objects.filter(state=State.DUE)
    assert {message.attempts for message in waiting} == {0}
    waits = [(message.next_attempt_at - timezone.now()).total_seconds() for message in waiting]
    assert len(waits) == 6
    assert max(waits) < 5


@pytest.mark.parametrize(("at_once", "most"), [(None, lanes.AT_ONCE), (2, 2), (9, 9)])
def test_no_more_are_under_way_than_a_gateway_allows(
    monkeypatch: pytest.MonkeyPatch, at_once: int | None, most: int
) -> None:
    slow = Fake("email", at_once=at_once)
    slow.takes = 0.7
    connect(monkeypatch, slow)
    plan(20)
    assert delivery.deliver() == {"sent": 20}
    assert slow.most == most


def test_over_all_gateways_no_more_are_under_way_than_the_process_bears(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery, "AT_ONCE", 3)
    slow = [Fake("sms"), Fake("email")]
    for fake in slow:
        fake.takes = 0.5
    connect(monkeypatch, *slow)
    plan_for_sms(4)
    plan(4)
    most = 0

    def count(outgoing: Outgoing) -> Taken:
        nonlocal most
        most = max(most, sum(fake.under_way for fake in slow))
        return Taken()

    for fake in slow:
        fake.answer = count
    assert delivery.deliver() == {"sent": 8}
    assert most == 3


@pytest.mark.parametrize("protected", [True, False])
def test_while_a_gateway_is_quick_one_message_at_a_time_is_under_way(
    monkeypatch: pytest.MonkeyPatch, protected: bool
) -> None:
    """So that a killed process repeats one message at most."""
    monkeypatch.setattr(lanes, "QUICK", 5.0 if protected else 0.0)
    quick = Fake("email")
    quick.takes = 0.02
    connect(monkeypatch, quick)
    plan(20)
    assert delivery.deliver() == {"sent": 20}
    assert (quick.most == 1) == protected


def test_threads_that_talk_to_gateways_never_touch_the_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake = Fake("email")
    held: list[bool] = []

    def answer(outgoing: Outgoing) -> Taken:
        held.append(connections["default"].connection is not None)
        return Taken()

    fake.answer = answer
    connect(monkeypatch, fake)
    plan(5)
    assert delivery.deliver() == {"sent": 5}
    assert held == [False] * 5


def test_a_gateway_that_never_comes_back_does_not_hold_the_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It breaks its promise to end an attempt; what it says later counts no more."""
    monkeypatch.setattr(delivery, "NO_ANSWER", 0.3)
    hangs = Fake("email")
    hangs.takes = 4.0
    connect(monkeypatch, hangs)
    message = plan()[0]
    round_ = delivery.Round()
    round_.sort(outbox.claim(1), time.monotonic())
    began = time.monotonic()
    round_.finish()
    assert time.monotonic() - began < 3
    assert round_.ends == {"due": 1}
    wait_until(lambda: not hangs.under_way)
    round_.finish()
    message.refresh_from_db()
    assert (message.state, message.failure) == (State.DUE, "no_answer")
    assert Attempt.objects.get().outcome == "unknown"


def test_messages_that_become_due_while_one_hangs_go_out_meanwhile(
    sick: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    well = Fake("email")
    sick.answer = lambda outgoing: Taken()
    connect(monkeypatch, sick, well)
    plan_for_sms(1)
    plan(send_after=timezone.now() + timedelta(seconds=0.5))
    assert delivery.deliver() == {"sent": 2}


def test_after_an_outage_the_nearest_visit_is_begun_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake = Fake("email")
    connect(monkeypatch, fake)
    now = timezone.now()
    for hours in (30, 3, 50, 1):
        plan(send_after=now - timedelta(days=2), send_before=now + timedelta(hours=hours))
    delivery.deliver()
    order = [outgoing.reference for outgoing in fake.got]
    nearest = Message.objects.order_by("send_before")
    assert order == list(nearest.values_list("reference", flat=True))
