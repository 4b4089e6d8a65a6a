"""Who, where, when: the three steps, and what happens when the world moves on in between."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from services.booking import cancel
from services.lifecycle import Actor
from services.models import Booking
from tests import factories
from tests.services.resident.town import ADULT, Town, identify, tap


def test_the_tap_on_a_time_is_the_booking(identified: Client, town: Town) -> None:
    answer = tap(identified, town.slots[0])
    booking = Booking.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == f"/jadwal/{booking.shown_code}/?kabar=baru"
    page = identified.get(answer["Location"])
    assert booking.shown_code in page.content.decode()
    assert "Nurhayati" in page.content.decode()
    assert booking.slot == town.slots[0]


def test_identity_leads_to_the_places_with_their_next_free_day(client: Client, town: Town) -> None:
    answer = identify(client)
    assert (answer.status_code, answer["Location"]) == (302, "/pesan/tempat/")
    page = client.get("/pesan/tempat/").content.decode()
    assert "Kecamatan Anda: Ambulu" in page
    assert page.index("Kantor Kecamatan Ambulu") < page.index("Kantor Dispendukcapil")
    assert "pukul 07.00" in page
    assert "•••• 9001" in page and "3509210202039001" not in page


def test_places_can_be_narrowed_to_a_district_and_sorted_by_time(
    identified: Client, town: Town
) -> None:
    page = identified.get("/pesan/tempat/?kecamatan=35.09.20").content.decode()
    assert "Kantor Dispendukcapil" in page and "Kantor Kecamatan Ambulu" not in page
    page = identified.get("/pesan/tempat/?urut=cepat").content.decode()
    assert page.index("Kantor Kecamatan Ambulu") < page.index("Kantor Dispendukcapil")
    assert identified.get("/pesan/tempat/?kecamatan=x&urut=%27").status_code == 200


def test_what_was_typed_comes_back_with_each_error_beside_its_field(
    client: Client, town: Town
) -> None:
    answer = identify(client, nik="350921020203900", birth_day="31", email="x@")
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "Ada 3 yang perlu diperbaiki: Data diri" in page.partition("</title>")[0]
    assert 'value="350921020203900"' in page and 'value="Nurhayati"' in page
    assert 'href="#id_nik"' in page and 'id="id_nik_error"' in page
    assert "Yang tertulis 15" in page
    assert "Tanggal itu tidak ada" in page


def test_a_doubtful_nik_is_asked_about_once_and_then_accepted(client: Client, town: Town) -> None:
    other_birthday = {"nik": "3509210101039001"}
    answer = identify(client, **other_birthday)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "Periksa lagi. Jika sesuai KK, lanjutkan." in page and "id_confirm_nik" in page
    assert identify(client, **other_birthday, confirm_nik="on").status_code == 302
    tap(client, town.slots[0])
    assert Booking.objects.get().nik_doubtful


def test_nobody_is_asked_to_confirm_a_nik_without_doubt(client: Client, town: Town) -> None:
    page = client.get("/pesan/first-recording/data-diri/").content.decode()
    assert "id_confirm_nik" not in page


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ("guardian_name", "tulis nama ayah, ibu, atau wali"),
        ("guardian_relation", "Pilih hubungannya"),
        ("guardian_consent", "menyetujui dengan mencentang"),
    ],
)
def test_below_eighteen_a_guardian_consents(
    client: Client, town: Town, missing: str, sentence: str
) -> None:
    born = timezone.localdate() - timedelta(days=int(16.5 * 365.25))
    child = {
        "nik": f"350921{born:%d%m%y}9001",
        "birth_day": str(born.day),
        "birth_month": str(born.month),
        "birth_year": str(born.year),
        "guardian_name": "Misnati",
        "guardian_relation": "mother",
        "guardian_consent": "on",
    }
    answer = identify(client, **(child | {missing: ""}))
    assert answer.status_code == 400
    assert sentence in answer.content.decode()
    assert identify(client, **child).status_code == 302
    tap(client, town.slots[0])
    booking = Booking.objects.get()
    assert (booking.guardian_name, booking.guardian_relation) == ("Misnati", "mother")
    assert booking.guardian_consent_at is not None


def test_who_was_married_needs_neither_age_nor_guardian(client: Client, town: Town) -> None:
    born = timezone.localdate() - timedelta(days=int(15.5 * 365.25))
    young = {
        "nik": f"350921{born:%d%m%y}9001",
        "birth_day": str(born.day),
        "birth_month": str(born.month),
        "birth_year": str(born.year),
    }
    refused = identify(client, **young)
    assert refused.status_code == 400
    assert "Perekaman mulai umur 16 tahun" in refused.content.decode()
    assert identify(client, **young, ever_married="on").status_code == 302
    assert tap(client, town.slots[0]).status_code == 302


def test_without_phone_or_email_one_still_books(identified: Client, town: Town) -> None:
    tap(identified, town.slots[0])
    booking = Booking.objects.get()
    assert (booking.phone, booking.email, booking.whatsapp) == ("", "", False)


def test_a_lost_race_keeps_what_was_typed_and_shows_the_nearest_times(
    identified: Client, town: Town
) -> None:
    factories.fill(town.slots[2], 5)
    answer = tap(identified, town.slots[2])
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Tempat pukul 08.00 baru saja terisi" in page
    assert "data Anda tetap tersimpan" in page
    assert f'value="{town.slots[1].pk}">07.30</button>' in page
    assert "Nurhayati" in page
    assert tap(identified, town.slots[3]).status_code == 302


def test_a_second_tap_leads_to_the_same_ticket(identified: Client, town: Town) -> None:
    first = tap(identified, town.slots[0])["Location"]
    again = tap(identified, town.slots[0])["Location"]
    assert first.partition("?")[0] == again.partition("?")[0]
    assert Booking.objects.count() == 1


def test_back_and_another_time_leads_to_the_ticket_not_to_already_booked(
    identified: Client, town: Town
) -> None:
    tap(identified, town.slots[0])
    answer = tap(identified, town.slots[4])
    assert answer["Location"].endswith("?kabar=sudah")
    assert Booking.objects.get().slot == town.slots[0]
    assert "Anda sudah punya jadwal ini" in identified.get(answer["Location"]).content.decode()


def test_after_a_lost_answer_the_form_filled_in_again_leads_to_the_ticket(
    identified: Client, town: Town
) -> None:
    """The booking committed, the session did not: the draft is still there, with its key."""
    before = dict(identified.session)
    tap(identified, town.slots[0])
    session = identified.session
    session.clear()
    session.update(before)
    session.save()
    identify(identified, phone="0812 3456 7890")
    answer = tap(identified, town.slots[5])
    assert answer.status_code == 302
    assert answer["Location"].endswith("?kabar=sudah")
    assert Booking.objects.count() == 1


def test_who_cancelled_elsewhere_can_book_anew_in_the_same_session(
    identified: Client, town: Town
) -> None:
    tap(identified, town.slots[0])
    first = Booking.objects.get()
    cancel(booking_id=first.pk, actor=Actor.COUNTER, who="petugas", why="diminta")
    identify(identified)
    answer = tap(identified, town.slots[0])
    assert answer["Location"].endswith("?kabar=baru")
    assert Booking.objects.count() == 2


def test_another_browser_learns_only_that_there_is_a_booking(
    identified: Client, town: Town
) -> None:
    tap(identified, town.slots[0])
    stranger = Client()
    identify(stranger)
    answer = tap(stranger, town.slots[1])
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "NIK ini sudah punya jadwal" in page
    assert Booking.objects.get().shown_code not in page


def test_a_parent_books_for_two_children_in_a_row(identified: Client, town: Town) -> None:
    tap(identified, town.slots[0])
    identify(identified, nik="3509210202039002", full_name="Ratna")
    tap(identified, town.slots[0])
    codes = [booking.shown_code for booking in Booking.objects.all()]
    assert len(codes) == 2
    assert all(identified.get(f"/jadwal/{code}/").status_code == 200 for code in codes)


def test_without_a_draft_one_starts_with_the_first_step(client: Client, town: Town) -> None:
    first_step = "/pesan/first-recording/data-diri/"
    for address in ("/pesan/tempat/", "/pesan/waktu/kecamatan-ambulu/"):
        assert client.get(address)["Location"] == first_step
    assert tap(client, town.slots[0])["Location"] == first_step


def test_a_draft_opens_for_an_hour_only(identified: Client, town: Town) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        answer = identified.get("/pesan/tempat/")
        assert answer["Location"] == "/pesan/first-recording/data-diri/?habis"
        assert "lebih dari satu jam" in identified.get(answer["Location"]).content.decode()


def test_the_session_table_holds_nothing_legible(identified: Client, town: Town) -> None:
    kept = repr(dict(identified.session))
    assert "Nurhayati" not in kept and "9001" not in kept


def test_the_form_comes_back_filled_when_a_detail_is_changed(identified: Client) -> None:
    page = identified.get("/pesan/first-recording/data-diri/").content.decode()
    assert 'value="Nurhayati"' in page and 'value="3509210202039001"' in page
    assert '<option value="2" selected>Februari</option>' in page


@pytest.mark.parametrize("slot", ["", "x", "1.5", "١", "0x1", "9" * 40, "-1"])
def test_a_slot_that_is_none_is_refused_calmly(identified: Client, town: Town, slot: str) -> None:
    address = reverse("resident:time", kwargs={"location": "kecamatan-ambulu"})
    assert identified.post(address, {"slot": slot}).status_code == 400
    assert identified.post(address, {"slot": "999999999"}).status_code == 400
    assert Booking.objects.count() == 0


@pytest.mark.parametrize("day", ["x", "2026-02-30", "0001-01-01", "9999-12-31", "20261201", "%0d"])
def test_an_odd_day_shows_the_first_day_with_room(identified: Client, town: Town, day: str) -> None:
    page = identified.get(f"/pesan/waktu/kecamatan-ambulu/?hari={day}")
    assert page.status_code == 200
    assert "07.00" in page.content.decode()


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("full_name", "Budi\u202etxt"),
        ("full_name", "😀"),
        ("full_name", "a" + "\u0301" * 40),
        ("full_name", "x" * 1_500),
        ("full_name", "Budi\r\nBcc: x"),
        ("nik", "3509O10101099001"),
        ("nik", "1111111111111111"),
        ("nik", "٣٥٠٩٢١٠١٠١٠٩٩٠٠١"),
        ("phone", "0811;rm"),
        ("phone", "123"),
        ("email", "a@b\r\nBcc: c@d.id"),
        ("birth_year", "٢٠٠٣"),
        ("birth_year", "9999"),
        ("birth_year", "1"),
        ("birth_month", "13"),
        ("birth_day", "32"),
        ("birth_day", "9223372036854775808"),
        ("residence_district", "99.99.99"),
        ("companions", "2"),
        ("support", "diagnosis"),
        ("notice_read", ""),
    ],
)
def test_odd_input_is_refused_with_a_word_beside_the_field(
    client: Client, town: Town, field: str, typed: str
) -> None:
    answer = identify(client, **{field: typed})
    assert answer.status_code == 400
    assert 'class="err"' in answer.content.decode()


@pytest.mark.parametrize(
    "name", ["S", "d'Arc", "R. Adi Nugroho, S.Pd.", "ꦱꦿꦶ", "<script>x</script>"]
)
def test_unusual_names_are_names(client: Client, town: Town, name: str) -> None:
    assert identify(client, full_name=name).status_code == 302
    page = client.get("/pesan/tempat/").content.decode()
    assert "<script>x" not in page


def test_a_form_without_its_token_is_refused_and_changes_nothing(town: Town) -> None:
    strict = Client(enforce_csrf_checks=True)
    address = "/pesan/first-recording/data-diri/"
    assert strict.post(address, ADULT).status_code == 403
