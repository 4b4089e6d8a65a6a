"""Gateways come from the environment; a wrong URL is said clearly and never shown."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from ektp_booking.checks import check_gateways
from notifications.gateways import configured
from notifications.gateways.configuration import read, read_email_provider
from tests.house.test_settings import PRODUCTION, manage

SECRET = "hunter2hunter2hunter2"
GOOD = {
    "GATEWAY_WHATSAPP": f"whatsapp://{SECRET}@graph.facebook.com/v21.0/123?rate=20&at_once=4"
    f"&receipt_secret={SECRET}&verify_token={SECRET}",
    "GATEWAY_SMS": f"https://user:{SECRET}@sms.example.com/send?field.to={{to}}&field.m={{text}}"
    f"&receipt_secret={SECRET}&receipt_secret={SECRET}2",
    "GATEWAY_TELEGRAM": f"telegram://1234:{SECRET}@api.telegram.org?webhook_secret={SECRET}",
}
NONE: frozenset[str] = frozenset()


def test_each_url_makes_a_gateway(settings: Settings) -> None:
    settings.GATEWAYS, problems = read(GOOD, NONE)
    settings.EMAIL_BY_SMTP = False
    assert problems == []
    found = configured()
    assert list(found) == ["telegram", "whatsapp", "sms"]
    whatsapp = found["whatsapp"]
    assert (whatsapp.rate_per_second, whatsapp.at_once, whatsapp.has_receipts) == (20, 4, True)
    assert not found["telegram"].has_receipts
    assert settings.GATEWAYS["sms"].receipt_secrets == (SECRET, f"{SECRET}2")  # while it changes
    assert SECRET not in repr(settings.GATEWAYS)
    settings.CHANNEL_ORDER = ["sms", "whatsapp"]
    assert list(configured()) == ["sms", "whatsapp"]


def test_nothing_set_is_nothing_connected() -> None:
    assert read({}, NONE) == ({}, [])
    assert read({"GATEWAY_SMS": "  "}, NONE) == ({}, [])


WRONG = [
    ("GATEWAY_SMS", "file:///etc/passwd"),
    ("GATEWAY_SMS", "ftp://sms.example.com/"),
    ("GATEWAY_SMS", "sms.example.com"),
    ("GATEWAY_SMS", "https:///send"),
    ("GATEWAY_SMS", f"https://user:{SECRET}@[::1/"),
    ("GATEWAY_SMS", f"https://user:{SECRET}@sms.example.com:99999/"),
    ("GATEWAY_SMS", f"https://user:{SECRET}@sms.example.com/ x"),
    ("GATEWAY_SMS", f"https://sms.example.com/?{SECRET}=1"),
    ("GATEWAY_SMS", f"https://sms.example.com/?rate={SECRET}"),
    ("GATEWAY_SMS", "https://sms.example.com/?rate=0"),
    ("GATEWAY_SMS", "https://sms.example.com/?rate=nan"),
    ("GATEWAY_SMS", "https://sms.example.com/?rate=1&rate=2"),
    ("GATEWAY_SMS", "https://sms.example.com/?receipt_secret=short"),
    ("GATEWAY_SMS", "https://sms.example.com/?field.a={name}&field.b={to}{text}"),
    ("GATEWAY_SMS", "https://sms.example.com/?field.a={to}"),
    ("GATEWAY_SMS", "https://sms.example.com/?format=xml"),
    ("GATEWAY_SMS", "https://sms.example.com/?header.X-A=a%0d%0aX-B:1"),
    ("GATEWAY_SMS", "http://sms.example.com/"),  # without TLS
    ("GATEWAY_SMS", "https://127.0.0.1/"),
    ("GATEWAY_SMS", "https://[::1]/"),
    ("GATEWAY_SMS", "https://[::ffff:10.0.0.1]/"),
    ("GATEWAY_SMS", "https://169.254.169.254/latest/"),
    ("GATEWAY_SMS", "https://10.0.0.1/"),
    ("GATEWAY_SMS", "https://2130706433/"),
    ("GATEWAY_SMS", "https://localhost/"),
    ("GATEWAY_SMS", "https://redis:6379/"),
    ("GATEWAY_SMS", f"apprise+json://{SECRET}@host/{{to}}"),
    ("GATEWAY_SMS", f"apprise+file://{SECRET}/{{to}}"),
    ("GATEWAY_SMS", f"apprise+twilio://AC1:{SECRET}@15550001111"),
    ("GATEWAY_WHATSAPP", "https://graph.facebook.com/v21.0/1"),
    ("GATEWAY_WHATSAPP", "whatsapp://graph.facebook.com/v21.0/1"),
    ("GATEWAY_WHATSAPP", f"whatsapp://{SECRET}@graph.facebook.com/"),
    ("GATEWAY_WHATSAPP", f"whatsapp://{SECRET}@graph.facebook.com/v21.0/1?tls=off"),
    ("GATEWAY_WHATSAPP", f"whatsapp://{SECRET}@graph.facebook.com/v21.0/1?receipt_secret={SECRET}"),
    ("GATEWAY_TELEGRAM", f"telegram://{SECRET}@api.telegram.org"),
    ("GATEWAY_TELEGRAM", f"telegram://12:{SECRET}@api.telegram.org/path"),
    ("GATEWAY_TELEGRAM", f"telegram://12:{SECRET}@api.telegram.org?webhook_secret={SECRET}$$"),
]


@pytest.mark.parametrize(("variable", "url"), WRONG)
def test_a_wrong_url_is_named_by_its_variable_and_never_shown(variable: str, url: str) -> None:
    found, (problem,) = read({variable: url}, NONE)
    assert found == {}
    assert problem.startswith(f"{variable} ") and problem.endswith(".")
    assert SECRET not in problem and url not in problem


def test_options_of_an_apprise_service_stay_its_own() -> None:
    url = "apprise+vonage://key:secret@15550001111/{to}?ttl=60&rate=2&from=a%20b&at_once=3"
    found, problems = read({"GATEWAY_SMS": url}, NONE)
    assert problems == []
    setting = found["sms"]
    assert (setting.rate, setting.at_once) == (2, 3)
    kept = "apprise+vonage://key:secret@15550001111/{to}?ttl=60&from=a%20b"
    assert setting.options["url"] == kept


def test_a_host_of_the_office_may_be_named() -> None:
    found, problems = read({"GATEWAY_SMS": "http://modem.lan:8080/"}, frozenset({"modem.lan"}))
    assert problems == [] and found["sms"].private and not found["sms"].tls
    assert read({"GATEWAY_SMS": "http://other.lan/"}, frozenset({"modem.lan"}))[1]


def test_the_check_says_it_and_production_refuses_to_start() -> None:
    wrong = PRODUCTION | {"GATEWAY_SMS": f"https://user:{SECRET}@10.0.0.1/"}
    result = manage("check", "--deploy", **wrong)
    assert result.returncode != 0
    assert "GATEWAY_SMS leads into this machine or network" in result.stderr
    assert SECRET not in result.stderr + result.stdout


def test_the_check_knows_the_channels(settings: Settings) -> None:
    assert check_gateways(None) == []
    settings.CHANNEL_ORDER = ["sms", "pigeon"]
    assert [problem.id for problem in check_gateways(None)] == ["ektp.C021"]


def test_an_email_provider_is_named_in_the_email_url() -> None:
    assert read_email_provider("smtp://mail:25") == ("", {}, [])
    assert read_email_provider(f"anymail+mailgun://{SECRET}@?sender_domain=mg.example.com") == (
        "mailgun",
        {"MAILGUN_API_KEY": SECRET, "MAILGUN_SENDER_DOMAIN": "mg.example.com"},
        [],
    )
    for url in (f"anymail+pigeon://{SECRET}", "anymail+postmark://", f"anymail+{SECRET}"):
        provider, found, (problem,) = read_email_provider(url)
        assert (provider, found) == ("", {})
        assert problem.startswith("EMAIL_URL ") and SECRET not in problem
