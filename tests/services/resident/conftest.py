"""Fixtures around the small town of town.py (imported late: Django is not set up yet here)."""

import typing

import pytest
from django.test import Client

if typing.TYPE_CHECKING:
    from tests.services.resident.town import Town


@pytest.fixture
def town(db: None) -> "Town":
    from tests.services.resident.town import build

    return build()


@pytest.fixture
def identified(client: Client, town: "Town") -> Client:
    """Somebody who has filled in the first step."""
    from tests.services.resident.town import identify

    identify(client)
    return client


@pytest.fixture
def booked(identified: Client, town: "Town") -> str:
    """The address of a ticket that this browser may open."""
    from tests.services.resident.town import tap

    return tap(identified, town.slots[0]).headers["Location"].partition("?")[0]
