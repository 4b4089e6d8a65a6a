"""The counter's pages: what staff see and what each button does."""

import re

import pytest
from django.urls import reverse

from services.lifecycle import Status
from services.models import Booking
from tests import factories
from tests.services import morning

pytestmark = pytest.mark.django_db

OK = {"temperature_c": "36,6", "mask": "ya", "symptoms": "tidak", "companions": "1"}


@pytest.fixture
def place():
    return morning.office()


@pytest.fixture
def slot(place):
    return morning.current_slot(place)


@pytest.fixture
def booking(slot):
    return morning.here(slot, factories.person(full_name="Fatimatus Zahro"))


@pytest.fixture
def client(client, place):
    client.force_login(factories.staff("petugas", "counter", place))
    return client


def at(name, place, *more):
    return reverse(f"counter:{name}", args=[place.slug, *more])


def scan(client, place, typed):
    return client.post(at("find", place), {"typed": typed})


def admit(client, place, booking, **answers):
    return client.post(at("check_in", place), {"code": booking.code} | OK | answers)


def said(response) -> str:
    """The heading of the verdict."""
    found = re.search(r'class="verdict.*?<h2>(.*?)</h2>', response.content.decode(), re.DOTALL)
    return found.group(1) if found else ""


def status(booking):
    return Booking.objects.values_list("status", flat=True).get(pk=booking.pk)


def test_who_works_at_one_place_goes_straight_there(client, place):
    assert client.get(reverse("counter:places")).url == at("desk", place)


def test_who_works_at_several_places_chooses(client, place):
    other = morning.office("dispendukcapil")
    factories.staff("petugas", "counter", other)
    page = client.get(reverse("counter:places")).content.decode()
    assert place.name in page
    assert other.name in page


def test_a_scan_shows_the_person_with_a_masked_nik_and_asks_what_the_protocol_wants(
    client, place, booking
):
    response = scan(client, place, booking.code)
    page = response.content.decode()
    assert said(response) == "Periksa dahulu"
    assert "Fatimatus Zahro" in page
    assert booking.nik not in page
    assert booking.masked_nik in page
    for name in ("temperature_c", "mask", "symptoms", "companions"):
        assert f'name="{name}"' in page


def test_nothing_is_ticked_that_nobody_answered(client, place, booking):
    page = scan(client, place, booking.code).content.decode()
    ticked = re.findall(r'<input type="radio" name="(\w+)"[^>]* checked', page)
    assert ticked == ["companions"]


def test_who_is_well_gets_a_number(client, place, booking):
    response = admit(client, place, booking)
    assert said(response) == "Boleh masuk"
    assert "001" in response.content.decode()
    assert status(booking) == Status.CHECKED_IN


def test_a_second_scan_says_so_and_changes_nothing(client, place, booking):
    admit(client, place, booking)
    assert said(scan(client, place, booking.code)) == "Sudah masuk"
    assert said(admit(client, place, booking)) == "Sudah masuk"


@pytest.mark.parametrize(
    ("answers", "heading"),
    [
        ({"temperature_c": "37,3"}, "Ukur ulang"),
        ({"mask": "tidak"}, "Masker dahulu"),
        ({"symptoms": "ya"}, "Ditunda demi kesehatan"),
    ],
)
def test_each_finding_has_its_words(client, place, booking, answers, heading):
    assert said(admit(client, place, booking, **answers)).startswith(heading)


def test_a_full_room_means_waiting_outside(client, place, booking):
    place.room_square_metres = 4
    place.save()
    response = admit(client, place, booking)
    assert said(response) == "Ruangan penuh"
    assert 'value="36,6"' in response.content.decode()
    assert status(booking) == Status.BOOKED


@pytest.mark.parametrize("figure", ["", "abc", "99", "-5", "NaN", "1e9", "36,66"])
def test_a_figure_that_is_none_comes_back_with_words(client, place, booking, figure):
    response = admit(client, place, booking, temperature_c=figure)
    assert response.status_code == 400
    assert 'id="temperature_c_error"' in response.content.decode()
    assert status(booking) == Status.BOOKED


@pytest.mark.parametrize("typed", ["", "tidak ada", "x" * 5000, "https://evil.example/?q=1"])
def test_what_is_no_ticket_is_told(client, place, booking, typed):
    response = scan(client, place, typed)
    assert said(response) == "Kode tidak dikenal"


def test_a_ticket_of_another_place_names_the_place_only(client, place):
    other = morning.office("dispendukcapil", name="Kantor Dispendukcapil")
    elsewhere = morning.here(morning.current_slot(other), factories.person(full_name="Rahasia"))
    page = scan(client, place, elsewhere.code)
    assert said(page) == "Tempat lain"
    assert "Kantor Dispendukcapil" in page.content.decode()
    assert "Rahasia" not in page.content.decode()


def test_the_whole_way_to_recorded(client, place, booking):
    admit(client, place, booking)
    client.post(at("choose_counter", place), {"counter": "2"})
    client.post(at("call_next", place))
    page = client.get(at("desk", place)).content.decode()
    assert "Sedang di Loket 2" in page
    assert "Fatimatus Zahro" in page
    response = client.post(at("act", place, booking.code, "direkam"))
    assert response.url == at("desk", place)
    assert status(booking) == Status.RECORDED


@pytest.mark.parametrize(
    ("step", "end"),
    [
        ("panggil-ulang", Status.CALLED),
        ("tunda-sementara", Status.CHECKED_IN),
        ("tidak-hadir", Status.NO_SHOW),
        ("tunda", Status.DEFERRED),
        ("tidak-terekam", Status.NOT_RECORDED),
    ],
)
def test_each_step_at_the_counter(client, place, booking, step, end):
    morning.came(booking)
    morning.called(place)
    client.post(at("act", place, booking.code, step), {"reason": "equipment"})
    assert status(booking) == end


def test_a_step_that_is_not_possible_is_explained(client, place, booking):
    response = client.post(at("act", place, booking.code, "direkam"))
    assert response.status_code == 409
    assert said(response) == "Tidak dapat dilakukan"
    assert client.post(at("act", place, booking.code, "terbang")).status_code == 404


def test_a_counter_that_does_not_exist_is_not_chosen(client, place):
    for number in ("9", "", "x", "1" * 40):
        client.post(at("choose_counter", place), {"counter": number})
    assert "Di loket mana Anda duduk?" in client.get(at("desk", place)).content.decode()


def test_reading_by_get_never_changes_or_shows_anybody(client, place, booking):
    for name in ("find", "check_in"):
        assert client.get(at(name, place)).url == at("desk", place)
    for name in ("call_next", "choose_counter"):
        assert client.get(at(name, place)).status_code == 405


def test_pages_of_people_are_kept_in_no_cache(client, place):
    assert client.get(at("desk", place))["Cache-Control"] == "no-store"


@pytest.mark.parametrize("language", ["", "/en"])
@pytest.mark.parametrize("people", [1, 8])
def test_the_screen_takes_as_many_statements_for_one_as_for_many(
    client, place, slot, people, language, django_assert_num_queries
):
    for _ in range(people):
        morning.came(morning.here(slot))
        morning.here(slot)
    with django_assert_num_queries(8):
        assert client.get(f"{language}/loket/{place.slug}/").status_code == 200


def test_a_name_is_shown_as_typed_and_never_run(client, place, slot):
    typed = "<script>alert(1)</script> {{7*7}}"
    morning.here(slot, factories.person(full_name=typed))
    page = client.get(at("desk", place)).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{7*7}}" in page
    assert typed not in page


def test_everything_that_is_missing_is_told_at_once(client, place, booking):
    page = admit(client, place, booking, temperature_c="", mask="", symptoms="").content.decode()
    for name in ("temperature_c", "mask", "symptoms"):
        assert f'id="{name}_error"' in page
