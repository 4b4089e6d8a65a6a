"""kill -9 in the middle of a delivery: nothing is lost, one repeat at most, no help from Redis."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from notifications.models import Message, State

from .factories import plan_many
from .sender import environment_of
from .smtp_sink import Sink, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_sender_killed_in_mid_delivery_repeats_one_message_at_most(sink: Sink) -> None:
    kill_in_mid_delivery(sink, due=12, kills=2)


@pytest.mark.slow
def test_senders_killed_in_mid_delivery_again_and_again_lose_nothing(sink: Sink) -> None:
    kill_in_mid_delivery(sink, due=100, kills=30)


def kill_in_mid_delivery(sink: Sink, due: int, kills: int) -> None:
    """Kill a sender each time the server has read a text and not yet answered."""
    plan_many(due)
    victims: list[subprocess.Popen[bytes]] = []
    killed = 0

    def answer(envelope: object) -> str:
        nonlocal killed
        for victim in victims:
            victim.send_signal(signal.SIGKILL)
            victim.wait()
            killed += 1
        victims.clear()
        return "250 OK"

    sink.answer_data = answer
    for _ in range(kills):
        with sender(sink) as process:
            victims.append(process)
            wait_until(lambda: process.poll() is not None, 30)
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(sender(sink))
        wait_until(lambda: Message.objects.filter(state=State.SENT).count() == due, 30)

    assert Message.objects.exclude(state=State.SENT).count() == 0
    assert set(sink.references()) == set(Message.objects.values_list("reference", flat=True))
    assert killed == kills
    assert sum(sink.references().values()) - due <= kills


@contextmanager
def sender(sink: Sink) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.notifications.sender"],
        env=environment_of(sink),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
