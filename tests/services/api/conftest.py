"""One place with two days of slots, and a client that speaks to the API like a program."""

import pytest

# Imports of models stand in the fixtures: this file is read before Django is set up.


@pytest.fixture
def place():
    from tests import factories

    return factories.location("kecamatan-ambulu")


@pytest.fixture
def service(place):
    from tests import factories

    return factories.service(at=place)


@pytest.fixture
def slot(place, service):
    from tests import factories

    return factories.slot(place, capacity=2)


@pytest.fixture
def api():
    from rest_framework.test import APIClient

    return APIClient()


@pytest.fixture
def raw():
    """Sends bytes as they are; reports a crash as a 500 instead of raising it."""
    from django.test import Client

    return Client(raise_request_exception=False)
