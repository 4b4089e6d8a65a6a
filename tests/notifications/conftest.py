from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from .http_gateway import HttpGateway, http_gateway
from .smtp_sink import Sink, smtp_sink


@pytest.fixture(autouse=True)
def _told_by_the_tests(settings: Settings) -> Iterator[None]:
    from . import people  # needs Django set up, which it is not yet when this file is read

    settings.NOTIFICATIONS_DESCRIBE = "tests.notifications.people.describe_many"
    yield
    people.KNOWN.clear()


@pytest.fixture
def sink(settings: Settings) -> Iterator[Sink]:
    """A mail server, and the settings as EMAIL_URL=smtp://127.0.0.1:port makes them."""
    with smtp_sink() as (sink, port):
        settings.EMAIL_BY_SMTP = True
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield sink


RECEIPT_SECRET = "receipt-secret-of-the-tests"


@pytest.fixture
def sms_gateway(settings: Settings) -> Iterator[HttpGateway]:
    """An SMS gateway over HTTP with receipts, and the settings as GATEWAY_SMS makes them."""
    with http_gateway() as gateway:
        url = f"{gateway.url}?receipt_secret={RECEIPT_SECRET}"
        connect(settings, GATEWAY_SMS=url)
        yield gateway


@pytest.fixture
def whatsapp_gateway(settings: Settings) -> Iterator[HttpGateway]:
    """Meta's API, and the settings as GATEWAY_WHATSAPP makes them."""
    with http_gateway() as gateway:
        url = (
            f"whatsapp://token@127.0.0.1:{gateway.port}/v21.0/1?tls=off"
            f"&receipt_secret={RECEIPT_SECRET}&verify_token=verify-token-of-the-tests"
        )
        connect(settings, GATEWAY_WHATSAPP=url)
        yield gateway


def connect(settings: Settings, **environment: str) -> None:
    """Add gateways as the environment would."""
    from notifications.gateways.configuration import read

    found, problems = read(environment, frozenset({"127.0.0.1"}))
    assert problems == []
    settings.GATEWAYS = {**settings.GATEWAYS, **found}
