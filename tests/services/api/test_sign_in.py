"""Signing in with a token."""

import time
from datetime import timedelta
from statistics import median

import pytest
from django.utils import timezone
from knox.models import AuthToken

from locations.models import Assignment
from tests import factories
from tests.services.api.asking import BASE, codes

pytestmark = pytest.mark.django_db


@pytest.fixture
def petugas(place):
    return factories.staff("petugas", "counter", place)


def sign_in(api, username="petugas", password=factories.PASSWORD, **extra):
    given = {"username": username, "password": password}
    return api.post(f"{BASE}auth/login/", given, **extra)


def as_staff(answer) -> dict[str, str]:
    return {"Authorization": f"Token {answer.json()['token']}"}


def day(api, headers):
    return api.get(f"{BASE}counter/kecamatan-ambulu/", headers=headers)


def test_a_token_opens_the_callers_location_and_is_stored_hashed(api, petugas):
    answer = sign_in(api)
    assert answer.status_code == 200
    token, expiry = answer.json()["token"], answer.json()["expiry"]
    assert expiry.endswith("+07:00")
    assert day(api, as_staff(answer)).status_code == 200
    kept = AuthToken.objects.get()
    assert token not in (kept.digest, kept.token_key)


def test_a_changed_password_ends_every_token_of_that_person_alone(api, petugas):
    headers = [as_staff(sign_in(api)) for _ in range(2)]
    factories.staff("pengawas", "supervisor", Assignment.objects.get(staff=petugas).location)
    other = as_staff(sign_in(api, "pengawas"))
    petugas.set_password("another password of 9000")
    petugas.save()
    assert [day(api, one).status_code for one in headers] == [401, 401]
    assert day(api, other).status_code == 200


def test_signing_out_ends_the_token(api, petugas):
    headers = as_staff(sign_in(api))
    other = as_staff(sign_in(api))
    assert api.post(f"{BASE}auth/logout/", headers=headers).status_code == 204
    assert day(api, headers).status_code == 401
    assert day(api, other).status_code == 200


def test_wrong_password_unknown_name_and_closed_account_look_the_same(api, petugas):
    factories.staff("tutup")
    type(petugas).objects.filter(username="tutup").update(is_active=False)
    answers = [
        sign_in(api, password="wrong-password"),
        sign_in(api, username="nobody"),
        sign_in(api, username="tutup"),
        sign_in(api, username="PETUGAS", password="x"),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.content for answer in answers} == {answers[0].content}
    assert codes(answers[0]) == [("authentication_failed", None)]
    assert not AuthToken.objects.exists()


@pytest.mark.slow
def test_an_unknown_name_takes_as_long_as_a_wrong_password(api, petugas):
    times = {"petugas": [], "nobody": []}
    for _ in range(15):
        for name, taken in times.items():
            started = time.perf_counter()
            sign_in(api, username=name, password="wrong-password")
            taken.append(time.perf_counter() - started)
    known, unknown = median(times["petugas"]), median(times["nobody"])
    assert abs(known - unknown) / known < 0.15, (known, unknown)


def test_a_password_of_a_million_characters_is_refused_at_once(api, petugas):
    started = time.perf_counter()
    short = sign_in(api, password="x" * 60_000)
    long = sign_in(api, password="x" * 1_000_000)
    assert time.perf_counter() - started < 0.2
    assert (short.status_code, codes(short)) == (400, [("max_length", "password")])
    assert long.status_code == 413


def test_five_failures_close_the_door_of_this_address_only(api, petugas, settings):
    settings.RATE_LIMITS = True
    assert [sign_in(api, password="wrong").status_code for _ in range(6)] == [401] * 5 + [429]
    assert sign_in(api).status_code == 429
    assert sign_in(api, username="other").status_code == 401
    assert sign_in(api, REMOTE_ADDR="203.0.113.7").status_code == 200


def test_signing_in_rightly_is_not_counted(api, petugas, settings):
    settings.RATE_LIMITS = True
    assert [sign_in(api).status_code for _ in range(8)] == [200] * 8


def test_a_password_alone_does_not_get_past_a_second_factor(api, petugas):
    from allauth.mfa.models import Authenticator

    Authenticator.objects.create(user=petugas, type="totp", data={"secret": "x"})
    answer = sign_in(api)
    assert (answer.status_code, codes(answer)) == (403, [("second_factor_required", None)])
    assert not AuthToken.objects.exists()


def test_closing_an_account_ends_its_tokens_at_once(api, petugas):
    headers = as_staff(sign_in(api))
    type(petugas).objects.update(is_active=False)
    assert day(api, headers).status_code == 401


def test_a_lost_assignment_counts_from_the_next_call_on(api, petugas):
    headers = as_staff(sign_in(api))
    yesterday = timezone.localdate() - timedelta(days=1)
    Assignment.objects.update(valid_until=yesterday)
    assert day(api, headers).status_code == 404


def test_an_expired_token_is_none(api, petugas):
    headers = as_staff(sign_in(api))
    AuthToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    assert day(api, headers).status_code == 401


@pytest.mark.parametrize(
    "header",
    ["", "Token", "Token ", "Token x", "Token " + "a" * 64, "Token a b", "Token \xff\xfe",
     "Token " + "a" * 100_000, "Token '--", "token x", "Booking x", "Bearer x", "Basic YTpi",
     "Token \u0661".encode().decode("latin-1")],
)  # fmt: skip
def test_what_is_no_token_is_not_signed_in(api, petugas, header):
    answer = day(api, {"Authorization": header})
    assert answer.status_code == 401
    assert codes(answer)[0][0] in ("not_authenticated", "authentication_failed")
    assert answer.headers["WWW-Authenticate"] == "Token"


def test_a_session_serves_as_well_but_writes_only_with_a_csrf_token(petugas):
    from rest_framework.test import APIClient

    browser = APIClient(enforce_csrf_checks=True)
    browser.login(username="petugas", password=factories.PASSWORD)
    assert browser.get(f"{BASE}counter/kecamatan-ambulu/").status_code == 200
    answer = browser.post(f"{BASE}counter/kecamatan-ambulu/call-next/", {"counter": 1})
    assert (answer.status_code, codes(answer)) == (403, [("permission_denied", None)])
    browser.post(f"{BASE}auth/logout/")


def test_signing_out_of_a_session_ends_it(petugas, api):
    api.login(username="petugas", password=factories.PASSWORD)
    assert api.post(f"{BASE}auth/logout/").status_code == 204
    assert api.get(f"{BASE}counter/kecamatan-ambulu/").status_code == 401
