"""SMS through Apprise: in a process of its own, bounded, and sorted by what it met on the way."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator

import pytest

from notifications.gateways import (
    Blocked,
    NotSent,
    Outgoing,
    Permanent,
    Taken,
    Temporary,
    Unknown,
    apprise,
    bounded,
)
from notifications.gateways.configuration import GatewaySetting, read

from . import http_gateway as faults
from .http_gateway import HttpGateway, http_gateway
from .smtp_sink import free_port

INSIDE = frozenset({"127.0.0.1"})
TOKEN = "eagle-token-of-the-tests"


@pytest.fixture
def gateway() -> Iterator[HttpGateway]:
    with http_gateway() as gateway:
        gateway.answer = faults.status(200, {"result": {"status": "ok"}})
        yield gateway


@pytest.fixture(autouse=True)
def _warm() -> Iterator[None]:
    yield
    while apprise._idle:
        child = apprise._idle.pop()
        child.kill()
        child.wait()


def setting(port: int) -> GatewaySetting:
    url = f"apprise+smseagle://{TOKEN}@127.0.0.1:{port}/{{to}}"
    found, problems = read({"GATEWAY_SMS": url}, INSIDE)
    assert problems == []
    assert TOKEN not in repr(found)
    return found["sms"]


def send(port: int, **changes: object) -> Taken:
    values: dict[str, object] = {
        "to": "+6281234567890",
        "kind": "confirmed",
        "language": "id",
        "subject": "",
        "text": "Dispendukcapil Jember: teks untuk Siti & <b>.",
        "reference": "r",
    }
    return apprise.send(Outgoing(**(values | changes)), setting(port))  # type: ignore[arg-type]


def test_an_sms_goes_out_by_the_librarys_service(gateway: HttpGateway) -> None:
    assert send(gateway.port) == Taken()
    assert send(gateway.port) == Taken()
    assert len(apprise._idle) == 1  # the same child again
    first = gateway.received[0]
    assert "6281234567890" in json.dumps(first.json())
    assert "teks untuk Siti & <b>." in json.dumps(first.json())


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (faults.status(400), Permanent),
        (faults.status(401), Blocked),
        (faults.status(403), Blocked),
        (faults.status(404), Permanent),
        (faults.status(429, b"", Retry_After="60"), Temporary),
        (faults.status(500), Temporary),
        (faults.redirect("http://127.0.0.1:1/"), Blocked),
        (faults.cut(), Unknown),
    ],
)
def test_what_apprise_calls_false_is_sorted_by_what_it_met(
    gateway: HttpGateway, answer: faults.Answer, expected: type[NotSent]
) -> None:
    gateway.answer = answer
    with pytest.raises(NotSent) as raised:
        send(gateway.port)
    assert type(raised.value) is expected, raised.value.code
    assert len(gateway.received) == 1


def test_nobody_there_is_tried_later() -> None:
    with pytest.raises(Temporary, match="unreachable"):
        send(free_port())


@pytest.mark.parametrize("fault", [faults.hang(20), faults.drip(0.2, 100)])
def test_the_child_is_killed_when_time_is_over(
    gateway: HttpGateway, fault: faults.Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(gateway.port)  # a warm child
    child = apprise._idle[0]
    monkeypatch.setattr(bounded, "ATTEMPT_SECONDS", 1.0)
    gateway.answer = fault
    began = time.monotonic()
    with pytest.raises(Unknown):
        send(gateway.port)
    assert time.monotonic() - began < 8
    assert child.poll() is not None
    assert apprise._idle == []


def test_the_child_goes_nowhere_inside_that_is_not_named(gateway: HttpGateway) -> None:
    job = {
        "url": f"smseagle://{TOKEN}@127.0.0.1:{gateway.port}/62812345678",
        "body": "x",
        "inside": [],
    }
    assert apprise._ask(job) == {"ok": False, "error": "refused"}
    assert gateway.received == []


def test_the_child_has_none_of_our_keys_and_says_nothing(
    gateway: HttpGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[dict[str, str]] = []
    start = subprocess.Popen

    def popen(*args: object, **kwargs: object) -> subprocess.Popen[bytes]:
        given.append(kwargs["env"])  # type: ignore[arg-type]
        return start(*args, **kwargs)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setenv("PERSONAL_DATA_KEYS", "k1:secret")
    monkeypatch.setattr(subprocess, "Popen", popen)
    gateway.answer = faults.status(500, b"+6281234567890")
    with pytest.raises(Temporary) as raised:
        send(gateway.port)
    (environment,) = given
    assert set(environment) <= set(apprise.ENVIRONMENT)
    assert "8123" not in repr(raised.value) + repr(raised.value.__cause__)


def test_a_number_that_is_none_reaches_no_child() -> None:
    with pytest.raises(Permanent):
        send(1, to="+62812/../x")
    assert apprise._idle == []
