"""What an e-mail carries besides its text, and e-mail through a provider's API."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from notifications.gateways import (
    Blocked,
    NotSent,
    Outgoing,
    Permanent,
    Taken,
    Temporary,
    Unknown,
    bounded,
)
from notifications.gateways.configuration import read_email_provider
from notifications.gateways.email import send

from . import http_gateway as faults
from .http_gateway import HttpGateway, http_gateway
from .smtp_sink import Sink, faulty_server

CALENDAR = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:%s\r\nSUMMARY:Rekam \xe2\x80\x93 x\r\n"
KEY = "postmark-key-of-the-tests"


def outgoing(**changes: object) -> Outgoing:
    values: dict[str, object] = {
        "to": "siti@example.test",
        "kind": "confirmed",
        "language": "id",
        "subject": "Jadwal Anda tercatat",
        "text": "Dispendukcapil Jember: teks.",
        "reference": "reference-1",
    }
    return Outgoing(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
def test_a_calendar_file_goes_along_with_its_method(sink: Sink, method: str) -> None:
    calendar = CALENDAR.replace(b"%s", method.encode())
    send(outgoing(calendar=calendar))
    (mail,) = sink.mails()
    text, part = mail.iter_parts()
    assert text.get_content().strip() == "Dispendukcapil Jember: teks."
    assert part.get_content_type() == "text/calendar"
    assert part.get_param("method") == method
    assert part.get_filename() == "jadwal.ics"
    assert part.get_payload(decode=True).replace(b"\r\n", b"\n") == calendar.replace(b"\r\n", b"\n")


def test_without_a_link_there_is_no_unsubscribe_header(sink: Sink) -> None:
    send(outgoing())
    send(outgoing(unsubscribe="https://antrean.example/m/1/"))
    first, second = sink.mails()
    assert first["List-Unsubscribe"] is None
    assert second["List-Unsubscribe"] == "<https://antrean.example/m/1/>"
    assert second["Message-ID"].startswith("<reference-1@")


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "Jadwal\r\nBcc: all@example.test"},
        {"subject": "Jadwal\u2028Bcc: x\u202e"},
        {"subject": "J" * 10_000},
        {"unsubscribe": "https://a.example/\r\nBcc: all@example.test"},
        {"text": "teks\r\n.\r\nMAIL FROM:<a@b.c>\r\nBcc: all@example.test"},
        {"text": "From the office\n👩‍🦰 \u202e" + "x" * 10_000},
    ],
)
def test_nothing_adds_a_header_or_a_second_mail(sink: Sink, changes: dict[str, object]) -> None:
    try:
        send(outgoing(**changes))
    except Permanent as refused:
        assert refused.code == "address_invalid"
        assert sink.raw == []
        return
    (mail,) = sink.mails()
    assert mail["Bcc"] is None
    assert len(mail["Subject"].strip()) <= 150
    assert mail["To"] == "siti@example.test"


def test_a_server_that_refuses_our_sign_in_blocks(settings: Settings) -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(b"220 sink\r\n")
        for line in connection.makefile("rb"):
            if line.startswith(b"AUTH"):
                connection.sendall(b"535 no such user\r\n")
            else:
                connection.sendall(b"250-sink\r\n250 AUTH PLAIN LOGIN\r\n")

    with faulty_server(serve) as port:
        settings.EMAIL_BY_SMTP = True
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "user", "secret"
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        with pytest.raises(Blocked, match="smtp_535"):
            send(outgoing())


@pytest.fixture
def postmark(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpGateway]:
    """Postmark's API, and the settings as EMAIL_URL=anymail+postmark://KEY makes them."""
    monkeypatch.setattr(bounded, "ATTEMPT_SECONDS", 0.8)
    with http_gateway() as gateway:
        url = f"anymail+postmark://{KEY}@?api_url=http://127.0.0.1:{gateway.port}/"
        settings.EMAIL_PROVIDER, settings.ANYMAIL, problems = read_email_provider(url)
        assert problems == []
        settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
        settings.GATEWAY_PRIVATE_HOSTS = frozenset({"127.0.0.1"})
        gateway.answer = faults.status(
            200,
            {"ErrorCode": 0, "Message": "OK", "MessageID": "m-1", "To": "siti@example.test"},
            Content_Type="application/json",
        )
        yield gateway


def test_a_provider_takes_it_and_its_id_comes_back(postmark: HttpGateway) -> None:
    assert send(outgoing(calendar=CALENDAR.replace(b"%s", b"REQUEST"))) == Taken("m-1")
    (received,) = postmark.received
    assert received.headers["X-Postmark-Server-Token"] == KEY
    sent = received.json()
    assert sent["To"] == "siti@example.test"
    assert sent["TextBody"] == "Dispendukcapil Jember: teks.\n"
    assert sent["Attachments"][0]["Name"] == "jadwal.ics"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (faults.nonsense(), Unknown),
        (faults.status(401, {"ErrorCode": 10, "Message": "siti@example.test"}), Blocked),
        (faults.status(422, {"ErrorCode": 300, "Message": "siti@example.test"}), Permanent),
        (faults.status(422, {"ErrorCode": 406, "Message": "siti@example.test"}), Permanent),
        (faults.status(429, b"", Retry_After="60"), Temporary),
        (faults.status(500), Temporary),
        (faults.redirect("http://169.254.169.254/"), Blocked),
        (faults.hang(3), Unknown),
        (faults.drip(0.05, 100), Unknown),
        (faults.cut(), Unknown),
    ],
)
def test_a_providers_faults_are_sorted_like_all_others(
    postmark: HttpGateway, answer: faults.Answer, expected: type[NotSent]
) -> None:
    postmark.answer = answer
    with pytest.raises(NotSent) as raised:
        send(outgoing())
    assert type(raised.value) is expected, raised.value.code
    assert len(postmark.received) == 1
    assert "siti" not in repr(raised.value.__cause__) and KEY not in repr(raised.value.__cause__)
    if expected is Temporary and raised.value.code == "http_429":
        assert raised.value.retry_after.total_seconds() == 60  # type: ignore[attr-defined]


def test_a_provider_inside_our_network_is_refused(
    postmark: HttpGateway, settings: Settings
) -> None:
    settings.GATEWAY_PRIVATE_HOSTS = frozenset()
    with pytest.raises(Blocked):
        send(outgoing())
    assert postmark.received == []
