"""Is this message genuine? Who learns what was sent, and who learns nothing."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from notifications.models import Attempt, Message
from services.codes import new_code
from services.models import Booking
from tests.services.resident.town import Town, identify, tap

PAGE = "/pesan-asli/"


@pytest.fixture
def booking(client: Client, town: Town, settings: Settings) -> Booking:
    """Somebody with the phone …7890."""
    settings.DEMO = True
    settings.RATE_LIMITS = True
    identify(client, phone="0812 3456 7890", email="siti@example.test")
    tap(client, town.slots[0])
    return Booking.objects.get()


def sent(booking: Booking, times: int = 1, **changes: object) -> None:
    message = Message.objects.filter(subject=booking.pk, kind="confirmed").get()
    now = timezone.now()
    values = {"channel": "sms", "outcome": "taken", "began_at": now, "ended_at": now}
    start = Attempt.objects.count()
    Attempt.objects.bulk_create(
        Attempt(message=message, fence=start + number, **(values | changes))
        for number in range(times)
    )


def ask(code: str, digits: str, start: str = "", client: Client | None = None) -> tuple[int, str]:
    answer = (client or Client()).post(start + PAGE, {"code": code, "last_digits": digits})
    return answer.status_code, answer.content.decode()


def test_code_and_digits_show_kind_time_and_channel_and_nothing_else(booking: Booking) -> None:
    sent(booking)
    sent(booking, channel="email", outcome="unknown")
    sent(booking, channel="whatsapp", outcome="permanent")
    status, page = ask(booking.shown_code.lower(), "7890")
    assert status == 200
    assert "Konfirmasi" in page and "pukul" in page
    found = page[page.index('id="terkirim"') : page.index("Periksa kode lain")]
    assert found.count("<dt>") == 2 and "SMS" in found and "Surel" in found
    assert "WhatsApp" not in found
    for secret in ("Nurhayati", "siti@", "3456", "7890", "Ambulu", "/m/"):
        assert secret not in page, secret
    assert "What we sent for" in ask(booking.shown_code, "7890", "/en")[1]


def test_what_may_have_arrived_is_listed_and_what_did_not_go_out_is_not(booking: Booking) -> None:
    for outcome in Attempt.Outcome.values:
        sent(booking, channel=f"by-{outcome}", outcome=outcome)
    _, page = ask(booking.shown_code, "7890")
    assert set(re.findall(r"by-(\w+)", page)) == {"taken", "unknown", "lost"}


def test_a_wrong_pair_asks_the_database_as_much_as_a_code_that_is_not_there(
    booking: Booking,
) -> None:
    counts = []
    for code in (booking.code, new_code()):
        with CaptureQueriesContext(connection) as seen:
            ask(code, "0000")
        counts.append([query["sql"].split()[0] for query in seen])
    assert counts[0] == counts[1]


def test_a_right_answer_in_between_gives_no_further_tries(booking: Booking) -> None:
    other = new_code()
    for digits in range(5):
        assert ask(other, f"{digits:04}")[0] == 404
        assert ask(booking.shown_code, "7890")[0] == 200
    assert ask(other, "0009")[0] == 429


def test_where_nothing_was_sent_it_says_so(booking: Booking) -> None:
    assert "Belum ada pesan" in ask(booking.shown_code, "7890")[1]


def test_one_answer_for_all_wrong_pairs(booking: Booking, town: Town, settings: Settings) -> None:
    sent(booking)
    other = Client()
    identify(other, nik="3509 2102 0203 9002")  # has no phone
    tap(other, town.slots[1])
    no_phone = Booking.objects.exclude(pk=booking.pk).get()
    typed = re.compile(r'value="[^"]*"')
    answers = {
        (status, typed.sub("", page))
        for status, page in (
            ask(booking.shown_code, "0000"),
            ask("0000-0000", "7890"),
            ask(no_phone.shown_code, "7890"),
            ask("no code at all", "7890"),
        )
    }
    assert len(answers) == 1
    ((status, page),) = answers
    assert status == 404 and "tidak cocok" in page


@pytest.mark.parametrize(
    ("code", "digits"),
    [
        ("", ""),
        ("HW3P-8MT4", ""),
        ("HW3P-8MT4", "12"),
        ("HW3P-8MT4", "12345"),
        ("HW3P-8MT4", "٣٤٥٦"),
        ("HW3P-8MT4", "12\x003"),
        ("\x00", "1234"),
        ("<script>", "x"),
        ("A" * 10_000, "1234"),
    ],
)
def test_bad_input_is_refused_in_the_readers_language(
    booking: Booking, code: str, digits: str
) -> None:
    for start, words in (("", "perlu diperbaiki"), ("/en", "to correct")):
        status, page = ask(code, digits, start)
        assert status == 400, page
        assert words in page
        assert "<script>" not in page


def test_digits_cannot_be_tried_out_on_a_code(booking: Booking) -> None:
    statuses = [
        ask(booking.shown_code, f"{digits:04}", client=Client(REMOTE_ADDR=f"203.0.113.{digits}"))[0]
        for digits in range(8)
    ]
    assert statuses == [404] * 5 + [429] * 3
    assert ask(booking.shown_code, "7890", client=Client(REMOTE_ADDR="198.51.100.1"))[0] == 429


def test_codes_cannot_be_tried_out_from_an_address(booking: Booking) -> None:
    codes = ["no code"] * 20
    assert {ask(code, "7890")[0] for code in codes} == {404}
    assert ask(booking.shown_code, "7890")[0] == 429


def test_who_knows_both_may_look_as_often_as_they_like(booking: Booking) -> None:
    assert {ask(booking.shown_code, "7890")[0] for _ in range(25)} == {200}


def test_one_statement_for_the_messages_and_never_more_than_fifty(booking: Booking) -> None:
    counts = []
    for times in (1, 80):
        sent(booking, times)
        with CaptureQueriesContext(connection) as seen:
            _, page = ask(booking.shown_code, "7890")
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert page.count("Konfirmasi") == 50


def test_the_page_names_the_senders_and_what_the_office_never_asks(
    booking: Booking, settings: Settings
) -> None:
    settings.SITE_URL = "https://dispendukcapil.jemberkab.go.id"
    settings.OFFICIAL_SENDERS = {"sms": "DUKCAPIL", "email": "antrean@jemberkab.go.id"}
    page = Client().get(PAGE).content.decode()
    assert "DUKCAPIL" in page and "antrean@jemberkab.go.id" in page
    assert "dispendukcapil.jemberkab.go.id" in page
    assert "belum diumumkan" in page  # WhatsApp, connected in the demo
    assert "meminta NIK, OTP" in page and "meminta uang" in page
    assert len(page.encode()) < 20_000
    english = Client().get(f"/en{PAGE}").content.decode()
    assert "Official senders" in english and "ask for money" in english


def test_the_code_stands_in_no_address_and_the_page_in_no_cache(booking: Booking) -> None:
    answer = Client().post(PAGE, {"code": booking.shown_code, "last_digits": "7890"})
    assert answer["Cache-Control"] == "no-store"
    assert answer.status_code == 200 and not answer.has_header("Location")
    assert 'method="post"' in Client().get(PAGE).content.decode()
    got = Client().get(PAGE, {"code": booking.shown_code, "last_digits": "7890"}).content.decode()
    assert 'id="terkirim"' not in got
    assert Client(enforce_csrf_checks=True).post(PAGE).status_code == 403


def test_it_is_linked_from_every_page_the_ticket_and_complaints(
    client: Client, booking: Booking
) -> None:
    for address in ("/", "/pengaduan/", f"/jadwal/{booking.shown_code}/"):
        assert f'href="{PAGE}"' in client.get(address).content.decode(), address
    assert f'href="/en{PAGE}"' in client.get("/en/").content.decode()


def test_who_is_forgotten_is_not_found(booking: Booking) -> None:
    sent(booking)
    from services.erasure import erase_past_people

    assert erase_past_people(timezone.now() + timedelta(days=400)) == 1
    assert ask(booking.shown_code, "7890")[0] == 404
