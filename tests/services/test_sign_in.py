"""Signing in on the page: how often somebody may fail."""

from smtplib import SMTPServerDisconnected

import pytest
from django.test import Client

from locations.models import Staff
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def limits_on(settings):
    settings.RATE_LIMITS = True


@pytest.fixture(autouse=True)
def petugas():
    return factories.staff("petugas", "counter", factories.location("kecamatan-ambulu"))


def signs_in(password=factories.PASSWORD, address="203.0.113.9") -> bool:
    typed = {"login": "petugas", "password": password}
    answer = Client().post("/akun/login/", typed, REMOTE_ADDR=address)
    assert answer.status_code in (200, 302)
    return answer.status_code == 302


def test_five_failures_of_an_address_shut_it_out_of_that_account_for_a_while():
    assert not any(signs_in("wrong") for _ in range(5))
    assert not signs_in()


def test_failures_of_a_stranger_do_not_keep_staff_out():
    for number in range(4):
        for _ in range(6):
            signs_in("wrong", address=f"198.51.100.{number}")
    assert signs_in()


def test_signing_in_is_no_failure():
    assert all(signs_in() for _ in range(8))


def test_failures_on_the_page_count_for_the_api_too(client):
    assert not any(signs_in("wrong") for _ in range(5))
    given = {"username": "petugas", "password": factories.PASSWORD}
    answer = client.post(
        "/api/v1/auth/login/", given, content_type="application/json", REMOTE_ADDR="203.0.113.9"
    )
    assert answer.status_code == 429


def test_nobody_can_have_mail_sent_to_an_address_that_is_no_accounts(mailoutbox):
    address = "/akun/password/reset/"
    assert Client().post(address, {"email": "anybody@contoh.id"}).status_code == 302
    assert mailoutbox == []
    Staff.objects.update(email="petugas@contoh.id")
    assert Client().post(address, {"email": "petugas@contoh.id"}).status_code == 302
    assert [mail.to for mail in mailoutbox] == [["petugas@contoh.id"]]


def test_a_mail_server_that_is_away_does_not_tell_which_account_exists(monkeypatch):
    def away(*args, **kwargs):
        raise SMTPServerDisconnected

    monkeypatch.setattr("django.core.mail.EmailMessage.send", away)
    Staff.objects.update(email="petugas@contoh.id")
    answers = [
        Client().post("/akun/password/reset/", {"email": email})
        for email in ("anybody@contoh.id", "petugas@contoh.id")
    ]
    assert [(answer.status_code, answer["Location"]) for answer in answers] == [
        (302, "/akun/password/reset/done/")
    ] * 2
