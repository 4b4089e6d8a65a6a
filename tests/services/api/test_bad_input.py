"""Whatever comes in: a 4xx in the one error shape, nothing written, never a 5xx."""

import json
import time

import pytest
from django.db import connection

from tests import factories
from tests.services.api.asking import BASE, codes
from tests.services.api.bad_input import PUBLIC, Case, written
from tests.services.api.bad_staff_input import STAFF

pytestmark = pytest.mark.django_db

TABLES = [
    "services_booking", "services_bookingevent", "services_idempotencykey", "services_visit",
    "services_visitevent", "services_queueday", "notifications_message", "locations_slot",
    "locations_slotevent", "locations_closure", "knox_authtoken",
]  # fmt: skip


ALL = PUBLIC | STAFF


def rows() -> tuple:
    """How many rows there are, and what slots and bookings say."""
    counts = ", ".join(f"(SELECT count(*) FROM {table})" for table in TABLES)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {counts}, (SELECT array_agg((booked, capacity, excess) ORDER BY id)::text"
            " FROM locations_slot),"
            " (SELECT array_agg((code, status, slot_id) ORDER BY id)::text FROM services_booking)"
        )
        return cursor.fetchone()


def send(raw, case: Case, slot=None, booking=None, token="", **headers):
    path, body = case.path, case.body
    code = booking.shown_code if booking else "AAAA-AAAA"
    path = path.replace("{code}", code)
    if body is not None and not isinstance(body, bytes):
        body = written(body).replace("{slot}", str(slot.pk) if slot else "1")
        body = body.replace("{code}", code).encode()
    headers = {
        name: value.replace("{token}", f"Token {token}")
        for name, value in (headers | case.headers).items()
    }
    named = {f"HTTP_{name.upper().replace('-', '_')}": value
             for name, value in headers.items()}  # fmt: skip
    for name in ("CONTENT_LENGTH", "CONTENT_TYPE"):
        if f"HTTP_{name}" in named:
            named[name] = named.pop(f"HTTP_{name}")
    return raw.generic(case.method, path, body or b"", case.content_type, **named)


@pytest.fixture
def booking(slot, service):
    return factories.booking(slot, service, factories.person(500))


@pytest.fixture
def token(place):
    """Of a supervisor, who may also work at the counter."""
    from knox.models import AuthToken

    factories.counter(place, 1)
    return AuthToken.objects.create(user=factories.staff("pengawas", "supervisor", place))[1]


def test_there_are_at_least_250_malformed_requests():
    names = [case.name for cases in ALL.values() for case in cases]
    assert len(set(names)) == len(names)
    assert len(names) >= 250


def problem(response, case: Case) -> str:
    """What is wrong with the answer to a malformed request; empty where nothing is."""
    try:
        found = [code for code, _ in codes(response)]
    except (AssertionError, ValueError):
        return f"{response.status_code}, not the one error shape: {response.content[:200]!r}"
    allowed = case.status if isinstance(case.status, tuple) else (case.status,)
    if response.status_code not in allowed or (case.code and case.code not in found):
        return f"{response.status_code} {found} instead of {allowed} {case.code}"
    if response.status_code == 405 and not response.headers.get("Allow"):
        return "405 without Allow"
    return ""


@pytest.mark.parametrize("kind", ALL)
def test_malformed_requests_are_refused_and_write_nothing(raw, slot, booking, token, kind):
    before, wrong = rows(), {}
    for case in ALL[kind]:
        if found := problem(send(raw, case, slot, booking, token), case):
            wrong[case.name] = found
        assert rows() == before, case.name
    assert not wrong


def test_what_came_in_is_never_repeated(raw, slot):
    """A wrong value may be somebody's NIK in the wrong field."""
    canary = "3509210101059777"
    for name in ("service", "language", "phone", "email", "birth_date", "support", "full_name",
                 "residence_district", "nik"):  # fmt: skip
        for value in (canary, [canary], {canary: canary}, int(canary)):
            case = Case("canary", f"{BASE}bookings/", {name: value, canary: value})
            response = send(raw, case, slot)
            assert response.status_code == 400
            assert canary not in response.content.decode(), name


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("id", "Bidang ini harus diisi."),
        ("en", "This field is required."),
        ("en-GB,en;q=0.9", "This field is required."),
        ("fr", "Bidang ini harus diisi."),
        ("", "Bidang ini harus diisi."),
        ("x" * 15000, "Bidang ini harus diisi."),
        ("\xff;;q=;,", "Bidang ini harus diisi."),
    ],
)
def test_errors_speak_the_readers_language_and_codes_stay(raw, language, sentence):
    case = Case("language", f"{BASE}bookings/", {}, headers={"Accept-Language": language})
    error = send(raw, case).json()["errors"][0]
    assert (error["code"], error["detail"], error["attr"]) == ("required", sentence, "nik")


@pytest.mark.parametrize("language", ["id", "en"])
def test_every_kind_of_refusal_has_its_sentence(raw, slot, booking, token, language):
    """No sentence of the framework comes through, and none is left in the other language."""
    indonesian = ("Isi", "Permintaan", "Bidang", "Cara", "Bentuk", "Kirim", "Yang", "Anda", "Baca",
                  "NIK", "Tulis", "Pilih", "Angka", "Tanggal", "Periksa", "Nama", "Usia", "Orang",
                  "Waktu", "Rentang", "Memindahkan", "Jam", "Catat", "Panjang",
                  "Karakter")  # fmt: skip
    for case in [case for cases in ALL.values() for case in cases]:
        response = send(raw, case, slot, booking, token, **{"Accept-Language": language})
        for error in json.loads(response.content)["errors"]:
            begins = error["detail"].startswith(indonesian)
            assert begins is (language == "id"), (case.name, error)


def test_an_unknown_path_a_hidden_thing_and_a_wrong_token_look_the_same(raw, booking):
    day = factories.at_local(1).date()
    paths = ["nothing/", f"locations/x/slots/?from={day}&to={day}", "bookings/x/",
             f"bookings/{booking.code}/", "services/?page=9"]  # fmt: skip
    bodies = {raw.get(BASE + path).content for path in paths}
    assert len(bodies) == 1


def test_deep_and_long_input_is_refused_quickly(raw):
    for body in (b"[" * 65000, b'{"a":' * 13000, b'{"slot": ' + b"9" * 65000 + b"}"):
        started = time.perf_counter()
        case = Case("quick", f"{BASE}bookings/", body)
        assert send(raw, case).status_code == 400
        assert time.perf_counter() - started < 0.5
