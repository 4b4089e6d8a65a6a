"""What holds for every page of residents: both languages, constant statements, headers."""

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import factories
from tests.services.resident.town import Town

PUBLIC = [
    "/",
    "/layanan/",
    "/layanan/first-recording/",
    "/privasi/",
    "/aksesibilitas/",
    "/pengaduan/",
    "/jadwal/",
    "/pesan/first-recording/data-diri/",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_page_is_there_in_both_languages(client: Client, town: Town, address: str) -> None:
    indonesian = client.get(address)
    english = client.get(f"/en{address}")
    assert indonesian.status_code == english.status_code == 200
    assert '<html lang="id">' in indonesian.content.decode()
    assert '<html lang="en">' in english.content.decode()
    assert f'href="/en{address}" lang="en"' in indonesian.content.decode()
    assert f'href="{address}" lang="id"' in english.content.decode()


@pytest.mark.django_db
def test_the_front_page_is_there_before_any_service_is(client: Client) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    assert "Sudah punya jadwal?" in answer.text


def test_switching_the_language_keeps_the_place_and_what_was_asked(
    identified: Client, town: Town
) -> None:
    page = identified.get("/pesan/tempat/?kecamatan=35.09.20&urut=cepat").content.decode()
    assert 'href="/en/pesan/tempat/?kecamatan=35.09.20&amp;urut=cepat"' in page
    assert (
        "Kantor Dispendukcapil"
        in identified.get("/en/pesan/tempat/?kecamatan=35.09.20").content.decode()
    )


@pytest.mark.parametrize("address", PUBLIC)
def test_nothing_on_a_page_needs_scripts_styles_or_other_sites(
    client: Client, town: Town, address: str
) -> None:
    page = client.get(address).content.decode()
    assert not re.search(r"<script|\sstyle=|\son\w+=", page)
    assert not re.search(r'(?:src|href)="(?:https?:)?//(?!www\.lapor\.go\.id/")', page)
    assert len(page) < 25_000
    assert "idn-area-data, lisensi ODbL 1.0" in page


@pytest.mark.parametrize(
    "address",
    ["/", "/layanan/", "/pesan/tempat/", "/pesan/waktu/kecamatan-ambulu/"],
)
def test_the_number_of_statements_does_not_grow_with_the_data(
    identified: Client, town: Town, address: str
) -> None:
    few = statements(lambda: identified.get(address))
    for number in range(6):
        place = factories.location(f"kecamatan-{number}", name=f"Kantor {number}")
        factories.service(at=place)
        factories.slots(place, 3)
    for days in range(4, 20):
        factories.slots(town.ambulu, 3, days=days)
    factories.service("replacement", at=town.ambulu, order=2)
    many = statements(lambda: identified.get(address))
    assert len(many) == len(few) <= 6, many


def test_a_ticket_is_read_in_one_statement(identified: Client, booked: str) -> None:
    assert len(statements(lambda: identified.get(booked))) == 1


def test_reading_writes_nothing(client: Client, town: Town) -> None:
    for address in PUBLIC:
        for statement in statements(lambda address=address: client.get(address)):  # type: ignore[misc]
            assert statement.startswith("SELECT"), statement


def test_a_missing_page_says_what_to_do_next(client: Client, db: None) -> None:
    answer = client.get("/tidak-ada/")
    assert answer.status_code == 404
    assert "Halaman tidak ditemukan" in answer.content.decode()


def statements(work: Callable[[], object]) -> list[str]:
    with CaptureQueriesContext(connection) as seen:
        work()
    return [query["sql"] for query in seen.captured_queries]
