"""The supervisor's pages: choose slots, see whom a change hits, confirm; close; switch level."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from locations.closures import close_slots
from locations.models import Closure, Location, Slot, SlotEvent
from services.booking import book
from services.models import Booking
from tests import factories
from tests.services import morning

pytestmark = pytest.mark.django_db

WHY = "Protokol Siaga mulai Senin"


@pytest.fixture
def place():
    return morning.office("kecamatan-ambulu", counters=4)


@pytest.fixture
def supervisor(place):
    return factories.staff("pengawas", "supervisor", place)


@pytest.fixture
def client(client, supervisor):
    client.force_login(supervisor)
    return client


@pytest.fixture
def monday():
    """The Monday of next week."""
    return factories.at_local(7 - factories.at_local(0).weekday()).date()


@pytest.fixture
def slots(place, monday):
    """Next Monday and Tuesday, three half hours from eight o'clock, ten people each."""
    first = (monday - factories.at_local(0).date()).days
    return [
        factories.slot(place, factories.at_local(first + day, 8 + half // 2, half % 2 * 30),
                       capacity=10, reserve=2)
        for day in (0, 1)
        for half in range(3)
    ]  # fmt: skip


def at(name, place, *more):
    return reverse(f"supervisor:{name}", args=[place.slug, *more])


def week(client, place, monday, **rule):
    return client.get(at("week", place), {"mulai": monday.isoformat(), **rule}).content.decode()


def ticked(page) -> list[int]:
    return [int(pk) for pk in re.findall(r'name="slot" value="(\d+)"[^>]* checked', page)]


def change(slots, **values):
    """The fields of the form; every slot in a checkbox."""
    usual = {"slot": [slot.pk for slot in slots], "capacity": "1", "reserve": "", "reason": WHY}
    return usual | {"others": "", "mulai": slots[0].starts_at.date().isoformat()} | values


# --- The grid -------------------------------------------------------------------------------------


def test_the_grid_says_fill_by_number_word_and_length(client, place, slots, monday):
    factories.fill(slots[0], 8)
    factories.fill(slots[1], 3)
    page = week(client, place, monday)
    assert "8</b>/10" in page
    assert re.search(r'aria-label="Senin, [^"]+ pukul 08.00: 8 dari 10, penuh"', page)
    assert '<rect width="3" height="1" fill="currentColor"/>' in page


def test_a_slot_above_its_capacity_says_by_how_many(client, place, slots, monday):
    factories.fill(slots[0], 3)
    client.post(at("apply", place), change(slots[:1]))
    assert "lebih 2" in week(client, place, monday)


def test_a_closed_slot_says_why_and_cannot_be_chosen(client, place, supervisor, slots, monday):
    close_slots(place, slots[0].starts_at, slots[0].ends_at, "servis alat", supervisor)
    page = week(client, place, monday)
    assert "tutup, servis alat" in page
    assert f'value="{slots[0].pk}"' not in page


def test_a_rule_ticks_the_slots_that_it_names(client, place, slots, monday):
    rule = {"hari": "1", "dari": "08:00", "sampai": "09:00", "hingga": monday.isoformat()}
    assert ticked(week(client, place, monday, **rule)) == [slots[0].pk, slots[1].pk]


def test_a_rule_that_reaches_further_takes_other_weeks_along(client, place, slots, monday):
    later = factories.slot(place, slots[0].starts_at + timedelta(days=7), capacity=10)
    rule = {"hari": "1", "dari": "08:00", "sampai": "08:30"}
    page = week(client, place, monday, **rule, hingga=(monday + timedelta(days=20)).isoformat())
    assert ticked(page) == [slots[0].pk]
    assert f'name="others" value="{later.pk}"' in page
    assert "2 sesi dipilih" in page


@pytest.mark.parametrize(
    "address",
    [
        {"mulai": "x"},
        {"mulai": "0000-01-01"},
        {"mulai": "9999-12-31"},
        {"hari": "9"},
        {"hari": "1", "dari": "25:00", "sampai": "x", "hingga": "99999-01-01"},
    ],
)
def test_an_address_that_makes_no_sense_shows_a_week_all_the_same(client, place, slots, address):
    response = client.get(at("week", place), address)
    assert response.status_code == 200


def test_the_suggestion_stands_there_with_its_arithmetic(client, place, slots, monday):
    page = week(client, place, monday)
    assert "Saran kuota: 7" in page
    assert "4 loket × 30 menit ÷ 10 menit" in page


@pytest.mark.parametrize("people", [0, 3])
def test_the_week_takes_few_statements_however_many_people(
    client, place, slots, monday, people, django_assert_num_queries
):
    for slot in slots:
        factories.fill(slot, people)
    with django_assert_num_queries(7):
        client.get(f"/pengawas/{place.slug}/minggu/", {"mulai": monday.isoformat()})


# --- Changing capacity ----------------------------------------------------------------------------


def test_the_preview_names_whom_it_hits_and_changes_nothing(client, place, slots):
    service = factories.service(at=place)
    for name in ("Sutrisno", "Holifatul Jannah"):
        book(service=service, slot_id=slots[0].pk, person=factories.person(full_name=name))
    page = client.post(at("preview", place), change(slots)).content.decode()
    assert "Kuota 6 sesi turun dari 10 menjadi 1: 1 orang terkena" in page
    assert "Holifatul J." in page
    assert "Jannah" not in page
    assert "Sutrisno" not in page
    assert not SlotEvent.objects.exists()


def test_the_preview_says_who_cannot_be_reached(client, place, slots):
    book(
        service=factories.service(at=place), slot_id=slots[0].pk, person=factories.person(phone="")
    )
    page = client.post(at("preview", place), change(slots, capacity="0")).content.decode()
    assert "tanpa ponsel" in page
    assert "1 orang tidak terjangkau pesan" in page


def test_confirming_makes_the_change_keeps_everybody_and_says_the_fact(client, place, slots):
    factories.fill(slots[0], 3)
    response = client.post(at("apply", place), change(slots), follow=True)
    assert "6 sesi diubah. 2 orang di atas kuota tetap datang" in response.content.decode()
    assert set(Slot.objects.values_list("capacity", flat=True)) == {1}
    assert Booking.objects.filter(status="booked").count() == 3
    assert SlotEvent.objects.first().pgh_context["why"] == WHY


def test_the_preview_hands_its_slots_on_to_the_confirmation(client, place, slots):
    page = client.post(at("preview", place), change(slots)).content.decode()
    handed = re.search(r'name="others" value="([\d,]+)"', page).group(1)
    client.post(at("apply", place), change(slots, slot=[], others=handed))
    assert set(Slot.objects.values_list("capacity", flat=True)) == {1}


def test_who_is_above_the_capacity_can_be_looked_up_afterwards(client, place, slots):
    factories.fill(slots[0], 3)
    client.post(at("apply", place), change(slots))
    assert "2 orang di atas kuota" in client.get(at("over", place)).content.decode()


@pytest.mark.parametrize("step", ["preview", "apply"])
@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"slot": []}, "Pilih dahulu sesinya"),
        ({"slot": ["x", "٣", "1.5", "9" * 30]}, "Pilih dahulu sesinya"),
        ({"reason": "   "}, "Tulis alasannya"),
        ({"capacity": ""}, "Isi kuota"),
        ({"reserve": "2"}, "paling banyak sebesar kuota"),
    ],
)
def test_what_is_missing_is_told_and_nothing_typed_is_lost(
    client, place, slots, step, values, sentence
):
    response = client.post(at(step, place), change(slots, **values))
    page = response.content.decode()
    assert response.status_code == 400
    assert sentence in page
    if "slot" not in values:
        assert len(ticked(page)) == 6
    assert not SlotEvent.objects.exists()


@pytest.mark.parametrize("capacity", ["-5", "1000000000000", "1.5", "abc"])
def test_a_capacity_that_is_none_is_refused(client, place, slots, capacity):
    assert client.post(at("apply", place), change(slots, capacity=capacity)).status_code == 400
    assert not SlotEvent.objects.exists()


def test_slots_of_another_place_are_not_touched(client, place, slots):
    elsewhere = factories.slot(morning.office("dispendukcapil"))
    response = client.post(at("apply", place), change(slots, slot=[elsewhere.pk]))
    assert response.status_code == 400
    elsewhere.refresh_from_db()
    assert elsewhere.capacity == 5


def test_a_reason_is_shown_as_typed_and_never_run(client, place, slots):
    page = client.post(at("preview", place), change(slots, reason="<script>x</script>"))
    assert "<script>x" not in page.content.decode()


# --- Level, closures, coverage --------------------------------------------------------------------


def test_the_level_is_switched_with_a_reason(client, place):
    severe = factories.protocol("awas", rank=4, name_id="Awas", name_en="Severe", percent=25)
    response = client.post(at("protocol", place), {"level": severe.pk, "reason": ""})
    assert response.status_code == 400
    response = client.post(
        at("protocol", place), {"level": severe.pk, "reason": "Wabah"}, follow=True
    )
    assert "Protokol Awas berlaku" in response.content.decode()
    assert Location.objects.get(pk=place.pk).protocol == severe


def closing(slot, **values):
    day = slot.starts_at.astimezone(factories.JAKARTA).date().isoformat()
    return {"first": day, "last": day, "start": "", "end": "", "reason": "Servis"} | values


def test_closing_a_day_without_bookings_shuts_its_slots(client, place, slots):
    response = client.post(at("closures", place), closing(slots[0]), follow=True)
    assert "Penutupan tercatat" in response.content.decode()
    assert Slot.objects.filter(closure__isnull=False).count() == 3


def test_closing_a_day_with_bookings_is_refused_with_the_list(client, place, slots):
    booking = factories.booking(slots[1])
    response = client.post(at("closures", place), closing(slots[0]))
    page = response.content.decode()
    assert response.status_code == 409
    assert "Belum ditutup: 1 orang punya jadwal" in page
    assert booking.shown_code in page
    assert not Closure.objects.exists()


@pytest.mark.parametrize(
    "values",
    [
        {"first": ""},
        {"first": "99999-01-01"},
        {"start": "25:00"},
        {"start": "10:00", "end": "09:00"},
        {"last": "2020-01-01"},
        {"last": "9999-12-31"},
        {"first": "0001-01-01", "last": "0001-01-01"},
        {"reason": " "},
        {"reason": "a\nb"},
    ],
)
def test_a_closure_that_makes_no_sense_is_refused(client, place, slots, values):
    assert client.post(at("closures", place), closing(slots[0], **values)).status_code == 400
    assert not Closure.objects.exists()


def test_a_holiday_closes_only_when_it_is_confirmed(client, place, slots):
    midnight = slots[0].starts_at.astimezone(factories.JAKARTA).replace(hour=0, minute=0)
    draft = Closure.objects.create(
        kind="holiday", starts_at=midnight, ends_at=midnight + timedelta(days=1), reason="Natal"
    )
    assert "Natal" in client.get(at("closures", place)).content.decode()
    assert not Slot.objects.filter(closure__isnull=False).exists()
    client.post(at("confirm_holiday", place, draft.pk))
    assert Slot.objects.filter(closure__isnull=False).count() == 3


def test_coverage_adds_up_and_says_what_is_invented(client, place):
    for code, obliged, recorded in (
        ("35.09.01", 1_000_000, 990_000),
        ("35.09.02", 980_781, 975_925),
    ):
        factories.district(code, f"Kecamatan {code}", obliged=obliged, recorded=recorded)
    page = client.get(reverse("supervisor:coverage")).content.decode()
    for figure in ("1.980.781", "1.965.925", "14.856", "99,25 %"):
        assert figure in page
    assert "contoh" in page
    assert "idn-area-data, lisensi ODbL 1.0" in page


# --- The head -------------------------------------------------------------------------------------


def test_the_head_reads_everything_and_changes_nothing(client, place, slots, monday):
    client.force_login(factories.staff("kepala", "head"))
    page = week(client, place, monday)
    assert "0</b>/10" in page
    assert 'type="checkbox"' not in page
    assert client.get(at("over", place)).status_code == 404
    for name in ("preview", "apply", "closures", "protocol"):
        assert client.post(at(name, place), change(slots)).status_code == 404
    assert client.get(reverse("counter:desk", args=[place.slug])).status_code == 404


# --- Statements -----------------------------------------------------------------------------------


@pytest.mark.parametrize("people", [1, 6])
@pytest.mark.parametrize(
    ("name", "statements"),
    [("preview", 8), ("over", 6), ("closures", 7), ("protocol", 7), ("coverage", 5), ("places", 4)],
)
def test_no_page_takes_more_statements_for_more_people(
    client, place, supervisor, slots, people, name, statements, django_assert_max_num_queries
):
    for number in range(people):
        factories.booking(slots[0])
        factories.booking(slots[1])
        factories.district(f"35.09.{number + 20}", f"Kecamatan {number}", obliged=10, recorded=9)
        other = morning.office(f"lain-{number}")
        if name == "places":
            factories.assign(supervisor, other, "supervisor")
    given = change(slots)
    if name == "over":
        client.post(at("apply", place), given)
    with django_assert_max_num_queries(statements):
        if name == "preview":
            response = client.post(at(name, place), given)
        elif name in ("coverage", "places"):
            response = client.get(reverse(f"supervisor:{name}"))
        else:
            response = client.get(at(name, place))
    assert response.status_code == 200
