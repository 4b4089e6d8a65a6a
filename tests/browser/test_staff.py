"""A morning of the staff in a real browser: by keyboard alone, and without JavaScript."""

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from locations.models import Slot
from services.lifecycle import Status
from services.models import Booking, Visit
from tests import factories
from tests.browser.office import scan, sign_in
from tests.services import morning


@pytest.fixture
def place(transactional_db: None) -> Any:
    place = morning.office("kecamatan-ambulu", counters=2, name="Kantor Kecamatan Ambulu")
    factories.staff("petugas", "counter", place)
    factories.staff("pengawas", "supervisor", place)
    return place


@pytest.fixture
def booking(place: Any) -> Booking:
    return morning.here(morning.current_slot(place), factories.person(full_name="Tumin"))


def verdict(page: Page) -> Any:
    return page.locator(".verdict h2")


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "plain"])
def test_from_the_door_to_recorded_by_keyboard_alone(
    browser: Browser, live_server: Any, booking: Booking, javascript: bool
) -> None:
    """Nothing is clicked: a scanner types, Tab, arrows, Space and Enter do the rest."""
    context = browser.new_context(java_script_enabled=javascript)
    page = context.new_page()
    sign_in(page, live_server.url, "petugas")
    expect(page.locator("#typed")).to_be_focused()

    page.keyboard.type(booking.shown_code)
    press_and_wait(page, "Enter")
    expect(verdict(page)).to_have_text("Periksa dahulu")
    expect(page.locator("#temperature_c")).to_be_focused()
    page.keyboard.type("36,5")
    for _ in range(2):
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        expect(page.locator("input:focus")).to_be_checked()
    press_and_wait(page, "Enter")
    expect(verdict(page)).to_have_text("Boleh masuk")
    expect(page.locator(".verdict .number")).to_contain_text("001")

    go_to(page, "button[name=counter][value='1']")
    press_and_wait(page, "Enter")
    if javascript:
        press_and_wait(page, "F4")
    else:
        go_to(page, "[data-key=F4]")
        press_and_wait(page, "Enter")
    expect(page.locator(".now")).to_have_text("001")
    if javascript:
        press_and_wait(page, "F2")
    else:
        go_to(page, "[data-key=F2]")
        press_and_wait(page, "Enter")
    expect(page.get_by_text("Loket kosong.")).to_be_visible()
    assert Booking.objects.get().status == Status.RECORDED
    context.close()


def press_and_wait(page: Page, key: str) -> None:
    with page.expect_navigation():
        page.keyboard.press(key)


def go_to(page: Page, selector: str) -> None:
    """Press Tab until something has the focus, as somebody without a mouse does."""
    wanted = page.locator(selector)
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.locator(f"{selector}:focus").count():
            break
    expect(wanted).to_be_focused()


def test_a_scanner_may_send_the_address_of_the_ticket(
    browser: Browser, live_server: Any, booking: Booking
) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    sign_in(page, live_server.url, "petugas")
    scan(page, f"https://ktp.jemberkab.go.id/m/{booking.code}/{'A' * 32}/")
    expect(page.get_by_role("heading", name="Tumin")).to_be_visible()
    assert "?" not in page.url
    assert booking.code not in page.url


def test_the_lists_follow_what_another_counter_does(
    browser: Browser, live_server: Any, place: Any, booking: Booking
) -> None:
    context = browser.new_context(java_script_enabled=True)
    page = context.new_page()
    page.clock.install()
    sign_in(page, live_server.url, "petugas")
    expect(page.locator("#menunggu")).to_contain_text("Menunggu: 0")
    page.keyboard.type("HW3P")
    morning.came(booking)
    page.clock.run_for(16_000)
    expect(page.locator("#menunggu")).to_contain_text("Menunggu: 1")
    expect(page.locator("#ukuran")).to_contain_text("1 / 15")
    expect(page.locator("#typed")).to_have_value("HW3P")
    expect(page.locator("#typed")).to_be_focused()
    context.close()


def test_a_supervisor_cuts_a_morning_without_scripts(
    browser: Browser, live_server: Any, place: Any
) -> None:
    """Tick by a rule, look at whom it hits, confirm; the week says how many are over."""
    first = 7 - factories.at_local(0).weekday()
    slots = [
        factories.slot(place, factories.at_local(first, 8 + hour), capacity=5) for hour in (0, 1)
    ]
    factories.fill(slots[0], 4)
    monday = factories.at_local(first).date()

    page = browser.new_context(java_script_enabled=False).new_page()
    sign_in(page, live_server.url, "pengawas")
    assert page.url.endswith("/pengawas/kecamatan-ambulu/minggu/")
    page.goto(f"{live_server.url}/pengawas/{place.slug}/minggu/?mulai={monday}")
    page.select_option("[name=hari]", "1")
    page.fill("[name=hingga]", str(monday + timedelta(days=4)))
    page.get_by_role("button", name="Pilih sesi").click()
    expect(page.locator(".week input:checked")).to_have_count(2)
    page.fill("[name=capacity]", "2")
    page.fill("[name=reason]", "Protokol Siaga")
    page.get_by_role("button", name="Lihat dampaknya").click()
    expect(page.locator("h1")).to_have_text("Kuota 2 sesi turun dari 5 menjadi 2: 2 orang terkena")
    assert set(
        Slot.objects.filter(pk__in=[s.pk for s in slots]).values_list("capacity", flat=True)
    ) == {5}
    page.get_by_role("button", name="Simpan, semua tetap datang").click()
    expect(page.locator(".note.is-ok")).to_contain_text("2 orang di atas kuota tetap datang")
    expect(page.locator(".slot.is-stop")).to_contain_text(re.compile("4/2.*lebih 2"))
    assert Visit.objects.count() == 0
