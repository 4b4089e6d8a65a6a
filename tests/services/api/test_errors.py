"""What goes wrong inside, and what the caller sees of it."""

import json

import psycopg
import psycopg_pool
import pytest
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DataError, IntegrityError, InterfaceError, OperationalError

from services.api import bookings
from services.refusals import TryAgain
from tests import factories
from tests.services.api.asking import BASE, codes, wish

pytestmark = pytest.mark.django_db
SECRET = "3509210101059777"


def fail_with(monkeypatch, error: Exception, cause: Exception | None = None) -> None:
    """Let booking fail inside; the error's text carries what the database would print."""

    def book(**_: object) -> None:
        raise error from cause

    monkeypatch.setattr(bookings, "book", book)


@pytest.fixture
def ask(raw, slot):
    return lambda: raw.post(f"{BASE}bookings/", json.dumps(wish(slot)), "application/json")


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (OperationalError(f"connection lost {SECRET}"), None),
        (OperationalError("no connection"), psycopg_pool.PoolTimeout("after 2 s")),
        (OperationalError(SECRET), psycopg.errors.QueryCanceled()),
        (OperationalError(SECRET), psycopg.errors.LockNotAvailable()),
        (OperationalError(SECRET), psycopg.errors.DiskFull()),
        (InterfaceError("closed"), None),
        (TryAgain(), None),
    ],
    ids=["lost", "pool", "statement timeout", "lock timeout", "disk full", "closed", "conflict"],
)
def test_a_database_that_is_away_is_a_calm_503(ask, monkeypatch, error, cause, caplog):
    fail_with(monkeypatch, error, cause)
    answer = ask()
    assert (answer.status_code, codes(answer)) == (503, [("unavailable", None)])
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["type"] == "server_error"
    assert SECRET not in answer.content.decode()


def test_a_database_that_is_away_before_the_view_is_a_calm_503_too(ask, monkeypatch, settings):
    settings.RATE_LIMITS = True

    def lost(*_: object) -> None:
        raise OperationalError("connection lost")

    monkeypatch.setattr(bookings.limits, "take", lost)
    assert ask().status_code == 503


def test_a_value_that_the_database_cannot_hold_is_a_400_and_our_defect(ask, monkeypatch, written):
    fail_with(monkeypatch, DataError(f"value {SECRET} out of range"))
    answer = ask()
    assert (answer.status_code, codes(answer)) == (400, [("invalid", None)])
    logged = written.getvalue()
    assert "a value that the database refused" in logged
    assert SECRET not in logged + answer.content.decode()


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RequestDataTooBig(SECRET), 413, "too_large"),
        (SuspiciousOperation(SECRET), 400, "invalid"),
    ],
)
def test_what_the_framework_suspects_is_the_callers_fault(ask, monkeypatch, error, status, code):
    fail_with(monkeypatch, error)
    answer = ask()
    assert (answer.status_code, codes(answer)) == (status, [(code, None)])
    assert SECRET not in answer.content.decode()


@pytest.mark.parametrize(
    "error", [ValueError(SECRET), IntegrityError(f"Failing row ({SECRET})"), RecursionError()]
)
def test_a_defect_keeps_the_shape_and_tells_nothing(ask, monkeypatch, error, written):
    fail_with(monkeypatch, error)
    answer = ask()
    assert (answer.status_code, codes(answer)) == (500, [("error", None)])
    assert SECRET not in answer.content.decode()
    logged = written.getvalue()
    assert "ValueError" in logged or not isinstance(error, ValueError)
    assert SECRET not in logged


def test_a_refused_booking_leaves_nothing_personal_in_the_log(ask, written):
    ask()
    answer = ask()
    assert answer.status_code == 409
    logged = written.getvalue()
    for private in (factories.nik(1), "Warga", "081200"):
        assert private not in logged
