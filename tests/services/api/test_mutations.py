"""Good requests with one thing changed: never a crash; what is refused has written nothing."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from tests import factories
from tests.services.api.asking import BASE, codes, wish
from tests.services.api.test_bad_input import rows

pytestmark = pytest.mark.django_db


def other_forms(value: Any) -> Iterator[Any]:
    """The same value doubled, retyped, truncated, stretched, wrapped, emptied."""
    yield from (None, [value], {"value": value}, [value, value])
    if isinstance(value, bool):
        yield from (not value, int(value), str(value).lower())
    elif isinstance(value, int | float):
        yield from (str(value), value * 2, -value, value + 0.5, float(value), 10**30, value // 2)
    elif isinstance(value, str):
        yield from (value * 2, value[: len(value) // 2], value[:-1], value + "x", "", f" {value} ")
        yield from (value.upper(), value[::-1], value * 1000, value + "\x00", value + "\ud800")
        yield from (int(value) if value.isascii() and value.isdigit() else 0, True)
    elif isinstance(value, list):
        yield from (value * 2, [], value * 500, "x", {str(one): one for one in value})
    elif isinstance(value, dict):
        yield from ({}, list(value), str(value))


def mutated(body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each field, also inside objects, dropped or in another form."""
    for name, value in body.items():
        yield f"{name} dropped", {key: one for key, one in body.items() if key != name}
        for form in other_forms(value):
            yield f"{name}={str(form)[:30]!r}", body | {name: form}
        if isinstance(value, dict):
            for inner, changed in mutated(value):
                yield f"{name}.{inner}", body | {name: changed}


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def good(api, place, slot, service) -> dict[str, tuple[str, dict, dict]]:
    """Good requests of every kind, by name: path, body, headers."""
    soon = factories.slot(place, factories.soon(), capacity=20)
    coming, waiting = factories.booking(soon, service), factories.booking(soon, service)
    factories.counter(place, 1)
    staff = factories.staff("pengawas", "supervisor", place)
    given = {"username": "pengawas", "password": factories.PASSWORD}
    token = api.post(f"{BASE}auth/login/", given).json()["token"]
    as_staff = {"Authorization": f"Token {token}"}
    here, there = f"{BASE}counter/{place.slug}/", f"{BASE}locations/{place.slug}/"
    well = {"temperature_c": 36.6, "mask": True, "symptoms": False, "companions": 0}
    api.post(f"{here}check-in/", {"code": waiting.code} | well, headers=as_staff)
    held = api.post(f"{BASE}bookings/", wish(slot, 70_090)).json()
    day = (timezone.localdate() + timedelta(days=3)).isoformat()
    born = timezone.localdate() - timedelta(days=int(16.7 * 365.25))
    minor = {
        "birth_date": born.isoformat(),
        "nik": f"350921{born:%d%m%y}9001",
        "guardian": {"full_name": "Misnati", "relation": "mother", "consent": True},
    }
    full = {
        "email": "siti@example.org",
        "language": "en",
        "companions": 1,
        "support": ["elderly", "wheelchair"],
        "whatsapp": True,
        "ever_married": False,
        "confirm_nik": True,
        "residence_district": factories.district().code,
    }
    assert staff.pk
    return {
        "booking": (f"{BASE}bookings/", wish(slot, 70_091, **full), {}),
        "booking of a minor": (f"{BASE}bookings/", wish(slot, 70_092, **minor), {}),
        "move": (
            f"{BASE}bookings/{held['code']}/reschedule/",
            {"slot": factories.slot(place, factories.at_local(5)).pk},
            {"Authorization": f"Booking {held['token']}"},
        ),
        "cancel": (
            f"{BASE}bookings/{held['code']}/cancel/",
            {"extra": 1},
            {"Authorization": f"Booking {held['token']}"},
        ),
        "sign-in": (f"{BASE}auth/login/", given, {}),
        "check-in": (f"{here}check-in/", {"code": coming.shown_code} | well, as_staff),
        "call": (f"{here}call-next/", {"counter": 1}, as_staff),
        "capacity": (
            f"{there}capacity-changes/",
            {
                "from": day,
                "to": day,
                "weekdays": [1, 2, 3, 4, 5, 6, 7],
                "start_time": "06:00",
                "end_time": "18:00",
                "capacity": 1,
                "on_excess": "keep",
                "reason": "Alat rusak",
                "dry_run": False,
            },
            as_staff,
        ),
        "closure": (
            f"{there}closures/",
            {"from": day, "to": day, "reason": "Listrik padam", "on_excess": "keep",
             "dry_run": True},
            as_staff,
        ),
    }  # fmt: skip


KINDS = ["booking", "booking of a minor", "move", "cancel", "sign-in", "check-in", "call",
         "capacity", "closure"]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_request_with_one_thing_changed(raw, good, kind):
    path, body, headers = good[kind]
    before, tried = rows(), 0

    def post(given: dict[str, Any]):
        return raw.post(path, json.dumps(given), "application/json", headers=headers)

    with transaction.atomic():
        assert post(body).status_code in (200, 201)
        transaction.set_rollback(True)
    for name, changed in mutated(body):
        with transaction.atomic():
            response = post(changed)
            if response.status_code >= 400:
                assert response.status_code < 500, name
                codes(response)
                assert rows() == before, name
            transaction.set_rollback(True)
        tried += 1
    assert tried >= len(body) * 5
    assert rows() == before


def test_a_good_query_with_one_thing_changed(api, place, slot):
    day = timezone.localdate()
    good = {
        "service": "first-recording",
        "from": day.isoformat(),
        "to": (day + timedelta(days=9)).isoformat(),
        "page": "1",
        "page_size": "10",
        "district": "35.09.11",
    }
    for path in (f"locations/{place.slug}/slots/", "locations/", "services/", "districts/"):
        for name, value in good.items():
            for form in (None, "", value * 2, value[:-1], value + "x", value * 500, "\u0661",
                         [value, value], "%00", "%", "' OR 1=1--", "\ud83d\ude00".encode(
                             "utf-16", "surrogatepass").decode("utf-16")):  # fmt: skip
                query = {key: one for key, one in good.items() if key != name}
                query |= {} if form is None else {name: form}
                response = api.get(BASE + path, query)
                assert response.status_code < 500
                if response.status_code >= 400:
                    codes(response)
