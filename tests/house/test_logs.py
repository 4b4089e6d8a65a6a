"""Logs hold no personal data, whoever writes them and however."""

import io
import json
import logging
from typing import Any

import pytest
import structlog
from django.db import IntegrityError, connections, transaction
from django.test import Client

from locations.models import Staff

NIK = "3509110208990001"
SECRETS = {
    "nik": NIK,
    "nik in groups": "3509.1102.0899.0001",
    "nik with spaces": "350911 020899 0001",
    "phone": "081234567890",
    "phone with country": "+6281234567890",
    "phone in groups": "0812-3456-7890",
    "e-mail": "siti.aminah@contoh.example",
    "token": "kJ8x-2mQ_pT4vWz9LrN6bYc1dFgHs3uA",
    "hex token": "9f86d081884c7d659a2feaa0c55ad015",
}


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_a_secret_in_a_line_is_masked(written: io.StringIO, secret: str) -> None:
    logging.getLogger("services.booking").info("booked for %s now", secret)
    structlog.get_logger("services").info(f"booked for {secret}", code=secret, kind=[secret])
    assert len(lines(written)) == 2
    assert secret not in written.getvalue()
    assert lines(written)[0]["event"].startswith("booked for [")


def test_only_known_fields_are_written(written: io.StringIO) -> None:
    structlog.get_logger("services").info("booked", full_name="Siti Aminah", count=3)
    assert "Siti" not in written.getvalue()
    assert lines(written)[0]["count"] == 3


def test_what_is_needed_to_follow_a_request_stays_readable(written: io.StringIO) -> None:
    booking = "01939b1c-5f7e-7000-8000-0123456789ab"
    structlog.get_logger("access").info("request", booking_id=booking, ms=12.5, status=200)
    (line,) = lines(written)
    assert (line["booking_id"], line["ms"], line["status"]) == (booking, 12.5, 200)
    assert line["timestamp"].endswith("Z")


def test_an_exception_is_named_without_its_text(written: io.StringIO) -> None:
    try:
        raise ValueError(f"no such person: Siti Aminah {NIK}")
    except ValueError:
        logging.getLogger("services").exception("failed")
    (line,) = lines(written)
    assert "Siti" not in written.getvalue()
    assert "builtins.ValueError at house/test_logs.py" in line["exception"]


@pytest.mark.django_db
def test_a_refusal_of_the_database_is_named_without_the_row(written: io.StringIO) -> None:
    Staff.objects.create_user("siti-aminah")
    try:
        with transaction.atomic():
            Staff.objects.create_user("siti-aminah")
    except IntegrityError:
        structlog.get_logger("locations").exception("refused")
    (line,) = lines(written)
    assert "siti" not in written.getvalue()
    assert line["sqlstate"] == "23505"
    assert line["constraint"]


@pytest.mark.django_db
def test_a_request_is_logged_by_its_route(written: io.StringIO) -> None:
    Client().get("/jadwal/RAHASIA-123/?token=kJ8x2mQpT4vWz9Lr")
    Client().get("/admin/login/?next=RAHASIA")
    assert "RAHASIA" not in written.getvalue()
    assert "kJ8x2mQpT4vWz9Lr" not in written.getvalue()
    assert [line["route"] for line in lines(written) if line["logger"] == "access"][1] == (
        "admin/login/"
    )


@pytest.mark.django_db
def test_postgresql_itself_does_not_log_the_values_of_failing_statements() -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT current_setting('log_min_error_statement')")
        assert cursor.fetchone() == ("panic",)
        cursor.execute("SELECT current_setting('log_error_verbosity')")
        assert cursor.fetchone() == ("terse",)
