"""A ticket: who may open it, what it says, how it is moved and cancelled."""

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
import time_machine
from django.core import signing
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar

from services.booking import cancel, reschedule
from services.lifecycle import Actor, Status
from services.models import Booking
from services.resident import keyring
from services.tokens import token_for
from tests import factories
from tests.services.resident.town import ADULT, Town, identify, tap


def manage_address(booking: Booking, token: str | None = None) -> str:
    token = token or token_for(booking.pk, booking.token_version)
    return f"/m/{booking.shown_code}/{token}/"


def test_the_ticket_shows_proof_and_what_to_bring(identified: Client, booked: str) -> None:
    page = identified.get(booked).content.decode()
    assert "Kartu Keluarga (KK) asli" in page
    assert "pukul 07.00 WIB" in page
    assert "Datang pukul 06.50" in page
    assert "Wajib memakai masker." in page
    assert "<svg" in page and "style=" not in page


def test_personal_pages_are_kept_in_no_cache_and_tell_their_address_to_nobody(
    identified: Client, booked: str
) -> None:
    for address in (booked, f"{booked}cetak/", f"{booked}pindah/", f"{booked}batal/", "/jadwal/"):
        answer = identified.get(address)
        assert answer["Cache-Control"] == "no-store", address
        assert answer["Referrer-Policy"] == "same-origin", address


def test_a_strangers_browser_is_asked_for_code_and_nik(identified: Client, booked: str) -> None:
    stranger = Client()
    known = stranger.get(booked)
    unknown = stranger.get("/jadwal/0000-0000/")
    assert known.status_code == unknown.status_code == 404
    assert "Nurhayati" not in known.content.decode()
    without_form = re.compile(r'value="[^"]*"|/jadwal/[^/"]*/')
    same = [without_form.sub("", page.content.decode()) for page in (known, unknown)]
    assert same[0] == same[1]
    for deed in ("pindah/", "batal/", "cetak/", "kalender.ics", "pindah/kecamatan-ambulu/"):
        assert stranger.get(booked + deed).status_code == 404
        assert stranger.post(booked + deed).status_code == 404
    assert Booking.objects.get().status == Status.BOOKED


def test_the_link_of_a_message_trades_its_token_for_a_key(identified: Client, booked: str) -> None:
    booking, phone = Booking.objects.get(), Client()
    answer = phone.get(manage_address(booking))
    assert (answer.status_code, answer["Location"]) == (302, booked)
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Cache-Control"] == "no-store"
    cookie = answer.cookies["tickets"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    assert token_for(booking.pk, 1) not in cookie.value
    assert "Nurhayati" in phone.get(booked).content.decode()


def test_the_calendar_link_needs_no_key_and_leaves_its_token_behind(booked: str) -> None:
    booking = Booking.objects.get()
    fresh = Client()
    away = fresh.get(f"{manage_address(booking)}kalender.ics")
    assert away.status_code == 302 and token_for(booking.pk, 1) not in away["Location"]
    assert away["Referrer-Policy"] == "no-referrer"
    assert Calendar.from_ical(fresh.get(away["Location"]).content)
    assert fresh.get(f"{manage_address(booking, 'x' * 32)}kalender.ics").status_code == 404


def test_a_program_opens_a_ticket_with_its_token_in_the_header(booked: str) -> None:
    booking = Booking.objects.get()
    right = {"Authorization": f"Booking {token_for(booking.pk, booking.token_version)}"}
    for address in (booked, f"{booked}kalender.ics"):
        assert Client().get(address, headers=right).status_code == 200
        for wrong in ("Booking", "Booking x", f"Booking {token_for(booking.pk, 2)}", "Token x"):
            assert Client().get(address, headers={"Authorization": wrong}).status_code == 404


def test_the_link_writes_nothing_to_the_database(identified: Client, booked: str) -> None:
    address = manage_address(Booking.objects.get())
    with CaptureQueriesContext(connection) as seen:
        Client().get(address)
    assert [query["sql"][:6] for query in seen.captured_queries] == ["SELECT"]


@pytest.mark.parametrize("token", ["x", "A" * 32, "a" * 5_000])
def test_a_wrong_token_opens_nothing(identified: Client, booked: str, token: str) -> None:
    answer = Client().get(manage_address(Booking.objects.get(), token))
    assert answer.status_code == 404
    assert "tickets" not in answer.cookies
    # With no-referrer, browsers would send the form below with `Origin: null`: refused as forged.
    assert answer["Referrer-Policy"] == "same-origin"


def test_a_new_token_version_shuts_old_links_and_keys_out(identified: Client, booked: str) -> None:
    old = manage_address(Booking.objects.get())
    Booking.objects.update(token_version=2)
    assert identified.get(booked).status_code == 404
    assert Client().get(old).status_code == 404


def test_a_key_that_nobody_signed_opens_nothing(identified: Client, booked: str) -> None:
    booking, forger = Booking.objects.get(), Client()
    forger.cookies["tickets"] = signing.dumps([[booking.code, 1]], salt="other")
    assert forger.get(booked).status_code == 404


def test_a_key_lasts_twelve_hours(identified: Client, booked: str, town: Town) -> None:
    later = town.slots[0].starts_at - timedelta(hours=30)
    with time_machine.travel(later, tick=False):
        assert identified.get(booked).status_code == 404
    assert keyring.LASTS_SECONDS == 12 * 3600


def test_code_and_nik_open_the_ticket(identified: Client, booked: str) -> None:
    booking, elsewhere = Booking.objects.get(), Client()
    typed = {"code": booking.shown_code.lower().replace("-", " "), "nik": ADULT["nik"]}
    answer = elsewhere.post("/jadwal/", typed)
    assert (answer.status_code, answer["Location"]) == (302, booked)
    assert "Nurhayati" in elsewhere.get(booked).content.decode()


def test_an_unknown_code_and_a_wrong_nik_get_the_same_answer(
    identified: Client, booked: str
) -> None:
    code = Booking.objects.get().shown_code
    wrong_nik = Client().post("/jadwal/", {"code": code, "nik": "3509210101099001"})
    unknown = Client().post("/jadwal/", {"code": "0000-0000", "nik": ADULT["nik"]})
    assert wrong_nik.status_code == unknown.status_code == 404
    sentence = "Kode dan NIK ini tidak cocok"
    assert sentence in wrong_nik.content.decode() and sentence in unknown.content.decode()


def test_guessing_is_slowed_down(identified: Client, booked: str, settings: object) -> None:
    settings.RATE_LIMITS = True  # type: ignore[attr-defined]
    typed = {"code": Booking.objects.get().shown_code, "nik": "3509210101099001"}
    answers = [Client().post("/jadwal/", typed).status_code for _ in range(12)]
    assert answers[:10] == [404] * 10 and answers[-1] == 429
    assert "Retry-After" in Client().post("/jadwal/", typed)


@pytest.mark.django_db
def test_what_is_no_code_slows_nobody_else_down(settings: object) -> None:
    settings.RATE_LIMITS = True  # type: ignore[attr-defined]
    typed = {"code": "0000-0001", "nik": "3509210101099001"}
    answers = [
        Client().post("/jadwal/", typed, REMOTE_ADDR=f"203.0.113.{n}").status_code
        for n in range(12)
    ]
    assert answers == [404] * 12


def test_moving_to_and_fro_does_not_flood_a_phone(
    client: Client, town: Town, settings: object
) -> None:
    settings.RATE_LIMITS = True  # type: ignore[attr-defined]
    settings.LIMITS = settings.LIMITS | {"contact": (3, 86400)}  # type: ignore[attr-defined]
    identify(client, phone="0812-3456-7890")
    ticket = tap(client, town.slots[0]).headers["Location"].partition("?")[0]

    def move(number: int) -> int:
        address = f"{ticket}pindah/kecamatan-ambulu/"
        return client.post(address, {"slot": town.slots[number].pk}).status_code

    assert [move(1), move(0), move(1)] == [302, 302, 429]
    assert Booking.objects.get().slot == town.slots[0]


def test_moving_takes_the_new_place_and_keeps_the_code(
    identified: Client, booked: str, town: Town
) -> None:
    answer = identified.post(f"{booked}pindah/kecamatan-ambulu/", {"slot": town.slots[5].pk})
    assert answer["Location"] == f"{booked}?kabar=pindah"
    assert Booking.objects.get().slot == town.slots[5]
    assert "sudah dipindahkan" in identified.get(answer["Location"]).content.decode()


def test_one_may_move_to_another_place(identified: Client, booked: str, town: Town) -> None:
    page = identified.get(f"{booked}pindah/").content.decode()
    assert f"{booked}pindah/dispendukcapil/" in page
    identified.post(f"{booked}pindah/dispendukcapil/", {"slot": town.elsewhere[0].pk})
    assert Booking.objects.get().slot == town.elsewhere[0]


def test_a_move_that_loses_the_race_leaves_the_old_place(
    identified: Client, booked: str, town: Town
) -> None:
    factories.fill(town.slots[5], 5)
    answer = identified.post(f"{booked}pindah/kecamatan-ambulu/", {"slot": town.slots[5].pk})
    assert answer.status_code == 409
    assert "Tempat pukul 09.30 baru saja terisi" in answer.content.decode()
    assert Booking.objects.get(slot=town.slots[0]).status == Status.BOOKED


def test_cancelling_is_asked_about_and_gives_the_place_back(
    identified: Client, booked: str, town: Town
) -> None:
    assert "Batalkan jadwal ini?" in identified.get(f"{booked}batal/").content.decode()
    assert Booking.objects.get().status == Status.BOOKED
    for _ in range(2):  # the same command twice is harmless
        assert identified.post(f"{booked}batal/")["Location"] == f"{booked}?kabar=batal"
    page = identified.get(booked).content.decode()
    assert "Jadwal ini sudah dibatalkan" in page
    assert "Ambil jadwal baru" in page and "Pindah jadwal" not in page
    town.slots[0].refresh_from_db()
    assert town.slots[0].booked == 0


def test_after_cancelling_the_same_person_books_again(
    identified: Client, booked: str, town: Town
) -> None:
    identified.post(f"{booked}batal/")
    identify(identified)
    assert tap(identified, town.slots[0])["Location"].endswith("?kabar=baru")
    assert Booking.objects.filter(status=Status.BOOKED).count() == 1


def test_past_the_cut_off_the_ticket_says_so(identified: Client, booked: str, town: Town) -> None:
    booking = Booking.objects.get()
    with time_machine.travel(town.slots[0].starts_at - timedelta(minutes=30)):
        phone = Client()
        phone.get(manage_address(booking))
        page = phone.get(booked).content.decode()
        assert "Batas mengubah secara daring sudah lewat" in page
        assert phone.get(f"{booked}pindah/")["Location"] == booked
        assert phone.get(f"{booked}batal/")["Location"] == booked


def test_the_calendar_file_stays_one_entry_when_the_booking_moves(
    identified: Client, booked: str, town: Town
) -> None:
    answer = identified.get(f"{booked}kalender.ics")
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    first = Calendar.from_ical(answer.content).walk("VEVENT")[0]
    booking = Booking.objects.get()
    reschedule(
        booking_id=booking.pk,
        slot_id=town.slots[3].pk,
        actor=Actor.RESIDENT,
        who="resident",
        why="test",
    )
    second = Calendar.from_ical(identified.get(f"{booked}kalender.ics").content).walk("VEVENT")[0]
    assert first["uid"] == second["uid"]
    assert int(second["sequence"]) > int(first["sequence"])
    assert second["dtstart"].dt == town.slots[3].starts_at
    cancel(booking_id=booking.pk, actor=Actor.RESIDENT, who="resident", why="test")
    third = Calendar.from_ical(identified.get(f"{booked}kalender.ics").content).walk("VEVENT")[0]
    assert third["status"] == "CANCELLED"
    assert "3509" not in answer.content.decode() and "Nurhayati" not in answer.content.decode()


def test_a_name_cannot_break_out_of_the_calendar_file(
    identified: Client, booked: str, town: Town
) -> None:
    town.ambulu.__class__.objects.filter(pk=town.ambulu.pk).update(
        name="Kantor\nEND:VEVENT", address="a, b; c"
    )
    text = identified.get(f"{booked}kalender.ics").content
    assert len(Calendar.from_ical(text).walk("VEVENT")) == 1


def test_an_invented_address_is_marked_in_the_calendar_too(
    identified: Client, booked: str, town: Town
) -> None:
    places = town.ambulu.__class__.objects.filter(pk=town.ambulu.pk)
    for invented in (True, False):
        places.update(address_is_example=invented)
        file = Calendar.from_ical(identified.get(f"{booked}kalender.ics").content)
        assert ("(contoh)" in file.walk("VEVENT")[0]["LOCATION"]) is invented


def test_a_shared_phone_forgets_the_ticket(identified: Client, booked: str) -> None:
    assert identified.post(f"{booked}tutup/")["Location"] == "/"
    assert identified.get(booked).status_code == 404
    assert identified.get("/pesan/tempat/")["Location"] == "/pesan/first-recording/data-diri/"


def test_a_map_is_one_tap_away_by_coordinates_or_else_by_name(
    identified: Client, booked: str, town: Town
) -> None:
    page = identified.get(booked).content.decode()
    name = urlencode({"query": f"{town.ambulu.name}, Jember"})
    assert f'href="https://www.openstreetmap.org/search?{name}" rel="noreferrer"' in page
    town.ambulu.__class__.objects.filter(pk=town.ambulu.pk).update(
        latitude="-8.34567", longitude="113.60512"
    )
    page = identified.get(booked).content.decode()
    assert "https://www.openstreetmap.org/?mlat=-8.34567&amp;mlon=113.60512" in page
