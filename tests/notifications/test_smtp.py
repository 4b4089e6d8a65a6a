"""E-mail through sick servers: every attempt ends in time and is sorted by whose fault it was."""

from __future__ import annotations

import smtplib
import socket
import time
from collections.abc import Callable

import pytest
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend
from pytest_django import Settings

from notifications import delivery
from notifications.gateways import NotSent, Outgoing, Permanent, Temporary, Unknown, smtp
from notifications.gateways.email import send as send_email
from notifications.models import State

from . import people
from .factories import plan
from .smtp_sink import Sink, converse, faulty_server, free_port

LIMIT = 0.6  # seconds an attempt may take in these tests, instead of ten


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "ATTEMPT_SECONDS", LIMIT)


def outgoing(**changes: str) -> Outgoing:
    values = {
        "to": "siti@example.test",
        "kind": "confirmed",
        "language": "id",
        "subject": "Dispendukcapil Jember: Jadwal Anda tercatat",
        "text": "Dispendukcapil Jember: teks.",
        "reference": "reference",
    }
    return Outgoing(**(values | changes))


def point_to(settings: Settings, port: int) -> None:
    settings.EMAIL_BY_SMTP = True
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False


@pytest.mark.parametrize(
    ("answer", "expected", "code"),
    [
        ("550 no such user", Permanent, "smtp_550"),
        ("553 bad mailbox", Permanent, "smtp_553"),
        ("450 greylisted", Temporary, "smtp_450"),
        ("452 mailbox full", Temporary, "smtp_452"),
    ],
)
@pytest.mark.parametrize("at", ["recipient", "text"])
def test_refusals_of_one_address_are_sorted_by_their_code(
    sink: Sink, at: str, answer: str, expected: type[NotSent], code: str
) -> None:
    if at == "recipient":
        sink.answer_rcpt = lambda address: answer
    else:
        sink.answer_data = lambda envelope: answer
    with pytest.raises(expected) as raised:
        send_email(outgoing())
    assert type(raised.value) is expected
    assert raised.value.code == code


def test_a_server_that_refuses_us_burns_no_message(settings: Settings) -> None:
    """554 as greeting or for the sender is about our server or settings, not about the person."""

    def no_service(connection: socket.socket) -> None:
        connection.sendall(b"554 go away\r\n")

    def no_sender(connection: socket.socket) -> None:
        converse(connection, until=b"MAIL")
        connection.sendall(b"550 not you\r\n")
        connection.recv(1000)

    for serve in (no_service, no_sender):
        with faulty_server(serve) as port:
            point_to(settings, port)
            with pytest.raises(Temporary) as raised:
                send_email(outgoing())
            assert type(raised.value) is Temporary


def test_a_server_that_is_away_is_tried_later(settings: Settings) -> None:
    point_to(settings, free_port())
    with pytest.raises(Temporary, match="smtp_unreachable"):
        send_email(outgoing())


def drip(connection: socket.socket) -> None:
    """The greeting at one byte a moment: each read is in time, the whole never ends."""
    for byte in b"220 " + b"-" * 100:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def silence(connection: socket.socket) -> None:
    connection.recv(1)
    time.sleep(5)


def silence_after_the_text(connection: socket.socket) -> None:
    converse(connection, until=b".")
    time.sleep(5)


def garbage(connection: socket.socket) -> None:
    connection.sendall(b"<html>200 OK</html>\r\n" * 3)
    time.sleep(5)


@pytest.mark.parametrize("serve", [drip, silence, silence_after_the_text, garbage])
def test_an_attempt_ends_in_time_whatever_the_server_does(
    settings: Settings, serve: Callable[[socket.socket], None]
) -> None:
    with faulty_server(serve) as port:
        point_to(settings, port)
        began = time.monotonic()
        with pytest.raises((Temporary, Unknown)):
            send_email(outgoing())
        assert time.monotonic() - began < LIMIT + 2


@pytest.mark.parametrize("way", ["ssl", "starttls"])
def test_a_tls_handshake_ends_in_time_too(settings: Settings, way: str) -> None:
    def serve(connection: socket.socket) -> None:
        if way == "starttls":
            connection.sendall(b"220 sink\r\n")
            connection.recv(1000)
            connection.sendall(b"250-sink\r\n250 STARTTLS\r\n")
            connection.recv(1000)
            connection.sendall(b"220 go on\r\n")
        connection.recv(1000)
        for byte in b"\x16\x03\x03\x40\x00" + b"\x02" * 120:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)

    with faulty_server(serve) as port:
        point_to(settings, port)
        settings.EMAIL_USE_SSL, settings.EMAIL_USE_TLS = way == "ssl", way == "starttls"
        began = time.monotonic()
        with pytest.raises((Temporary, Unknown)):
            send_email(outgoing())
        assert time.monotonic() - began < LIMIT + 2


def test_without_the_timer_the_dripping_server_holds_the_sender(settings: Settings) -> None:
    """The library's time-out counts per read; as Django has it, the attempt goes on."""
    with faulty_server(drip) as port:
        backend = EmailBackend(host="127.0.0.1", port=port, timeout=LIMIT)  # type: ignore[arg-type]
        began = time.monotonic()
        with pytest.raises((smtplib.SMTPException, OSError)):
            backend.send_messages([EmailMessage("a", "b", to=["siti@example.test"])])
        assert time.monotonic() - began > LIMIT * 2


def test_a_connection_cut_after_the_text_may_have_delivered_it(settings: Settings) -> None:
    def serve(connection: socket.socket) -> None:
        converse(connection, until=b".")

    with faulty_server(serve) as port:
        point_to(settings, port)
        with pytest.raises(Unknown):
            send_email(outgoing())


def test_a_connection_cut_before_the_text_has_delivered_nothing(settings: Settings) -> None:
    def serve(connection: socket.socket) -> None:
        converse(connection, until=b"RCPT")

    with faulty_server(serve) as port:
        point_to(settings, port)
        with pytest.raises(Temporary) as raised:
            send_email(outgoing())
        assert type(raised.value) is Temporary


def test_a_farewell_that_fails_does_not_make_the_message_unsent(settings: Settings) -> None:
    def serve(connection: socket.socket) -> None:
        converse(connection, until=b"QUIT")
        time.sleep(5)

    with faulty_server(serve) as port:
        point_to(settings, port)
        send_email(outgoing())


@pytest.mark.django_db
def test_an_unknown_outcome_is_tried_once_more_and_then_marked(settings: Settings) -> None:
    def serve(connection: socket.socket) -> None:
        converse(connection, until=b".")

    with faulty_server(serve) as port:
        point_to(settings, port)
        message = plan()[0]
        assert delivery.deliver() == {"due": 1}
        message.refresh_from_db()
        assert message.failure == "smtp_unknown"
        assert delivery.deliver(message.next_attempt_at) == {"failed": 1}
    message.refresh_from_db()
    assert (message.state, message.failure, message.attempts) == (
        State.FAILED,
        "smtp_unknown",
        2,
    )


@pytest.mark.parametrize(
    "address",
    [
        "siti@example.test\r\nBcc: all@example.test",
        "siti@example.test\nSubject: won",
        "a@b@example.test\r\n",
        "",
        "no address",
    ],
)
def test_an_address_with_a_line_break_is_refused_and_nothing_is_sent(
    sink: Sink, address: str
) -> None:
    with pytest.raises(Permanent, match="address_invalid"):
        send_email(outgoing(to=address))
    assert sink.raw == []


@pytest.mark.django_db
def test_a_line_break_in_a_name_never_reaches_a_header(sink: Sink) -> None:
    typed = "Siti\r\nBcc: all@example.test\r\n\r\nOpen http://evil.test"
    message = plan()[0]
    people.KNOWN[message.subject] = people.person(
        email="siti@example.test", values=people.VALUES | {"name": typed}
    )
    assert delivery.deliver() == {"sent": 1}
    head, _, body = sink.raw[0].partition(b"\r\n\r\n")
    assert b"Bcc" not in head and b"evil" not in head
    assert b"Siti Bcc: all@example.test Open" in body


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["{{7*7}}", "{% debug %}", "%s{0}", "<script>alert(1)</script>"])
def test_what_looks_like_code_arrives_as_typed(sink: Sink, typed: str) -> None:
    message = plan()[0]
    people.KNOWN[message.subject] = people.person(
        email="siti@example.test", values=people.VALUES | {"name": typed}
    )
    delivery.deliver()
    (mail,) = sink.mails()
    assert f"untuk {typed} tercatat" in mail.get_content()
    assert mail.get_content_type() == "text/plain"
