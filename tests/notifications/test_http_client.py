"""The one way out over HTTP: bounded, to checked addresses only, honest about the outcome."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from notifications.gateways import (
    Blocked,
    NotSent,
    Permanent,
    Temporary,
    Unknown,
    addresses,
    bounded,
    http,
)
from notifications.gateways.http import Answer, Server, by_status, pause_asked, post

from . import http_gateway as faults
from .http_gateway import HttpGateway, http_gateway
from .smtp_sink import faulty_server, free_port

LIMIT = 0.6


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "ATTEMPT_SECONDS", LIMIT)


@pytest.fixture
def gateway() -> Iterator[HttpGateway]:
    with http_gateway() as gateway:
        yield gateway


def here(gateway: HttpGateway) -> Server:
    return Server("127.0.0.1", gateway.port, tls=False, private=True)


def test_what_is_sent_arrives_and_the_answer_comes_back(gateway: HttpGateway) -> None:
    answer = post(here(gateway), "/send?a=1", b"body", {"Content-Type": "text/plain"})
    assert (answer.status, answer.json()) == (200, {"id": "provider-1"})
    (received,) = gateway.received
    assert (received.path, received.body) == ("/send?a=1", b"body")
    assert received.headers["Host"] == f"127.0.0.1:{gateway.port}"


@pytest.mark.parametrize("fault", [faults.hang(5), faults.drip(0.05, 200), faults.endless()])
def test_an_attempt_ends_in_time_whatever_the_gateway_does(
    gateway: HttpGateway, fault: faults.Answer
) -> None:
    gateway.answer = fault
    began = time.monotonic()
    try:
        answer = post(here(gateway), "/", b"body", {})
    except Unknown as error:
        assert error.code == "no_answer"
    else:
        assert len(answer.body) <= http.MOST_READ + 1  # the endless body: read so far and no more
    assert time.monotonic() - began < LIMIT + 2


def test_a_name_server_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: time.sleep(3))
    began = time.monotonic()
    with pytest.raises(Temporary, match="name_unknown"):
        post(Server("gateway.example", 443), "/", b"", {})
    assert time.monotonic() - began < LIMIT + 2


def test_a_tls_handshake_ends_in_time_and_nothing_went_out() -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(1000)
        for byte in b"\x16\x03\x03\x40\x00" + b"\x02" * 60:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)

    with faulty_server(serve) as port:
        began = time.monotonic()
        with pytest.raises(Temporary):
            post(Server("127.0.0.1", port, private=True), "/", b"", {})
        assert time.monotonic() - began < LIMIT + 2


def test_an_untrusted_certificate_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    received: list[bytes] = []
    self_signed(context, tmp_path)

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            received.append(tls.recv(1000))

    with faulty_server(serve) as port, pytest.raises(Temporary, match="tls_failed"):
        post(Server("localhost", port, private=True), "/", b"secret", {})
    assert received in ([], [b""])


def test_with_tls_the_name_of_the_settings_is_asked_for_and_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    file = self_signed(context, tmp_path)
    asked: list[str] = []
    context.sni_callback = lambda sock, name, context: asked.append(str(name))
    received: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            request = b""
            # Whole: a socket that is closed with something unread takes its answer back.
            while not request.endswith(b"\r\n\r\nx") and (more := tls.recv(1000)):
                request += more
            received.append(request)
            tls.sendall(faults.reply(200, b"{}"))

    trusting = ssl.create_default_context(cafile=str(file))
    monkeypatch.setattr(http, "_tls", lambda: trusting)
    monkeypatch.setattr(bounded, "ATTEMPT_SECONDS", 3.0)
    with faulty_server(serve) as port:
        assert post(Server("localhost", port, private=True), "/a", b"x", {}).status == 200
        with pytest.raises(Temporary, match="tls_failed"):  # the certificate is for the name
            post(Server("127.0.0.1", port, private=True), "/a", b"x", {})
    assert asked[0] == "localhost"
    assert f"Host: localhost:{port}\r\n".encode() in received[0]


def self_signed(context: ssl.SSLContext, folder: Path) -> Path:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context.load_cert_chain(file)
    return file


def test_nobody_there_is_tried_later() -> None:
    with pytest.raises(Temporary, match="unreachable"):
        post(Server("127.0.0.1", free_port(), tls=False, private=True), "/", b"", {})


@pytest.mark.parametrize("before_body", [True, False])
def test_a_connection_cut_after_the_request_is_unknown(
    gateway: HttpGateway, before_body: bool
) -> None:
    gateway.answer = faults.cut()
    gateway.cut_before_body = before_body
    with pytest.raises((Unknown, Temporary)) as raised:
        post(here(gateway), "/", b"body", {})
    if not before_body:
        assert type(raised.value) is Unknown


def test_half_an_answer_is_unknown(gateway: HttpGateway) -> None:
    def half(received: faults.Received) -> None:
        received.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")

    gateway.answer = half
    with pytest.raises(Unknown):
        post(here(gateway), "/", b"body", {})


def test_no_redirect_is_followed(gateway: HttpGateway) -> None:
    gateway.answer = faults.redirect(f"http://127.0.0.1:{gateway.port}/inward")
    answer = post(here(gateway), "/", b"body", {})
    assert isinstance(by_status(answer), Blocked)
    assert len(gateway.received) == 1


@pytest.mark.parametrize(
    "points_to",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_a_name_that_points_inside_is_refused_when_used(
    monkeypatch: pytest.MonkeyPatch, points_to: str
) -> None:
    point(monkeypatch, [points_to])
    with pytest.raises(Blocked, match="address_refused"):
        post(Server("gateway.example", 443), "/", b"", {})


def test_the_connection_goes_to_the_very_address_that_was_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The name is looked up once: a name that points inside a moment later changes nothing."""
    asked = point(monkeypatch, ["203.0.113.7", "127.0.0.1"])
    monkeypatch.setattr(addresses, "is_public", lambda address: str(address) == "203.0.113.7")
    reached: list[object] = []

    class Socket(socket.socket):
        def connect(self, address: object) -> None:
            reached.append(address)
            raise OSError

    monkeypatch.setattr(socket, "socket", Socket)
    with pytest.raises(Temporary, match="unreachable"):
        post(Server("gateway.example", 443), "/", b"", {})
    assert reached == [("203.0.113.7", 443)]
    assert asked == ["gateway.example"]


def point(monkeypatch: pytest.MonkeyPatch, found: list[str]) -> list[str]:
    asked: list[str] = []
    look_up = socket.getaddrinfo

    def resolve(host: str, port: int, **kwargs: object) -> list[object]:
        asked.append(host)
        return [entry for ip in found for entry in look_up(ip, port, type=socket.SOCK_STREAM)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (301, Blocked),
        (400, Permanent),
        (401, Blocked),
        (402, Blocked),
        (403, Blocked),
        (404, Permanent),
        (408, Temporary),
        (410, Permanent),
        (422, Permanent),
        (425, Temporary),
        (429, Temporary),
        (500, Temporary),
        (503, Temporary),
    ],
)
def test_a_status_says_whose_fault_it_was(status: int, expected: type[NotSent]) -> None:
    assert type(by_status(Answer(status, b""))) is expected


NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "pause"),
    [
        ("120", timedelta(seconds=120)),
        (" 0 ", timedelta(0)),
        ("Tue, 24 Nov 2026 09:05:00 GMT", timedelta(minutes=5)),
        ("Tue, 24 Nov 2026 08:00:00 GMT", timedelta(0)),
        ("Tue, 24 Nov 2099 09:05:00 GMT", timedelta(hours=1)),
        ("9" * 400, timedelta(hours=1)),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1e9", None),
        ("٣", None),
        ("Tue, 99 Nov 2026 99:05:00 GMT", None),
    ],
)
def test_retry_after_is_read_in_both_forms_and_capped(header: str, pause: timedelta | None) -> None:
    assert pause_asked(header, now=NOW) == pause


@pytest.mark.parametrize(
    ("host", "inward"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("db.localhost", True),
        ("redis", True),
        ("2130706433", True),
        ("0x7f.1", True),
        ("modem.lan", True),
        ("169.254.169.254", True),
        ("graph.facebook.com", False),
        ("8.8.8.8", False),
    ],
)
def test_what_looks_inward_is_known_when_it_is_set(host: str, inward: bool) -> None:
    assert addresses.looks_inward(host) is inward


def test_values_cannot_add_headers(gateway: HttpGateway) -> None:
    with pytest.raises(ValueError):
        post(here(gateway), "/", b"", {"X-A": "b\r\nX-Evil: 1"})
    assert gateway.received == []
