"""Who may report, and what of it is understood: signatures, strict JSON, Meta, Telegram."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from notifications import breaker, delivery
from notifications.models import Attempt, EarlyReceipt, Gateway, Message

from . import people
from .conftest import RECEIPT_SECRET, connect
from .factories import plan
from .http_gateway import HttpGateway
from .reports import PHONE, id_of, post, sent

pytestmark = pytest.mark.django_db


def test_only_the_signature_opens(client: Client, sms_gateway: HttpGateway) -> None:
    message = sent(sms_gateway)
    body = {"id": id_of(message), "status": "delivered"}
    now = time.time()
    assert post(client, body, gateway="pigeon") == 404
    assert post(client, body, gateway="telegram") == 404
    assert client.get("/kabar/sms/").status_code == 405
    assert post(client, body, secret="another secret of some length") == 403
    assert post(client, body, at=now - 301) == 403
    assert post(client, body, at=now + 302) == 403
    for headers in (
        {"X-Signature": ""},
        {"X-Signature": "é"},
        {"X-Timestamp": ""},
        {"X-Timestamp": "1e9"},
        {"X-Timestamp": str(int(now) + 99)},  # the time is signed too
    ):
        assert post(client, body, **headers) == 403
    assert client.post("/kabar/sms/", b"{}", content_type="application/json").status_code == 403
    message.refresh_from_db()
    assert message.state == "sent"
    assert post(client, body, at=now - 290) == 200
    message.refresh_from_db()
    assert message.state == "delivered"


def test_two_secrets_hold_while_one_is_changed(
    client: Client, settings: Settings, sms_gateway: HttpGateway
) -> None:
    new = "the-new-secret-of-the-gateway"
    url = f"{sms_gateway.url}?receipt_secret={new}&receipt_secret={RECEIPT_SECRET}"
    connect(settings, GATEWAY_SMS=url)
    assert post(client, {"id": "x", "status": "sent"}) == 200
    assert post(client, {"id": "x", "status": "sent"}, secret=new) == 200


def test_no_session_no_cookie_and_no_csrf_is_needed(sms_gateway: HttpGateway) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert post(strict, {"id": "x", "status": "sent"}) == 200
    assert strict.cookies == {}


def test_forged_reports_are_counted_and_signed_ones_are_not(
    client: Client, settings: Settings, sms_gateway: HttpGateway
) -> None:
    settings.RATE_LIMITS, settings.LIMITS = True, settings.LIMITS | {"unsigned": (2, 60)}
    answers = [post(client, {}, secret="wrong secret of some length") for _ in range(4)]
    assert answers == [403, 403, 429, 429]
    assert [post(client, {"id": "x", "status": "sent"}) for _ in range(5)] == [200] * 5


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"id": "a", "id": "b", "status": "delivered"}',
        b'{"id": NaN}',
        b'{"id": 1e999}',
        b'{"id": ' + b"9" * 5000 + b"}",
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b"[" * 30 + b"]" * 30,
    ],
)
def test_what_is_no_strict_json_is_refused(
    client: Client, sms_gateway: HttpGateway, body: bytes
) -> None:
    assert post(client, body) == 400


def test_a_long_body_is_refused_before_it_is_read(client: Client, sms_gateway: HttpGateway) -> None:
    assert post(client, b" " * (64 * 1024 + 1)) == 413
    assert post(client, b'{"a": "' + b" " * (64 * 1024 - 20) + b'"}') == 200


@pytest.mark.parametrize(
    "body",
    [
        None,
        1,
        "delivered",
        [],
        [{"id": "x", "status": "delivered"}],
        {"id": None, "status": "delivered"},
        {"id": ["x"], "status": "delivered"},
        {"id": "a\u202eb", "status": "delivered"},
        {"id": "x" * 201, "status": "delivered"},
        {"id": "x", "status": {"a": 1}},
        {"id": "x", "status": "delivered "},
        {"receipts": [1, None, {"id": True, "status": "read"}]},
        {"entry": [{"changes": "x"}]},
    ],
)
def test_what_says_nothing_changes_nothing(
    client: Client, sms_gateway: HttpGateway, body: object
) -> None:
    assert post(client, body) == 200
    assert EarlyReceipt.objects.count() == 0


@pytest.mark.parametrize(
    "at", ["2099-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "never", 10**30, -1, None, True, "1e5"]
)
def test_a_gateways_clock_is_believed_within_reason(
    client: Client, sms_gateway: HttpGateway, at: object
) -> None:
    message = sent(sms_gateway)
    assert post(client, {"id": id_of(message), "status": "delivered", "at": at}) == 200
    message.refresh_from_db()
    assert message.delivered_at is not None
    assert abs(timezone.now() - message.delivered_at) < timedelta(seconds=30)


def test_many_receipts_cost_no_more_statements_than_one(
    client: Client,
    sms_gateway: HttpGateway,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for message in plan(20):
        people.KNOWN[message.subject] = people.person(phone=PHONE)
    delivery.deliver()
    ids = list(Attempt.objects.values_list("provider_id", flat=True))
    assert len(ids) == 20
    with django_assert_num_queries(1):
        assert post(client, {"id": ids[0], "status": "delivered"}) == 200
    many = {"receipts": [{"id": one, "status": "delivered"} for one in ids]}
    with django_assert_num_queries(1):
        assert post(client, many) == 200
    with django_assert_num_queries(0):
        assert post(client, {"id": ids[0], "status": "sent"}) == 200
    assert set(Message.objects.values_list("state", flat=True)) == {"delivered"}


def test_nothing_personal_is_logged(
    client: Client, sms_gateway: HttpGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    message = sent(sms_gateway)
    capsys.readouterr()
    body = {"id": id_of(message), "status": "undelivered", "code": "x y", "to": PHONE}
    assert post(client, body) == 200
    assert post(client, body, secret="wrong secret of some length") == 403
    shown = "".join(capsys.readouterr())
    for secret in (PHONE, PHONE[3:], id_of(message), RECEIPT_SECRET):
        assert secret not in shown


# --- Meta and Telegram ---------------------------------------------------------------------------


def meta(client: Client, body: object, secret: str = RECEIPT_SECRET) -> int:
    raw = json.dumps(body).encode()
    signature = "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    return client.post(
        "/kabar/whatsapp/",
        raw,
        content_type="application/json",
        headers={"X-Hub-Signature-256": signature},
    ).status_code


def statuses(*statuses: object) -> dict[str, object]:
    value = {"messaging_product": "whatsapp", "statuses": list(statuses)}
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}],
    }


def attempt_by_whatsapp(provider_id: str) -> Message:
    (message,) = plan()
    with connection.cursor() as cursor:
        for state in ("due", "sending", "sent"):
            lease = "statement_timestamp() + interval '1 min'" if state == "sending" else "NULL"
            cursor.execute(
                "UPDATE notifications_message SET channel = 'whatsapp', state = %s,"
                f" lease_until = {lease}, sent_at = statement_timestamp() WHERE id = %s",
                [state, message.id],
            )
    Attempt.objects.create(
        message=message,
        fence=1,
        channel="whatsapp",
        gateway="whatsapp",
        began_at=timezone.now(),
        ended_at=timezone.now(),
        outcome="taken",
        provider_id=provider_id,
    )
    return message


def test_metas_statuses_are_understood(client: Client, whatsapp_gateway: HttpGateway) -> None:
    message = attempt_by_whatsapp("wamid.1=")
    stamp = str(int(time.time()) - 60)
    body = statuses(
        {"id": "wamid.1=", "status": "sent", "timestamp": stamp},
        {"id": "wamid.1=", "status": "delivered", "timestamp": stamp, "recipient_id": "62812"},
    )
    assert meta(client, body, secret="wrong secret of some length") == 403
    assert meta(client, body) == 200
    message.refresh_from_db()
    assert message.state == "delivered" and message.delivered_at is not None
    assert int(message.delivered_at.timestamp()) == int(stamp)


def test_a_number_without_whatsapp_goes_on_and_a_locked_account_pauses(
    client: Client, whatsapp_gateway: HttpGateway
) -> None:
    breaker.conditions(["whatsapp"])  # as every sender does first
    message = attempt_by_whatsapp("wamid.1=")
    failed = {"id": "wamid.1=", "status": "failed", "errors": [{"code": 131026, "title": "62812"}]}
    assert meta(client, statuses(failed)) == 200
    message.refresh_from_db()
    assert (message.state, message.failure) == ("due", "whatsapp_131026")
    assert not Gateway.objects.filter(paused_at__isnull=False).exists()
    locked = {"id": "wamid.2=", "status": "failed", "errors": [{"code": 131031}]}
    assert meta(client, statuses(locked)) == 200
    assert Gateway.objects.get(name="whatsapp").pause_reason == "whatsapp_131031"


@pytest.mark.parametrize(
    "body",
    [
        statuses(None, 1, [], {"id": {}, "status": "read"}, {"id": "a", "status": "failed"}),
        statuses({"id": "a", "status": "failed", "errors": "x"}),
        statuses({"id": "a", "status": "failed", "errors": [{"code": True}]}),
        {"entry": [{"changes": [{"value": {"messages": [{"from": "62812"}]}}]}]},
        {"entry": None},
        [],
    ],
)
def test_other_shapes_of_meta_are_passed_over(
    client: Client, whatsapp_gateway: HttpGateway, body: object
) -> None:
    assert meta(client, body) == 200


def test_meta_is_introduced_by_the_word_that_was_agreed(
    client: Client, whatsapp_gateway: HttpGateway
) -> None:
    def ask(word: str, challenge: str) -> tuple[int, bytes]:
        answer = client.get(
            "/kabar/whatsapp/",
            {"hub.mode": "subscribe", "hub.verify_token": word, "hub.challenge": challenge},
        )
        return answer.status_code, answer.content

    assert ask("verify-token-of-the-tests", "115820") == (200, b"115820")
    assert ask("verify-token-of-the-test", "115820") == (403, b"")
    assert ask("", "") == (403, b"")
    assert ask("verify-token-of-the-tests", "<script>") == (403, b"")


TAKEN: list[object] = []


def take_update(update: object) -> None:
    TAKEN.append(update)


def test_what_people_write_to_the_bot_goes_to_who_links_chats(
    client: Client, settings: Settings
) -> None:
    secret = "webhook-secret-of-the-tests"
    token = "1234:" + "t" * 30
    connect(
        settings, GATEWAY_TELEGRAM=f"telegram://{token}@api.telegram.org?webhook_secret={secret}"
    )
    settings.NOTIFICATIONS_TELEGRAM_UPDATE = f"{__name__}.take_update"

    def update(given: str) -> int:
        return client.post(
            "/kabar/telegram/",
            b'{"update_id": 1, "message": {"text": "/start x"}}',
            content_type="application/json",
            headers={"X-Telegram-Bot-Api-Secret-Token": given},
        ).status_code

    TAKEN.clear()
    assert update("wrong") == update("") == 403
    assert TAKEN == []
    assert update(secret) == 200
    assert TAKEN == [{"update_id": 1, "message": {"text": "/start x"}}]
    settings.NOTIFICATIONS_TELEGRAM_UPDATE = ""
    assert update(secret) == 200
