"""The demo channel and its pages; the urls exist in demo mode alone."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client
from django.urls import Resolver404, clear_url_caches, include, path, resolve
from pytest_django import Settings

from notifications import delivery, demo
from notifications.gateways import GatewayConfig, Outgoing, Taken
from notifications.models import DemoMessage, Message

from . import people
from .factories import plan
from .smtp_sink import Sink

pytestmark = pytest.mark.django_db


class Urls:
    """The site as ektp_booking/urls.py makes it in demo mode."""

    from ektp_booking.urls import handler404, urlpatterns

    urlpatterns = [path("demo/", include("notifications.urls")), *urlpatterns]


@pytest.fixture
def demo_mode(settings: Settings) -> Iterator[None]:
    settings.DEMO = True
    settings.EMAIL_BY_SMTP = False
    settings.ROOT_URLCONF = Urls
    clear_url_caches()
    yield
    clear_url_caches()


def send_to(**person: object) -> Message:
    demo.approve_whatsapp()
    message = plan()[0]
    people.KNOWN[message.subject] = people.person(**person)
    delivery.deliver()
    message.refresh_from_db()
    return message


@pytest.mark.parametrize(
    ("person", "channel", "to"),
    [
        (
            {"phone": "+6281234567890", "whatsapp": True, "email": "a@example.test"},
            "whatsapp",
            "+6281234567890",
        ),
        ({"phone": "+6281234567890", "email": "a@example.test"}, "sms", "+6281234567890"),
        ({"email": "a@example.test"}, "email", "a@example.test"),
    ],
)
def test_the_demo_carries_each_channel_as_if_sent(
    client: Client, demo_mode: None, person: dict[str, object], channel: str, to: str
) -> None:
    message = send_to(**person)
    assert message.channel == channel
    (shown,) = client.get("/demo/messages.json").json()
    assert list(shown) == ["channel", "to", "kind", "language", "text", "sent_at"]
    assert (shown["channel"], shown["to"], shown["kind"]) == (channel, to, "confirmed")
    assert shown["text"].startswith("Dispendukcapil Jember: ")
    assert shown["sent_at"].endswith("+07:00")


def test_with_a_mail_server_the_demo_really_mails_and_shows_it(
    client: Client, demo_mode: None, sink: Sink
) -> None:
    send_to(email="a@example.test", phone="+6281234567890")
    assert len(sink.raw) == 1
    (shown,) = client.get("/demo/messages.json").json()
    assert (shown["channel"], shown["to"]) == ("email", "a@example.test")


def test_a_mail_that_went_out_counts_as_sent_though_the_list_cannot_be_written(
    demo_mode: None, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import DatabaseError

    def fail(*args: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(demo, "keep", fail)
    assert send_to(email="a@example.test").state == "sent"


def test_a_repeat_with_the_same_reference_is_dropped_as_a_good_gateway_does(
    demo_mode: None,
) -> None:
    outgoing = Outgoing(
        to="a@example.test", kind="confirmed", language="id", subject="", text="t", reference="r"
    )
    demo.keep("sms", outgoing)
    demo.keep("sms", outgoing)
    assert len(demo.latest()) == 1


def test_only_the_latest_two_hundred_are_shown_the_newest_first(
    client: Client, demo_mode: None
) -> None:
    for number in range(demo.LATEST + 3):
        demo.keep(
            "sms",
            Outgoing(
                to="+62",
                kind="confirmed",
                language="id",
                subject="",
                text="t",
                reference=str(number),
            ),
        )
    shown = client.get("/demo/messages.json").json()
    assert len(shown) == demo.LATEST
    assert [m["sent_at"] for m in shown] == sorted((m["sent_at"] for m in shown), reverse=True)


def test_the_page_shows_the_text_escaped(client: Client, demo_mode: None) -> None:
    send_to(email="a@example.test", values=people.VALUES | {"name": "<script>alert(1)</script>"})
    page = client.get("/demo/").content.decode()
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page


def test_names_and_addresses_lie_sealed_in_the_table(demo_mode: None) -> None:
    send_to(email="canary@example.test", values=people.VALUES | {"name": "Kenari"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT m::text FROM notifications_demomessage m")
        (row,) = cursor.fetchone()
        cursor.execute("SELECT m::text FROM notifications_message m")
        (message,) = cursor.fetchone()
    assert DemoMessage.objects.count() == 1
    for stored in (row, message, json.dumps(row)):
        assert "canary" not in stored and "Kenari" not in stored
        assert b"canary".hex() not in stored and b"Kenari".hex() not in stored


def test_outside_demo_mode_the_pages_do_not_exist_and_nothing_is_kept(
    client: Client, settings: Settings
) -> None:
    settings.EMAIL_BY_SMTP = False
    with pytest.raises(Resolver404):
        resolve("/demo/messages.json")
    assert client.get("/demo/messages.json").status_code == 404
    assert client.get("/demo/").status_code == 404
    assert send_to(phone="+6281234567890").failure == "no_channel"
    assert DemoMessage.objects.count() == 0


def test_a_defect_of_a_channel_repeats_once_and_never_stops_the_others(
    demo_mode: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(outgoing: Outgoing) -> Taken:
        if outgoing.to == "+62811":
            raise ZeroDivisionError
        return Taken()

    gateway = GatewayConfig(name="sms", channel="sms", send=fail)
    monkeypatch.setattr(delivery, "configured", lambda: {"sms": gateway})
    broken, good = plan(2)
    people.KNOWN[broken.subject] = people.person(phone="+62811")
    people.KNOWN[good.subject] = people.person(phone="+62812")
    assert delivery.deliver() == {"due": 1, "sent": 1}
    broken.refresh_from_db()
    assert delivery.deliver(broken.next_attempt_at) == {"failed": 1}
