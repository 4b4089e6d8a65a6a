"""How tests report as a gateway does."""

from __future__ import annotations

import hashlib
import hmac
import json
import time

from django.test import Client
from django.utils import timezone

from notifications import delivery
from notifications.models import Attempt, Message
from notifications.receipts import Receipt

from . import people
from .conftest import RECEIPT_SECRET
from .factories import plan
from .http_gateway import HttpGateway

PHONE = "+6281234567890"


def sent(gateway: HttpGateway, email: str = "", **changes: object) -> Message:
    """A message that the SMS gateway took; the next channel, if any, is e-mail."""
    (message,) = plan(**changes)
    people.KNOWN[message.subject] = people.person(phone=PHONE, email=email)
    delivery.deliver()
    message.refresh_from_db()
    assert (message.state, message.channel) == ("sent", "sms")
    return message


def id_of(message: Message) -> str:
    return Attempt.objects.get(message=message, channel="sms").provider_id


def post(
    client: Client,
    body: object,
    *,
    gateway: str = "sms",
    secret: str = RECEIPT_SECRET,
    at: float | None = None,
    **headers: str,
) -> int:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    stamp = str(int(time.time() if at is None else at))
    signature = hmac.new(secret.encode(), f"{stamp}.".encode() + raw, hashlib.sha256).hexdigest()
    sent_headers = {"X-Timestamp": stamp, "X-Signature": signature} | headers
    return client.post(
        f"/kabar/{gateway}/", raw, content_type="application/json", headers=sent_headers
    ).status_code


def told(client: Client, message: Message, status: str, code: str = "") -> None:
    assert post(client, {"id": id_of(message), "status": status, "code": code}) == 200
    message.refresh_from_db()


def early_receipt(provider_id: str, receipt: str = "delivered") -> Receipt:
    return Receipt(provider_id=provider_id, receipt=receipt, at=timezone.now())
