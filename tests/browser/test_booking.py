"""The whole way of a resident, on a phone of 360 px without JavaScript, in both languages."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from locations.models import Slot
from services.lifecycle import Status
from services.models import Booking
from tests import factories
from tests.browser.jember import AMBULU, Jember
from tests.browser.walk import NIK, fill_identity, open_time_page, submit

WORDS = {
    "": {
        "start": "Ambil jadwal",
        "places": "Di mana Anda ingin dilayani?",
        "booked": "Jadwal Anda sudah tercatat",
        "move": "Pindah jadwal",
        "moved": "Jadwal Anda sudah dipindahkan",
        "cancel": "Batalkan",
        "sure": "Ya, batalkan",
        "cancelled": "Jadwal ini sudah dibatalkan",
        "show": "Lihat jadwal saya",
        "taken": "baru saja terisi",
    },
    "/en": {
        "start": "Book a time",
        "places": "Where would you like to be served?",
        "booked": "Your appointment is booked",
        "move": "Move appointment",
        "moved": "Your appointment has been moved",
        "cancel": "Cancel",
        "sure": "Yes, cancel",
        "cancelled": "This appointment was cancelled",
        "show": "Show my appointment",
        "taken": "was just taken",
    },
}


@pytest.mark.parametrize("language", ["", "/en"])
def test_somebody_books_moves_and_cancels_without_javascript(
    page: Page, browser: Browser, jember: Jember, language: str
) -> None:
    say = WORDS[language]
    page.goto(jember.url + language + "/")
    page.get_by_role("link", name=say["start"]).click()
    fill_identity(page)
    submit(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(say["places"])
    open_time_page(page)
    page.locator(".day.many").nth(1).click()

    # the place goes to somebody else between looking and tapping
    lost = page.locator(".times button").first
    full = Slot.objects.get(pk=int(lost.get_attribute("value") or 0))
    factories.fill(full, full.capacity - full.reserve)
    lost.click()
    expect(page.locator(".note.is-wait")).to_contain_text(say["taken"])
    expect(page.locator(".note.is-wait")).to_be_focused()
    expect(page.locator("main")).to_contain_text("Nurhayati")
    page.locator(".note.is-wait button").first.click()

    expect(page.locator(".note.is-ok")).to_contain_text(say["booked"])
    booking = Booking.objects.get(residence_district=AMBULU)
    assert booking.language == (language.strip("/") or "id")
    expect(page.locator(".code")).to_have_text(booking.shown_code)

    page.locator("aside").get_by_role("link", name=say["move"]).click()
    page.locator(".times button").last.click()
    expect(page.locator(".note.is-ok")).to_contain_text(say["moved"])

    # on another phone, with code and NIK
    other = browser.new_context(java_script_enabled=False).new_page()
    other.goto(jember.url + language + "/")
    other.fill("#id_code", booking.shown_code.lower())
    other.fill("#id_nik", NIK)
    other.get_by_role("button", name=say["show"]).click()
    expect(other.locator(".code")).to_have_text(booking.shown_code)
    other.locator("aside").get_by_role("link", name=say["cancel"], exact=True).click()
    other.get_by_role("button", name=say["sure"]).click()
    expect(other.locator(".note.is-stop")).to_contain_text(say["cancelled"])
    booking.refresh_from_db()
    assert booking.status == Status.CANCELLED
    other.context.close()


def test_after_an_error_the_focus_is_on_the_summary_and_leads_to_the_field(
    page: Page, jember: Jember
) -> None:
    page.goto(f"{jember.url}/pesan/first-recording/data-diri/")
    fill_identity(page, nik="35092")
    page.fill("#id_birth_year", "")
    submit(page)
    expect(page).to_have_title(re.compile("^Ada 2 yang perlu diperbaiki"))
    summary = page.locator("#salah")
    expect(summary).to_be_focused()
    expect(page.locator("#id_full_name")).to_have_value("Nurhayati")
    expect(page.locator("#id_notice_read")).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#id_nik")).to_be_focused()
    assert page.locator("#id_nik").get_attribute("aria-invalid") == "true"
    described = page.locator("#id_nik").get_attribute("aria-describedby") or ""
    assert "id_nik_error" in described.split()


def test_the_keyboard_alone_books(page: Page, jember: Jember) -> None:
    page.goto(f"{jember.url}/pesan/first-recording/data-diri/")
    fill_identity(page)
    page.locator("#id_notice_read").focus()
    page.keyboard.press("Tab")  # the notice's link
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator(".place a").first.focus()
    page.keyboard.press("Enter")
    page.locator(".times button").first.focus()
    outline = page.locator(".times button").first.evaluate(
        "element => getComputedStyle(element).outlineStyle"
    )
    assert outline == "solid"
    page.keyboard.press("Enter")
    expect(page.locator(".code")).to_be_visible()


def test_opera_mini_and_old_webviews_can_book_without_any_style(
    browser: Browser, jember: Jember
) -> None:
    """Nothing but HTML: what no sheet has dressed still works."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 240, "height": 320})
    context.route("**/*.css", lambda route: route.abort())
    page = context.new_page()
    page.goto(f"{jember.url}/pesan/first-recording/data-diri/")
    fill_identity(page)
    submit(page)
    open_time_page(page)
    page.locator(".times button").first.click()
    expect(page.locator(".code")).to_be_visible()
    context.close()
