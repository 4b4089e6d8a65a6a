from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

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
