"""Which channels reach somebody: shown on the ticket, switched there or by an e-mail's link."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from notifications import consents
from notifications.models import Consent
from services import describing
from services.models import Booking
from services.resident.channels import channels_of
from services.tokens import token_for, unsubscribe_token
from tests.racing import race
from tests.services.resident.town import Town, build, identify, tap

PHONE = {"phone": "0812 3456 7890", "email": "siti@example.test"}


@pytest.fixture(autouse=True)
def _connected(settings: Settings) -> None:
    settings.DEMO = True  # all three channels, nothing leaves


@pytest.fixture
def ticket(client: Client, town: Town) -> str:
    """The address of the ticket of somebody with phone and e-mail, who did not tick WhatsApp."""
    identify(client, **PHONE)
    return tap(client, town.slots[0]).headers["Location"].partition("?")[0]


def said() -> list[tuple[str, bool, str]]:
    return list(Consent.objects.order_by("id").values_list("channel", "wanted", "source"))


def buttons(page: str) -> list[str]:
    """What the section's buttons are called, also by a screen reader."""
    section = page[page.index('id="pesan"') :].partition("</section>")[0]
    found = re.findall(r"<button[^>]*>(.*?)</button>", section)
    return [re.sub(r"<[^>]*>", "", words) for words in found]


def state() -> dict[str, bool]:
    return {channel.slug: channel.wanted for channel in channels_of(Booking.objects.get())}


def test_the_tick_of_the_booking_is_a_consent_with_its_words(client: Client, town: Town) -> None:
    identify(client, whatsapp="on", **PHONE)
    tap(client, town.slots[0])
    booking = Booking.objects.get()
    (row,) = Consent.objects.all()
    assert (row.subject, row.channel, row.wanted, row.source) == (
        booking.pk,
        "whatsapp",
        True,
        "booking",
    )
    assert row.text_version == booking.notice_version
    assert state() == {"whatsapp": True, "sms": True, "email": True}


def test_without_the_tick_nothing_is_written_and_whatsapp_is_off(ticket: str) -> None:
    assert said() == []
    assert state() == {"whatsapp": False, "sms": True, "email": True}


def test_a_booking_that_is_refused_leaves_no_consent(client: Client, town: Town) -> None:
    identify(client, whatsapp="on", **PHONE)
    town.slots[0].__class__.objects.filter(pk=town.slots[0].pk).update(capacity=0)
    tap(client, town.slots[0])
    assert not Booking.objects.exists() and said() == []


def test_the_ticket_shows_channels_masked_and_says_what_comes_anyway(
    client: Client, ticket: str
) -> None:
    page = client.get(ticket).content.decode()
    assert 'id="pesan"' in page and 'href="#pesan"' in page
    assert "0812-••••-7890" in page and "s•••@example.test" in page
    assert "3456" not in page and "siti@" not in page
    assert buttons(page) == ["Nyalakan WhatsApp", "Matikan SMS", "Matikan Surel"]
    assert "tetap memberi tahu" in page
    english = client.get(f"/en{ticket}").content.decode()
    assert "Turn off SMS" in buttons(english) and "we still tell you" in english


def test_switched_off_and_on_with_time_source_and_words(client: Client, ticket: str) -> None:
    for channel, answer in (("sms", "tidak"), ("sms", "tidak"), ("sms", "ya"), ("whatsapp", "ya")):
        back = client.post(f"{ticket}saluran/", {"saluran": channel, "mau": answer})
        assert back.headers["Location"] == f"{ticket}?kabar=saluran#pesan"
    assert said() == [("sms", False, "page"), ("sms", True, "page"), ("whatsapp", True, "page")]
    assert state() == {"whatsapp": True, "sms": True, "email": True}
    row = Consent.objects.order_by("id").first()
    assert row is not None and row.at is not None and row.text_version == "1" and row.by is None
    assert (
        "Pilihan saluran Anda tersimpan" in client.get(f"{ticket}?kabar=saluran").content.decode()
    )


def test_the_newest_word_counts_and_the_booking_keeps_what_its_form_said(
    client: Client, town: Town
) -> None:
    identify(client, whatsapp="on", **PHONE)
    ticket = tap(client, town.slots[0]).headers["Location"].partition("?")[0]
    client.post(f"{ticket}saluran/", {"saluran": "whatsapp", "mau": "tidak"})
    assert state()["whatsapp"] is False
    assert Booking.objects.get().whatsapp is True


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"saluran": "sms"},
        {"mau": "ya"},
        {"saluran": "pigeon", "mau": "ya"},
        {"saluran": "telegram", "mau": "ya"},
        {"saluran": "sms", "mau": "mungkin"},
        {"saluran": "sms\x00", "mau": "ya"},
        {"saluran": "x" * 5000, "mau": "ya"},
    ],
)
def test_bad_input_is_refused_in_the_readers_language(
    client: Client, ticket: str, typed: dict[str, str]
) -> None:
    for start, language in (("", "id"), ("/en", "en")):
        answer = client.post(f"{start}{ticket}saluran/", typed)
        assert answer.status_code == 400
        assert f'lang="{language}"' in answer.content.decode()
    assert said() == []


def test_a_strangers_browser_and_a_forged_form_switch_nothing(client: Client, ticket: str) -> None:
    typed = {"saluran": "sms", "mau": "tidak"}
    assert Client().post(f"{ticket}saluran/", typed).status_code == 404
    forged = Client(enforce_csrf_checks=True)
    forged.cookies = client.cookies
    assert forged.post(f"{ticket}saluran/", typed).status_code == 403
    assert client.get(f"{ticket}saluran/").headers["Location"] == f"{ticket}#pesan"
    assert said() == []


def test_a_number_that_is_somebody_elses_is_not_shown_and_not_turned_on(
    client: Client, ticket: str
) -> None:
    booking = Booking.objects.get()
    consents.note(booking.pk, "sms", False, "staff", consents.WRONG_NUMBER)
    assert "sms" not in state()
    client.post(f"{ticket}saluran/", {"saluran": "sms", "mau": "ya"})
    assert said() == [("sms", False, "staff")]


def test_somebody_without_phone_and_email_is_told_so(client: Client, town: Town) -> None:
    identify(client)
    page = tap(client, town.slots[0]).headers["Location"]
    assert "Tidak ada ponsel atau surel" in client.get(page).content.decode()


def test_the_section_costs_one_statement_however_much_was_said(client: Client, ticket: str) -> None:
    booking = Booking.objects.get()
    counts = []
    for words in (1, 20):
        for _ in range(words):
            consents.note(booking.pk, "sms", True, "page", "1")
        with CaptureQueriesContext(connection) as seen:
            client.get(ticket)
        counts.append(len([query for query in seen if "notifications_consent" in query["sql"]]))
    assert counts == [1, 1]


def test_the_ticket_promises_no_channel_that_nobody_connected_or_wants(
    client: Client, ticket: str, settings: Settings
) -> None:
    fresh = f"{ticket}?kabar=baru"
    assert "kami kirim ke 0812-••••-7890" in client.get(fresh).content.decode()
    client.post(f"{ticket}saluran/", {"saluran": "sms", "mau": "tidak"})
    assert "kami kirim ke s•••@example.test" in client.get(fresh).content.decode()
    settings.DEMO, settings.EMAIL_BY_SMTP, settings.GATEWAYS = False, False, {}
    assert "kami kirim ke" not in client.get(fresh).content.decode()


@pytest.mark.django_db(transaction=True)
def test_switches_at_once_are_all_taken_and_the_last_row_counts() -> None:
    client = Client()
    town = build()
    identify(client, **PHONE)
    ticket = tap(client, town.slots[0]).headers["Location"].partition("?")[0]

    def switch(number: int) -> int:
        browser = Client()
        browser.cookies = client.cookies
        typed = {"saluran": "sms", "mau": "tidak" if number % 2 else "ya"}
        return browser.post(f"{ticket}saluran/", typed).status_code

    assert race(8, switch) == [302] * 8
    rows = said()
    assert 1 <= len(rows) <= 8
    assert state()["sms"] is rows[-1][1]


# --- The link of an e-mail -----------------------------------------------------------------------


def stop_address(booking: Booking, **changes: Any) -> str:
    token = changes.get("token") or unsubscribe_token(booking.pk, booking.token_version)
    return f"/berhenti/{booking.code}/{token}/"


def test_the_link_asks_first_and_a_click_of_a_program_changes_nothing(ticket: str) -> None:
    booking = Booking.objects.get()
    stranger = Client()
    page = stranger.get(stop_address(booking))
    assert page.status_code == 200 and page["Cache-Control"] == "no-store"
    assert "s•••@example.test" in page.content.decode()
    assert "Nurhayati" not in page.content.decode()
    assert page["Referrer-Policy"] == "no-referrer"
    stranger.head(stop_address(booking))
    assert stranger.put(stop_address(booking)).status_code == 405
    assert said() == []


def test_one_click_ends_emails_without_cookie_and_twice_is_once(ticket: str) -> None:
    booking = Booking.objects.get()
    for _ in range(2):
        provider = Client(enforce_csrf_checks=True)
        answer = provider.post(stop_address(booking), {"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        assert not provider.cookies
    assert said() == [("email", False, "link")]
    assert state() == {"whatsapp": False, "sms": True, "email": False}
    english = Client().get(f"/en{stop_address(booking)}").content.decode()
    assert "E-mails stopped" in english


def test_no_other_token_ends_emails_and_this_one_opens_no_ticket(ticket: str) -> None:
    booking = Booking.objects.get()
    for token in (
        token_for(booking.pk, booking.token_version),
        unsubscribe_token(booking.pk, booking.token_version + 1),
        "x" * 32,
        "x",
    ):
        assert Client().post(stop_address(booking, token=token)).status_code == 404
    token = unsubscribe_token(booking.pk, booking.token_version)
    assert Client().post(f"/berhenti/0000-0000/{token}/").status_code == 404
    assert Client().get(f"/m/{booking.code}/{token}/").status_code == 404
    assert said() == []


def test_the_link_in_the_description_is_that_of_the_page(ticket: str, settings: Settings) -> None:
    settings.SITE_URL = "https://dispendukcapil.jemberkab.go.id"
    booking = Booking.objects.get()
    link = describing._unsubscribe_link(booking)
    assert re.fullmatch(r"https://dispendukcapil\.jemberkab\.go\.id/berhenti/\w+/[\w-]+/", link)
    assert Client().post(link.removeprefix(settings.SITE_URL)).status_code == 200


def test_the_address_of_an_unsubscribe_link_is_told_to_nobody(ticket: str) -> None:
    address = stop_address(Booking.objects.get())
    assert Client().get(address)["Referrer-Policy"] == "no-referrer"
    assert Client().put(address).status_code == 405
