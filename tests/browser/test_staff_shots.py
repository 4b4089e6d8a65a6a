"""Pictures of every page of staff: `SHOTS=var/shots pytest tests/browser/test_staff_shots.py`."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from locations.closures import close_slots
from locations.holiday_drafts import draft_holidays
from services.capacity import apply_change
from services.visit import defer, no_show, record
from tests import factories
from tests.services import morning

SHOTS = os.environ.get("SHOTS", "")
pytestmark = pytest.mark.skipif(not SHOTS, reason="SHOTS names no folder for pictures")

NAMES = """Holifah|Moh. Rofiqi|Ahmad Zainuri|R. Adi Nugroho, S.Pd.|Dwi Ayu Lestari|Bagus Prasetyo
Slamet|Siti Romlah|Ratna Dewi Anggraini|Tumin|Suwarni|Misnati|Yohanes Krisna""".replace(
    "\n", "|"
).split("|")
SIZES = {"360": {"width": 360, "height": 740}, "1280": {"width": 1280, "height": 860}}


def office():
    place = morning.office(
        "kecamatan-ambulu", counters=4, name="Kantor Kecamatan Ambulu", room_square_metres=60
    )
    factories.protocol("normal", rank=1, name_id="Normal", name_en="Normal",
                       square_metres_each="1.5", percent=100, mask="if_coughing",
                       temperature_limit=None, asks_symptoms=False)  # fmt: skip
    factories.protocol("awas", rank=4, name_id="Awas", name_en="Severe", square_metres_each=6,
                       percent=25)  # fmt: skip
    slot = morning.current_slot(place)
    people = [
        morning.here(
            slot,
            factories.person(full_name=name, support=("elderly",) if name == "Slamet" else ()),
        )
        for name in NAMES
    ]
    for person in people[:3] + people[4:9]:
        morning.came(person)
    for counter in (1, 2, 3):
        one = morning.called(place, counter)
        if counter < 3:
            record(location=place, code=one.code, who="staff:1")
    morning.called(place, 2)
    defer(location=place, code=people[3].code, who="staff:1")
    no_show(location=place, code=people[9].code, who="staff:1")
    young = morning.here(slot, factories.minor(full_name="Fatimatus Zahro", companions=1))
    return place, slot, people, young


def a_week(place):
    """Next week's grid: fuller in the morning, one slot that drains, one closed afternoon."""
    head = factories.staff("pengawas", "supervisor", place)
    monday = 7 - factories.at_local(0).weekday()
    for day in range(monday, monday + 5):
        for half in range(6):
            slot = factories.slot(
                place, factories.at_local(day, 8 + half // 2, half % 2 * 30), capacity=4, reserve=1
            )
            if half < 4:
                factories.fill(slot, [3, 2, 3, 1][(half + day) % 4])
        factories.slot(place, factories.at_local(day, 13), capacity=4, reserve=1)
    last = factories.slot(place, factories.at_local(monday + 3, 13, 30), capacity=4)
    factories.fill(last, 4)
    apply_change(location=place, slot_ids=[last.pk], capacity=2, reserve=None, reason="wabah",
                 staff=head)  # fmt: skip
    start = factories.at_local(monday + 1, 13)
    close_slots(place, start, start + timedelta(hours=2), "servis alat", head)
    draft_holidays()
    return head, factories.at_local(monday).date()


def sign_in(page: Page, url: str, name: str, language: str = "") -> None:
    page.goto(f"{url}{language}/akun/login/")
    page.fill("[name=login]", name)
    page.fill("[name=password]", factories.PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")


@pytest.mark.parametrize("language", ["", "/en"], ids=["id", "en"])
@pytest.mark.parametrize("size", SIZES)
def test_shots(browser: Browser, live_server, transactional_db, size, language):
    place, _slot, people, young = office()
    factories.staff("petugas", "counter", place)
    _head, monday = a_week(place)
    other = morning.office("dispendukcapil", name="Kantor Dispendukcapil")
    elsewhere = morning.here(morning.current_slot(other))
    for code, name, obliged, recorded in (("35.09.12", "Ambulu", 77033, 76492),
                                          ("35.09.20", "Patrang", 75008, 74260),
                                          ("35.09.11", "Ambulu", 98000, 97153)):  # fmt: skip
        district = factories.district(code, name)
        district.obliged, district.recorded = obliged, recorded
        district.save()
    url, tag = live_server.url, f"{size}{'-en' if language else ''}"
    folder = Path(SHOTS)
    folder.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(viewport=SIZES[size], java_script_enabled=True)
    page = context.new_page()

    def shot(name):
        page.screenshot(path=folder / f"{name}-{tag}.png", full_page=True)

    page.goto(f"{url}{language}/akun/login/")
    shot("login")
    page.fill("[name=login]", "petugas")
    page.fill("[name=password]", "salah-sekali-1")
    page.keyboard.press("Enter")
    shot("login-wrong")
    sign_in(page, url, "petugas", language)
    shot("desk-choose")
    page.click("button[name=counter][value='3']")
    shot("desk-at-counter")

    def scan(code):
        page.fill("#typed", code)
        page.keyboard.press("Enter")
        page.wait_for_selector(".verdict")

    scan(young.shown_code)
    shot("desk-screening")
    page.fill("#temperature_c", "37,5")
    page.check("[name=mask][value=ya]")
    page.check("[name=symptoms][value=tidak]")
    page.click("#skrining .btn")
    shot("desk-recheck")
    scan(people[10].code)
    page.fill("#temperature_c", "36,5")
    page.check("[name=mask][value=ya]")
    page.check("[name=symptoms][value=tidak]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".verdict.is-ok")
    shot("desk-admitted")
    scan(people[6].code)
    shot("desk-already")
    scan(elsewhere.code)
    shot("desk-elsewhere")
    scan("XXXX")
    shot("desk-unknown")
    context.clear_cookies()

    sign_in(page, url, "pengawas", language)
    page.goto(f"{url}{language}/pengawas/{place.slug}/minggu/?mulai={monday}")
    shot("week")
    page.goto(
        f"{url}{language}/pengawas/{place.slug}/minggu/?mulai={monday}&hari=1-4&dari=08:00"
        f"&sampai=11:00&hingga={monday + timedelta(days=4)}"
    )
    page.fill("[name=capacity]", "1")
    page.fill("[name=reason]", "Protokol Siaga mulai Senin")
    shot("week-selected")
    page.click("button[form=ubah]")
    page.wait_for_load_state()
    shot("preview")
    page.click("aside button")
    page.wait_for_load_state()
    shot("week-done")
    page.goto(f"{url}{language}/pengawas/{place.slug}/melebihi/")
    shot("over")
    for name in ("protokol", "penutupan"):
        page.goto(f"{url}{language}/pengawas/{place.slug}/{name}/")
        shot(name)
    page.goto(f"{url}{language}/pengawas/cakupan/")
    shot("coverage")
    context.close()
