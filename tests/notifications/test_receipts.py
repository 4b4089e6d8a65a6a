"""What gateways report: signed, repeated, out of order, too early, for nobody."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from notifications import delivery, outbox, receipts
from notifications.models import Attempt, Call, EarlyReceipt, Message
from notifications.receipts import note_receipts

from . import people
from .factories import plan
from .http_gateway import HttpGateway, Received
from .reports import PHONE, early_receipt, id_of, post, sent, told
from .smtp_sink import Sink

pytestmark = pytest.mark.django_db


def test_delivered_is_written_down(client: Client, sms_gateway: HttpGateway) -> None:
    message = sent(sms_gateway)
    told(client, message, "delivered")
    assert message.state == "delivered" and message.delivered_at is not None
    attempt = Attempt.objects.get(message=message)
    assert attempt.receipt == "delivered" and attempt.receipt_at is not None


@pytest.mark.parametrize("order", list(permutations(["sent", "delivered", "read"])))
def test_the_order_does_not_matter_and_repeats_change_nothing(
    client: Client, sms_gateway: HttpGateway, order: Sequence[str]
) -> None:
    message = sent(sms_gateway)
    for status in [*order, *order]:
        told(client, message, status)
    assert message.state == "delivered"
    assert Attempt.objects.get(message=message).receipt == "read"


def test_read_implies_delivered(client: Client, sms_gateway: HttpGateway) -> None:
    message = sent(sms_gateway)
    told(client, message, "read")
    assert message.state == "delivered"


def test_undelivered_goes_to_the_next_channel_at_once(
    client: Client, sms_gateway: HttpGateway, sink: Sink
) -> None:
    message = sent(sms_gateway, email="a@example.test")
    assert message.fallback_at is not None
    told(client, message, "undelivered", "no_such_number")
    assert (message.state, message.given_up, message.failure) == ("due", ["sms"], "no_such_number")
    assert delivery.deliver() == {"sent": 1}
    message.refresh_from_db()
    assert (message.state, message.channel) == ("sent", "email")
    assert len(sink.raw) == 1
    told(client, message, "undelivered", "again")  # about a channel that is behind us
    assert (message.state, message.channel, message.given_up) == ("sent", "email", ["sms"])


def test_undelivered_by_the_last_channel_comes_on_the_call_list(
    client: Client, sms_gateway: HttpGateway
) -> None:
    message = sent(sms_gateway)
    told(client, message, "failed")
    assert delivery.deliver() == {"failed": 1}
    message.refresh_from_db()
    assert message.state == "failed"
    assert Call.objects.get(message=message).reason == "all_failed"
    told(client, message, "delivered")  # after all
    assert message.state == "delivered"
    call = Call.objects.get(message=message)
    assert (call.state, call.held_by) == ("moot", None)


def test_undelivered_when_it_is_too_late_for_another_channel_has_failed(
    client: Client, sms_gateway: HttpGateway
) -> None:
    message = sent(sms_gateway, send_before=timezone.now() + timedelta(seconds=2))
    time.sleep(2.1)
    told(client, message, "undelivered")
    assert (message.state, message.failure) == ("failed", "undelivered")


def test_undelivered_after_delivered_takes_nothing_back(
    client: Client, sms_gateway: HttpGateway
) -> None:
    message = sent(sms_gateway)
    told(client, message, "delivered")
    told(client, message, "undelivered")
    assert message.state == "delivered"
    assert Attempt.objects.get(message=message).receipt == "delivered"


def test_a_late_receipt_spares_the_next_channel(
    client: Client, sms_gateway: HttpGateway, sink: Sink
) -> None:
    message = sent(sms_gateway, email="a@example.test")
    told(client, message, "undelivered")
    told(client, message, "delivered")
    assert message.state == "due"  # the sender sees it when he claims it
    assert delivery.deliver() == {"delivered": 1}
    assert sink.raw == []


@pytest.mark.django_db(transaction=True)
def test_a_receipt_before_the_gateways_own_answer_is_kept_and_found(
    sms_gateway: HttpGateway,
) -> None:
    messages = plan(20)
    for message in messages:
        people.KNOWN[message.subject] = people.person(phone=PHONE)
    answers: list[int] = []

    def tell(received: Received) -> None:
        """In the gateway's own thread, so on a connection of its own."""
        try:
            answers.append(post(Client(), {"id": received.provider_id, "status": "delivered"}))
        finally:
            connection.close()

    sms_gateway.before_answer = tell
    delivery.deliver()
    receipts.match_early()
    assert answers == [200] * 20
    assert set(Message.objects.values_list("state", flat=True)) == {"delivered"}
    assert EarlyReceipt.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_receipts_and_settling_at_the_same_time_lose_nothing(sms_gateway: HttpGateway) -> None:
    """The receipt comes while the sender writes: whoever is second sees the other."""
    for message in plan(40):
        people.KNOWN[message.subject] = people.person(phone=PHONE)
    threads: list[threading.Thread] = []

    def report(provider_id: str) -> None:
        try:
            time.sleep(random.uniform(0, 0.02))
            note_receipts("sms", [early_receipt(provider_id)])
        finally:
            connection.close()

    def tell(received: Received) -> None:
        threads.append(threading.Thread(target=report, args=[received.provider_id]))
        threads[-1].start()

    sms_gateway.before_answer = tell
    delivery.deliver()
    for thread in threads:
        thread.join()
    receipts.match_early()
    assert set(Message.objects.values_list("state", flat=True)) == {"delivered"}
    assert EarlyReceipt.objects.count() == 0


def test_whoever_settles_may_take_what_came_early(sms_gateway: HttpGateway) -> None:
    note_receipts("sms", [early_receipt("provider-1"), early_receipt("provider-1", "read")])
    message = sent(sms_gateway)
    receipts.take_early("sms", "provider-1")
    message.refresh_from_db()
    assert message.state == "delivered"
    assert EarlyReceipt.objects.count() == 0


def test_a_round_finds_what_came_early_by_itself(sms_gateway: HttpGateway) -> None:
    note_receipts("sms", [early_receipt("provider-1", "undelivered"), early_receipt("provider-1")])
    message = sent(sms_gateway)
    receipts.match_early()
    message.refresh_from_db()
    assert message.state == "delivered"
    assert EarlyReceipt.objects.count() == 0


def test_unknown_ids_are_harmless_bounded_and_swept(
    client: Client, sms_gateway: HttpGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "MOST_EARLY", 3)
    for number in range(5):
        for _ in range(2):
            assert post(client, {"id": f"strange-{number}", "status": "delivered"}) == 200
    assert EarlyReceipt.objects.count() == 3
    receipts.match_early()
    assert receipts.sweep_early() == 0
    EarlyReceipt.objects.update(received_at=timezone.now() - timedelta(days=1, minutes=1))
    assert receipts.sweep_early() == 3


def test_a_receipt_of_one_gateway_says_nothing_of_anothers_ids(
    sms_gateway: HttpGateway,
) -> None:
    message = sent(sms_gateway)
    note_receipts("whatsapp", [early_receipt(id_of(message))])
    message.refresh_from_db()
    assert message.state == "sent"


@pytest.mark.parametrize("end", ["expired", "withdrawn"])
def test_what_was_read_has_arrived_also_where_the_next_channels_time_ran_out(
    client: Client, sms_gateway: HttpGateway, sink: Sink, end: str
) -> None:
    """It was silent, so the next channel was due; before that its time, or its cause, ended."""
    message = sent(sms_gateway, email="a@example.test")
    Message.objects.update(fallback_at=timezone.now() - timedelta(seconds=1))
    outbox.fall_back()
    if end == "expired":
        outbox.expire(message.send_before)
    else:
        outbox.withdraw(message.subject)
    told(client, message, "undelivered")
    assert message.state == end
    told(client, message, "read")
    assert message.state == "delivered" and message.delivered_at is not None
