"""An office on a busy morning, and a week ahead, for the browser tests of staff."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from playwright.sync_api import Browser, Page

from locations.closures import close_slots
from locations.holiday_drafts import draft_holidays
from locations.models import Location, Slot, Staff
from services.capacity import apply_change
from services.models import Booking
from services.visit import defer, no_show, record
from tests import factories
from tests.services import morning

NAMES = [
    "Holifah", "Moh. Rofiqi", "Ahmad Zainuri", "R. Adi Nugroho, S.Pd.", "Dwi Ayu Lestari",
    "Bagus Prasetyo", "Slamet", "Siti Romlah", "Ratna Dewi Anggraini", "Tumin", "Suwarni",
    "Misnati", "Yohanes Krisna",
]  # fmt: skip


@dataclass
class Office:
    url: str
    place: Location
    slot: Slot
    people: list[Booking]
    young: Booking
    elsewhere: Booking
    monday: date


def build(url: str) -> Office:
    """Some are recorded, some wait, one is at a counter; `young` and the last three did not come
    yet. Next week is half full, with a slot that drains and a closed afternoon."""
    factories.protocol(
        "normal", rank=1, name_id="Normal", name_en="Normal", square_metres_each="1.5",
        percent=100, mask="if_coughing", temperature_limit=None, asks_symptoms=False,
    )  # fmt: skip
    place = morning.office("kecamatan-ambulu", counters=4, name="Kantor Kecamatan Ambulu")
    slot = morning.current_slot(place)
    people = [morning.here(slot, factories.person(full_name=name)) for name in NAMES]
    for person in people[:3] + people[4:9]:
        morning.came(person)
    for _ in range(2):
        one = morning.called(place, 1)
        assert one is not None
        record(location=place, code=one.code, who="staff:1")
    morning.called(place, 2)
    defer(location=place, code=people[3].code, who="staff:1")
    no_show(location=place, code=people[9].code, who="staff:1")
    young = morning.here(slot, factories.minor(full_name="Fatimatus Zahro", companions=1))
    other = morning.office("dispendukcapil", name="Kantor Dispendukcapil")
    elsewhere = morning.here(morning.current_slot(other))
    factories.staff("petugas", "counter", place)
    supervisor = factories.staff("pengawas", "supervisor", place)
    monday = _a_week(place, supervisor)
    _coverage()
    return Office(url, place, slot, people, young, elsewhere, monday)


def _a_week(place: Location, supervisor: Staff) -> date:
    first = 7 - factories.at_local(0).weekday()
    for day in range(first, first + 5):
        for half in range(6):
            begins = factories.at_local(day, 8 + half // 2, half % 2 * 30)
            slot = factories.slot(place, begins, capacity=4, reserve=1)
            if half < 4:
                factories.fill(slot, [3, 2, 3, 1][(half + day) % 4])
        factories.slot(place, factories.at_local(day, 13), capacity=4, reserve=1)
    last = factories.slot(place, factories.at_local(first + 3, 13, 30), capacity=4)
    factories.fill(last, 4)
    apply_change(
        location=place, slot_ids=[last.pk], capacity=2, reserve=None, reason="wabah",
        staff=supervisor,
    )  # fmt: skip
    noon = factories.at_local(first + 1, 13)
    close_slots(place, noon, noon + timedelta(hours=2), "servis alat", supervisor)
    draft_holidays()
    return factories.at_local(first).date()


def _coverage() -> None:
    for code, name, obliged, recorded in (
        ("35.09.12", "Ambulu", 77_033, 76_492),
        ("35.09.20", "Patrang", 75_008, 74_260),
        ("35.09.11", "Wuluhan", 77_592, 76_745),
    ):
        district = factories.district(code, name)
        district.name, district.obliged, district.recorded = name, obliged, recorded
        district.save()


def sign_in(page: Page, url: str, name: str, language: str = "") -> None:
    page.goto(f"{url}{language}/akun/login/")
    page.fill("[name=login]", name)
    page.fill("[name=password]", factories.PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def scan(page: Page, ticket: str) -> None:
    """As a scanner does it: type, and press Enter."""
    page.fill("#typed", ticket)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def screen(page: Page, temperature: str) -> None:
    page.fill("#temperature_c", temperature)
    page.check("[name=mask][value=ya]")
    page.check("[name=symptoms][value=tidak]")
    with page.expect_navigation():
        page.click("#skrining .btn")


def every_page(page: Page, office: Office, language: str = "") -> Iterator[str]:
    """Each page of staff in each of its states, by name."""
    url, slug = office.url + language, office.place.slug
    page.goto(f"{url}/akun/login/")
    yield "login"
    page.fill("[name=login]", "petugas")
    page.fill("[name=password]", "salah-sekali-1")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    yield "login-wrong"
    sign_in(page, office.url, "petugas", language)
    yield "desk-choose"
    with page.expect_navigation():
        page.click("button[name=counter][value='3']")
    yield "desk-idle"
    with page.expect_navigation():
        page.click("[data-key=F4]")
    yield "desk-called"
    scan(page, office.young.shown_code)
    yield "desk-screening"
    with page.expect_navigation():
        page.evaluate("document.getElementById('skrining').submit()")
    yield "desk-missing"
    screen(page, "37,5")
    yield "desk-recheck"
    scan(page, office.people[10].shown_code)
    screen(page, "36,5")
    yield "desk-admitted"
    for name, ticket in (
        ("already", office.people[10].code),
        ("elsewhere", office.elsewhere.code),
        ("recorded", office.people[0].code),
        ("unknown", "XXXX"),
    ):
        scan(page, ticket)
        yield f"desk-{name}"
    with page.expect_navigation():
        page.click(".mast button.link")
    sign_in(page, office.url, "pengawas", language)
    yield "week-now"
    page.goto(f"{url}/pengawas/{slug}/minggu/?mulai={office.monday}")
    yield "week"
    friday = office.monday + timedelta(days=4)
    rule = f"hari=1-4&dari=08:00&sampai=11:00&hingga={friday}"
    page.goto(f"{url}/pengawas/{slug}/minggu/?mulai={office.monday}&{rule}")
    with page.expect_navigation():
        page.click("button[form=ubah]")
    yield "week-missing"
    page.fill("[name=capacity]", "1")
    page.fill("[name=reserve]", "0")
    page.fill("[name=reason]", "Protokol Siaga mulai Senin")
    yield "week-selected"
    with page.expect_navigation():
        page.click("button[form=ubah]")
    yield "preview"
    with page.expect_navigation():
        page.click("aside .btn")
    yield "week-done"
    for name in ("melebihi", "protokol", "penutupan"):
        page.goto(f"{url}/pengawas/{slug}/{name}/")
        yield name
    page.fill("[name=first]", str(office.monday))
    page.fill("[name=last]", str(office.monday))
    page.fill("[name=reason]", "servis")
    with page.expect_navigation():
        page.click("aside .btn")
    yield "penutupan-refused"
    page.goto(f"{url}/pengawas/cakupan/")
    yield "cakupan"


def in_browser(
    browser: Browser, office: Office, language: str = "", *, width: int, **context: Any
) -> Iterator[tuple[Page, str]]:
    """Every page in a browser of its own."""
    opened = browser.new_context(viewport={"width": width, "height": 860}, **context)
    page = opened.new_page()
    for name in every_page(page, office, language):
        yield page, name
    opened.close()
