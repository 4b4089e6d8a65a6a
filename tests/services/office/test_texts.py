"""The pages of texts: who may, what they show, and that bad input changes nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse

from notifications import texts
from notifications.in_force import published
from notifications.models import Text
from tests import factories
from tests.services import morning

pytestmark = pytest.mark.django_db

GOOD = texts.shipped("confirmed", "id").wording
OTHER = GOOD.replace("Layanan ini gratis.", "Gratis.")
LIST = reverse("office:texts")
SMS = reverse("office:text", args=["confirmed", "id", "umum"])
WHATSAPP = reverse("office:text", args=["confirmed", "id", "whatsapp"])


@pytest.fixture
def place():
    return morning.office("kecamatan-ambulu", name="Kantor Kecamatan Ambulu")


@pytest.fixture
def client(client, place):
    client.force_login(factories.staff("kepala", "head"))
    return client


def seen(page: Any) -> str:
    return re.search(r'name="seen" value="(\w+)"', page.content.decode())[1]


def send(client, wording: str = OTHER, do: str = "terbitkan", at: str = SMS, **fields: str) -> Any:
    given = {"wording": wording, "subject": "", "do": do, "seen": seen(client.get(at))}
    return client.post(at, given | fields)


def in_force(channel: str = "sms") -> str:
    found = published("confirmed", "id", channel)
    return found.wording if found else ""


# --- Who ------------------------------------------------------------------------------------------


def test_the_head_and_who_supervises_every_place_may_word_others_see_nothing(client, place) -> None:
    every = factories.staff("semua", "supervisor", place)
    assert client.get(LIST).status_code == 200
    client.force_login(every)
    assert client.get(LIST).status_code == client.get(SMS).status_code == 200
    factories.location("lain")  # now there is a place that is not theirs
    people = [every, factories.staff("petugas", "counter", place), factories.staff("tanpa")]
    for somebody in people:
        client.force_login(somebody)
        for address in (LIST, SMS, SMS + "kembali/", WHATSAPP + "persetujuan/"):
            assert client.get(address).status_code == 404
            assert client.post(address, {"do": "terbitkan", "wording": OTHER}).status_code == 404
    assert not Text.objects.exists()


def test_who_is_not_signed_in_is_asked_to(client) -> None:
    client.logout()
    assert client.get(LIST).status_code == 302


@pytest.mark.parametrize(
    "address",
    ["horoscope/id/umum", "confirmed/xx/umum", "confirmed/id/sms", "confirmed/id/merpati"],
)
def test_what_is_no_text_is_not_found(client, address: str) -> None:
    assert client.get(f"/pesan/teks/{address}/").status_code == 404


# --- What it shows --------------------------------------------------------------------------------


def test_the_list_says_what_is_in_force_and_how_long_it_is(client) -> None:
    send(client)
    page = client.get(LIST).content.decode()
    assert "versi 1" in page and "bawaan" in page and "belum ada" in page
    assert re.search(r"\d+ huruf, [123] SMS", page)


def test_the_list_and_the_page_cost_the_same_however_many_versions_there_are(
    client, django_assert_num_queries
) -> None:
    """Session, person, roles; the texts; services, places, protocols."""
    for number in range(5):
        send(client, GOOD.replace("gratis", f"gratis {number}"))
    client.get(SMS)  # says what was published, once
    for address in (LIST, SMS):
        with django_assert_num_queries(7):
            assert client.get(address).status_code == 200


def test_a_look_shows_the_phone_lengths_and_differences_and_changes_nothing(client) -> None:
    page = send(client, OTHER, do="lihat").content.decode()
    assert "Perekaman KTP-el pertama untuk Siti Aminah tercatat" in page
    assert "Muhammad" not in page.split('class="phone"')[1].split("</div>")[0]
    assert re.search(r"<del>Layanan ini gratis.</del>.*<ins>Gratis.</ins>", page)
    assert "Memenuhi semua aturan" in page
    assert not Text.objects.exists()


def test_a_look_names_every_problem(client) -> None:
    page = send(client, "Halo {siapa} “bit.ly/a”", do="lihat")
    assert page.status_code == 200
    for words in ("{siapa}", "{code}", "U+201C", "bit.ly", "Awali dengan"):
        assert words in page.content.decode()


def test_a_text_that_looks_like_markup_is_shown_as_it_was_typed(client) -> None:
    page = send(client, "<b>{{ 7*7 }}</b>", do="simpan").content.decode()
    assert "<b>{{" not in page
    page = client.get(SMS).content.decode()
    assert "&lt;b&gt;{{ 7*7 }}&lt;/b&gt;" in page and "49" not in page.split("textarea")[1]


# --- Writing --------------------------------------------------------------------------------------


def test_publishing_takes_effect_and_says_the_version(client) -> None:
    answer = send(client, "  " + OTHER + " \r\n")
    assert answer.status_code == 302
    assert "Versi 1 berlaku" in client.get(SMS).content.decode()
    assert in_force() == OTHER


def test_a_draft_is_kept_and_found_again(client) -> None:
    send(client, do="simpan")
    assert in_force() == GOOD
    assert "Gratis.</textarea>" in client.get(SMS).content.decode()


@pytest.mark.parametrize(
    "fields",
    [
        {"wording": "Halo {siapa}"},
        {"wording": ""},
        {"wording": OTHER + "\x00"},
        {"wording": OTHER + "\u202e"},
        {"wording": "x" * 5000},
        {"wording": OTHER, "subject": "{name}"},
        {"wording": OTHER, "subject": "a\x00"},
        {"wording": OTHER, "seen": "x" * 99},
    ],
)
@pytest.mark.parametrize("language", ["", "/en"])
def test_bad_words_are_refused_in_the_readers_language_and_nothing_changes(
    client, fields: dict[str, str], language: str
) -> None:
    answer = send(client, at=language + SMS, **fields)
    assert answer.status_code == 400
    page = answer.content.decode()
    assert ("Perlu diperbaiki" in page) is not bool(language)
    assert not Text.objects.exists()


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(client) -> None:
    old = seen(client.get(SMS))
    send(client)
    answer = send(client, GOOD.replace("gratis", "bebas biaya"), seen=old)
    assert answer.status_code == 409
    assert "orang lain" in answer.content.decode()
    assert in_force() == OTHER
    again = client.post(SMS, {"wording": GOOD, "subject": "", "do": "terbitkan",
                              "seen": seen(answer)})  # fmt: skip
    assert again.status_code == 302 and in_force() == GOOD


def test_going_back_is_a_button(client) -> None:
    send(client)
    send(client, GOOD.replace("gratis", "tanpa biaya"))
    at = SMS + "kembali/"
    for version, status in (("9", 400), ("x", 400), ("-1", 400), (str(2**40), 400), ("1", 302)):
        given = {"version": version, "seen": seen(client.get(SMS))}
        assert client.post(at, given).status_code == status
    assert in_force() == OTHER
    assert client.get(at).status_code == 302


# --- WhatsApp -------------------------------------------------------------------------------------


def approve(client, **fields: str) -> Any:
    given = {"version": "1", "template": "confirmed_id_v1", "approval": "approved"}
    given["seen"] = seen(client.get(WHATSAPP))
    return client.post(WHATSAPP + "persetujuan/", given | fields)


def test_whatsapp_is_published_only_with_metas_word(client) -> None:
    assert send(client, at=WHATSAPP, do="simpan").status_code == 302
    assert send(client, at=WHATSAPP).status_code == 400
    for wrong in ({"template": "Nama Templat"}, {"approval": "mungkin"}, {"version": "7"}):
        assert approve(client, **wrong).status_code == 400
    assert approve(client).status_code == 302
    assert in_force("whatsapp") == ""
    assert send(client, at=WHATSAPP).status_code == 302
    assert in_force("whatsapp") == OTHER


def test_the_page_gives_the_body_as_meta_wants_it(client) -> None:
    page = client.get(WHATSAPP).content.decode()
    assert "{{1}} untuk {{2}} tercatat pada {{3}}" in page
