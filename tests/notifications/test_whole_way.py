"""From the outbox through real gateways and back by their receipts."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest
from django.test import Client
from django.utils import timezone

from notifications import delivery
from notifications.models import Attempt, Consent, Gateway, Message, Text

from . import http_gateway as faults
from . import people
from .conftest import RECEIPT_SECRET
from .factories import plan
from .http_gateway import HttpGateway
from .smtp_sink import Sink

pytestmark = pytest.mark.django_db

PHONE = "+6281234567890"


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A round goes on to the next channel, however slow the machine that answers is."""
    monkeypatch.setattr(delivery, "LOOK_AGAIN", 0.0)


@pytest.fixture(autouse=True)
def _approved(db: None) -> None:
    Text.objects.create(
        kind="confirmed",
        language="id",
        channel="whatsapp",
        version=3,
        wording="Dispendukcapil Jember: {service} untuk {name}. Layanan ini gratis.",
        state="published",
        template="confirmed_id_v3",
        approval="approved",
        published_at=timezone.now(),
    )


def planned(**values: str) -> Message:
    """Reached by WhatsApp (with a yes), SMS and e-mail."""
    (message,) = plan()
    people.KNOWN[message.subject] = people.person(
        phone=PHONE, whatsapp=True, email="a@example.test", values=people.VALUES | values
    )
    Consent.objects.create(
        subject=message.subject, channel="whatsapp", wanted=True, source="booking", text_version="1"
    )
    return message


def again(message: Message) -> Message:
    message.refresh_from_db()
    return message


def report(client: Client, provider_id: str, **status: object) -> None:
    value = {"statuses": [{"id": provider_id, **status}]}
    raw = json.dumps({"entry": [{"changes": [{"value": value}]}]}).encode()
    signature = hmac.new(RECEIPT_SECRET.encode(), raw, hashlib.sha256).hexdigest()
    answer = client.post(
        "/kabar/whatsapp/",
        raw,
        content_type="application/json",
        headers={"X-Hub-Signature-256": f"sha256={signature}"},
    )
    assert answer.status_code == 200


def test_by_whatsapp_and_read(
    client: Client, whatsapp_gateway: HttpGateway, sms_gateway: HttpGateway
) -> None:
    message = planned(name="\u202eSiti\n\tAminah 👩‍🦰")
    assert delivery.deliver() == {"sent": 1}
    (received,) = whatsapp_gateway.received
    template = received.json()["template"]
    assert template["name"] == "confirmed_id_v3"
    assert [p["text"] for p in template["components"][0]["parameters"]] == [
        "service",
        "Siti Aminah 👩🦰",
    ]
    assert again(message).fallback_at is not None
    report(client, "provider-1", status="read")
    assert (again(message).state, message.fallback_at) == ("delivered", None)
    assert sms_gateway.received == []
    attempt = Attempt.objects.get(message=message)
    assert (attempt.gateway, attempt.text_version, attempt.receipt) == ("whatsapp", 3, "read")


def test_no_whatsapp_there_then_no_such_number_then_by_email(
    client: Client, whatsapp_gateway: HttpGateway, sms_gateway: HttpGateway, sink: Sink
) -> None:
    message = planned()
    sms_gateway.answer = faults.status(422)
    delivery.deliver()
    assert (again(message).state, message.channel) == ("sent", "whatsapp")
    report(client, "provider-1", status="failed", errors=[{"code": 131026}])
    delivery.deliver()
    assert (again(message).state, message.channel) == ("sent", "email")
    assert message.given_up == ["whatsapp", "sms"]
    tries = Attempt.objects.filter(message=message).values_list("channel", "outcome", "code")
    assert list(tries) == [
        ("whatsapp", "taken", "whatsapp_131026"),
        ("sms", "permanent", "http_422"),
        ("email", "taken", ""),
    ]
    assert len(sink.raw) == 1


def test_a_token_that_is_no_longer_good_burns_nothing(
    whatsapp_gateway: HttpGateway, sms_gateway: HttpGateway
) -> None:
    whatsapp_gateway.answer = faults.status(401, {"error": {"code": 190, "message": PHONE}})
    messages = [planned() for _ in range(5)]
    delivery.deliver()
    state = Gateway.objects.get(name="whatsapp")
    assert state.pause_reason == "whatsapp_190"
    assert len(whatsapp_gateway.received) <= 5
    for message in messages:
        assert again(message).state == "due" and message.given_up == []
        assert message.attempts == 0
    assert sms_gateway.received == []  # its time has not come


def test_nonsense_is_tried_once_more_under_the_same_reference_and_then_elsewhere(
    whatsapp_gateway: HttpGateway, sms_gateway: HttpGateway
) -> None:
    message = planned()
    whatsapp_gateway.answer = faults.nonsense()
    delivery.deliver()
    assert (again(message).state, message.failure) == ("due", "answer_unclear")
    delivery.deliver(message.next_attempt_at)
    references = {r.json()["biz_opaque_callback_data"] for r in whatsapp_gateway.received}
    assert (len(whatsapp_gateway.received), references) == (2, {message.reference})
    delivery.deliver(again(message).next_attempt_at)
    assert (again(message).state, message.channel) == ("sent", "sms")
    assert sms_gateway.received[0].json()["to"] == PHONE


def test_what_was_sent_lies_sealed(sms_gateway: HttpGateway) -> None:
    message = planned(name="Kenari")
    delivery.deliver()
    attempt = Attempt.objects.get(message=message)
    assert attempt.text_sealed is not None and attempt.to_sealed is not None
    assert b"Kenari" not in bytes(attempt.text_sealed) and b"8123" not in bytes(attempt.to_sealed)
