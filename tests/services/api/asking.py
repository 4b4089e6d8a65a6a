"""Asking the API in tests, and reading what it answers."""

import json
from typing import Any

from tests import factories

BASE = "/api/v1/"
ERROR_TYPES = {"validation_error", "client_error", "server_error"}


def wish(slot, number: int = 1, **values: Any) -> dict[str, Any]:
    """What somebody sends to book; a value of `...` leaves the field out."""
    given = {
        "service": "first-recording",
        "slot": slot.pk,
        "nik": factories.nik(number),
        "full_name": f"Warga {number}",
        "birth_date": "2005-01-01",
        "phone": f"0812{number:08d}",
        "notice_read": True,
    } | values
    return {name: value for name, value in given.items() if value is not ...}


def codes(response) -> list[tuple[str, str | None]]:
    """The codes and attributes of an answer in the error shape; fails on any other shape."""
    body = json.loads(response.content)
    assert set(body) <= {"type", "errors", "alternatives", "over"}, body
    assert body["type"] in ERROR_TYPES
    assert body["errors"], body
    for error in body["errors"]:
        assert set(error) == {"code", "detail", "attr"}, error
        assert isinstance(error["code"], str) and isinstance(error["detail"], str), error
        assert error["detail"], error
    return [(error["code"], error["attr"]) for error in body["errors"]]
