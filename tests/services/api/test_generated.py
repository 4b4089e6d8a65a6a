"""Requests that a program invents from the schema (schemathesis): never a crash, one error shape.

A bounded run; `GENERATED_EXAMPLES=300` makes more of each call.
"""

import json
import os
from contextlib import suppress

import pytest
import schemathesis
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from services.api.schema import schema
from tests import factories
from tests.services.api.asking import codes, wish

pytestmark = pytest.mark.django_db

EXAMPLES = int(os.environ.get("GENERATED_EXAMPLES", "40"))


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def known(api, place, slot, service) -> dict[str, str]:
    """What leads a call past its first 404: a place, a booking, and the headers for each."""
    from knox.models import AuthToken

    factories.counter(place, 1)
    factories.slot(place, factories.soon())
    made = api.post("/api/v1/bookings/", wish(slot, 70_500)).json()
    token = AuthToken.objects.create(user=factories.staff("pengawas", "supervisor", place))[1]
    return {
        "location": place.slug,
        "slug": place.slug,
        "code": made["code"],
        "bookingToken": f"Booking {made['token']}",
        "staffToken": f"Token {token}",
    }


def operations():
    described = schemathesis.openapi.from_dict(schema())
    return [found.ok() for found in described.get_all_operations()]


def send(case, known: dict[str, str]):
    """The call as it was invented, but for what leads it past the first 404."""
    path = case.path
    for name in case.path_parameters or {}:
        path = path.replace(f"{{{name}}}", known[name])
    body = case.body
    if isinstance(body, bytes):
        content = body
    else:
        content = b"" if _nothing(body) else json.dumps(body, default=str).encode()
    headers = {str(name): str(value) for name, value in (case.headers or {}).items()}
    headers = {name: value for name, value in headers.items() if value.isprintable()}
    headers["Authorization"] = known["bookingToken" if "/bookings/" in path else "staffToken"]
    return Client(raise_request_exception=False).generic(
        case.method, path, content, "application/json", headers=headers,
        query_params={name: str(value) for name, value in (case.query or {}).items()},
    )  # fmt: skip


def _nothing(body) -> bool:
    return type(body).__name__ == "NotSet"


def try_all(known: dict[str, str], examples: int) -> int:
    """Every call with so many invented requests, each rolled back; how many there were."""
    tried = 0
    for operation in operations():
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @settings(
                max_examples=examples, deadline=None, database=None, derandomize=True,
                suppress_health_check=list(HealthCheck), phases=[Phase.generate],
            )  # fmt: skip
            @given(case=operation.as_strategy(generation_mode=mode))
            def run(case) -> None:
                nonlocal tried
                with transaction.atomic():
                    response = send(case, known)
                    assert response.status_code < 500, (case.method, case.path, case.body)
                    if response.status_code >= 400:
                        codes(response)
                    transaction.set_rollback(True)
                tried += 1

            with suppress(Unsatisfiable):  # a call without parameters can't be called wrongly
                run()
    return tried


@pytest.mark.slow
def test_invented_requests_of_every_call(known):
    tried = try_all(known, EXAMPLES)
    print(f"\n{tried} invented requests")
    assert tried > 20 * EXAMPLES
