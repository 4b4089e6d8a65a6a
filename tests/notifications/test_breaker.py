"""Gateways that fail rest, those that refuse everything are paused, none is asked too often."""

from __future__ import annotations

import io
import itertools
import time
from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from notifications import breaker, delivery
from notifications.gateways import Blocked, Taken, Temporary, Unknown
from notifications.models import Attempt, Gateway, Message, State
from tests.racing import race

from . import people
from .factories import plan
from .fake_gateway import Fake, connect

pytestmark = pytest.mark.django_db

NAME = "fake-email"


@pytest.fixture
def email(monkeypatch: pytest.MonkeyPatch) -> Fake:
    fake = Fake("email")
    connect(monkeypatch, fake)
    return fake


def rests() -> float:
    """Seconds for which the gateway is still left alone."""
    return breaker.conditions([NAME])[NAME].rests.total_seconds()


def rest_is_over() -> None:
    Gateway.objects.filter(name=NAME).update(open_until=timezone.now() - timedelta(seconds=1))


def wait_no_longer() -> None:
    Message.objects.filter(state=State.DUE).update(next_attempt_at=F("send_after"))


def test_three_failures_in_a_row_let_a_gateway_rest_two_do_not() -> None:
    breaker.conditions([NAME])
    for failures, expected in ((1, 0), (2, 0), (3, 30)):
        breaker.note_failure(NAME)
        assert expected <= rests() <= expected * 1.2
        assert breaker.conditions([NAME])[NAME].failures == failures


def test_a_success_between_begins_the_count_anew() -> None:
    breaker.conditions([NAME])
    for act in (breaker.note_failure, breaker.note_failure, breaker.note_success) * 3:
        act(NAME)
    assert rests() == 0


def test_each_rest_is_twice_as_long_up_to_fifteen_minutes() -> None:
    breaker.conditions([NAME])
    Gateway.objects.update(failures=2)
    for seconds in (30, 60, 120, 240, 480, 900, 900):
        breaker.note_failure(NAME)
        assert seconds * 0.99 <= rests() <= seconds * 1.2
        rest_is_over()
    Gateway.objects.update(failures=2_000_000)
    breaker.note_failure(NAME)
    assert 890 <= rests() <= 1080


def test_what_was_on_its_way_when_the_rest_began_does_not_make_it_longer() -> None:
    breaker.conditions([NAME])
    for _ in range(16):
        breaker.note_failure(NAME)
    assert rests() <= 36


@pytest.mark.django_db(transaction=True)
def test_of_many_senders_one_tries_a_gateway_whose_rest_is_over() -> None:
    breaker.conditions([NAME])
    Gateway.objects.update(failures=3, open_until=timezone.now())
    assert sorted(race(8, lambda number: breaker.begin_probe(NAME))) == [False] * 7 + [True]


@pytest.mark.django_db(transaction=True)
def test_however_many_senders_meet_it_a_refusal_raises_one_alarm(written: io.StringIO) -> None:
    breaker.conditions([NAME])
    paused = race(8, lambda number: breaker.pause(NAME, "http_401"))
    assert sorted(paused) == [False] * 7 + [True]
    assert written.getvalue().count("gateway paused") == 1


def test_while_it_rests_nothing_is_tried_and_no_try_is_counted(email: Fake) -> None:
    email.answer = lambda outgoing: Temporary("http_500")
    plan(20)
    delivery.deliver()
    assert len(email.got) == 3
    assert sorted(Message.objects.values_list("attempts", flat=True)) == [0] * 17 + [1] * 3
    for message in Message.objects.filter(failure="gateway_rests"):
        assert 25 <= (message.next_attempt_at - timezone.now()).total_seconds() <= 37
    wait_no_longer()
    delivery.deliver()
    assert len(email.got) == 3


def test_without_the_breaker_every_message_would_be_tried(
    email: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "FAILURES_IN_A_ROW", 1000)
    email.answer = lambda outgoing: Temporary("http_500")
    plan(20)
    delivery.deliver()
    assert len(email.got) == 20


def test_after_the_rest_one_message_tries_and_its_success_opens_the_way(email: Fake) -> None:
    email.answer = lambda outgoing: Temporary("http_500")
    plan(20)
    delivery.deliver()
    rest_is_over()
    wait_no_longer()
    delivery.deliver()
    assert len(email.got) == 4  # the one that tried
    assert 55 <= rests() <= 72

    email.answer = lambda outgoing: Taken()
    rest_is_over()
    wait_no_longer()
    assert delivery.deliver() == {"sent": 20}
    assert Gateway.objects.filter(failures=0, open_until=None).count() == 1


def test_a_sender_that_dies_while_it_tries_leaves_it_to_the_next() -> None:
    breaker.conditions([NAME])
    Gateway.objects.update(failures=3, open_until=timezone.now())
    assert breaker.begin_probe(NAME)
    assert 15 <= rests() <= breaker.PROBE.total_seconds()
    rest_is_over()
    assert breaker.begin_probe(NAME)


def test_a_pause_that_the_gateway_asks_for_is_obeyed_by_all_messages(email: Fake) -> None:
    email.answer = lambda outgoing: Temporary("http_429", timedelta(seconds=90))
    first = plan(5)
    delivery.deliver()
    assert len(email.got) == 1
    assert 85 <= rests() <= 90
    for message in first:
        message.refresh_from_db()
        assert (message.next_attempt_at - timezone.now()).total_seconds() > 80


def test_a_pause_of_a_year_is_not_obeyed(email: Fake) -> None:
    email.answer = lambda outgoing: Temporary("http_429", timedelta(days=365))
    message = plan(send_before=timezone.now() + timedelta(hours=8))[0]
    delivery.deliver()
    assert rests() <= 3600
    message.refresh_from_db()
    assert message.state == State.DUE
    assert message.next_attempt_at <= timezone.now() + timedelta(hours=1)


def test_a_full_mailbox_says_nothing_of_the_gateway(email: Fake) -> None:
    email.answer = lambda outgoing: Temporary("smtp_452", only_this_address=True)
    plan(20)
    assert delivery.deliver() == {"due": 20}
    assert len(email.got) == 20


def test_unknown_outcomes_count_as_failures_of_the_gateway(email: Fake) -> None:
    email.answer = lambda outgoing: Unknown("http_cut")
    plan(20)
    delivery.deliver()
    assert len(email.got) == 3


def test_a_gateway_that_refuses_everything_is_paused_and_burns_nothing(
    email: Fake, written: io.StringIO
) -> None:
    email.answer = lambda outgoing: Blocked("http_401")
    plan(20)
    delivery.deliver()
    assert len(email.got) == 1
    assert set(Message.objects.values_list("state", "attempts")) == {(State.DUE, 0)}
    assert Attempt.objects.get().outcome == "blocked"
    gateway = Gateway.objects.get()
    assert gateway.paused_at is not None
    assert (gateway.pause_reason, gateway.paused_by) == ("http_401", None)
    assert written.getvalue().count("gateway paused") == 1
    wait_no_longer()
    delivery.deliver()
    assert len(email.got) == 1

    email.answer = lambda outgoing: Taken()
    assert breaker.resume(NAME)
    assert not breaker.resume(NAME)
    wait_no_longer()
    assert delivery.deliver() == {"sent": 20}


def test_what_waits_for_a_paused_gateway_ends_when_its_time_is_over(email: Fake) -> None:
    breaker.conditions([NAME])
    breaker.pause(NAME, "http_401")
    message = plan(send_before=timezone.now() + timedelta(seconds=30))[0]
    assert delivery.deliver() == {}
    message.refresh_from_db()
    assert message.next_attempt_at < message.send_before
    assert delivery.deliver(message.send_before) == {"expired": 1}
    message.refresh_from_db()
    assert message.failure == "gateway_paused"


@pytest.mark.django_db(transaction=True)
def test_all_senders_together_keep_a_gateways_rate(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    """Eight senders take slots as fast as they can for a second: none gets another's."""
    breaker.conditions([NAME])
    began = time.monotonic()

    def take(number: int) -> list[float]:
        found: list[float] = []
        while time.monotonic() - began < 1:
            first = breaker.reserve(NAME, 5, per_second=50)
            if first is not None:
                at = time.monotonic() + first
                found += [at + n / 50 for n in range(5)]
        return found

    slots = sorted(itertools.chain.from_iterable(race(8, take)))
    span = breaker.AHEAD.total_seconds() + 2
    assert 100 <= len(slots) <= 50 * span
    fifty_later = zip(slots, slots[50:], strict=False)
    assert min(later - slot for slot, later in fifty_later) > 0.5
    with django_assert_num_queries(1):
        breaker.reserve(NAME, 100, per_second=50)


def test_a_gateway_with_a_rate_is_asked_no_more_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at: list[float] = []
    fake = Fake("email", rate_per_second=20)
    fake.answer = lambda outgoing: at.append(time.monotonic()) or Taken()  # type: ignore[func-returns-value]
    connect(monkeypatch, fake)
    plan(25)
    assert delivery.deliver() == {"sent": 25}
    assert at[-1] - at[0] >= 24 / 20 * 0.95


def test_without_a_rate_the_same_goes_at_once(email: Fake) -> None:
    at: list[float] = []
    email.answer = lambda outgoing: at.append(time.monotonic()) or Taken()  # type: ignore[func-returns-value]
    plan(25)
    assert delivery.deliver() == {"sent": 25}
    assert at[-1] - at[0] < 24 / 20 * 0.95


def test_messages_without_an_address_on_a_sick_channel_are_not_held_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sick, well = Fake("sms"), Fake("email")
    sick.answer = lambda outgoing: Temporary("http_500")
    connect(monkeypatch, sick, well)
    for message in plan(10):
        people.KNOWN[message.subject] = people.person(phone="+6281234567890")
    plan(10)
    assert delivery.deliver()["sent"] == 10
    assert (len(sick.got), len(well.got)) == (3, 10)
