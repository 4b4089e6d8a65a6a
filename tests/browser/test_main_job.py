"""The whole main job in a browser: booked on a phone without JavaScript, reminded, moved by the
link in the reminder, checked in by `petugas`; `pengawas` changes a capacity."""

import re
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from locations.models import Location, Slot
from locations.slots import LOCAL
from services.lifecycle import Status
from services.models import Booking, Visit
from tests import factories
from tests.browser.jember import Jember
from tests.browser.office import sign_in
from tests.browser.walk import fill_identity, submit
from tests.notifications.conftest import sink  # noqa: F401  (a fixture)
from tests.notifications.smtp_sink import Sink

DESK = {"width": 1280, "height": 860}


@pytest.fixture
def office(jember: Jember) -> Location:
    """The head office, with a slot that begins in a few minutes, and its staff."""
    place = Location.objects.get(slug="dispendukcapil")
    Slot.objects.filter(location=place, starts_at__date=timezone.localdate()).delete()
    factories.slot(place, factories.soon(), capacity=3, minutes=20)
    factories.staff("petugas", "counter", place)
    factories.staff("pengawas", "supervisor", place)
    return place


def test_from_booking_to_recorded(
    page: Page,
    browser: Browser,
    jember: Jember,
    office: Location,
    sink: Sink,  # noqa: F811
    settings,
) -> None:
    settings.SITE_URL = jember.url
    settings.GATEWAYS = {}  # e-mail alone
    booking = book_on_a_phone(page, jember, office)
    reminder = be_reminded(booking, sink)
    move_to_today(browser, reminder, office, booking)
    check_in_and_record(browser, jember, office, booking)
    change_a_capacity(browser, jember, office)


def book_on_a_phone(page: Page, jember: Jember, office: Location) -> Booking:
    page.goto(f"{jember.url}/")
    page.get_by_role("link", name="Ambil jadwal").click()
    fill_identity(page)
    page.fill("#id_email", "nurhayati@example.org")
    submit(page)
    page.get_by_role("link", name=re.compile(office.name)).first.click()
    page.locator(".day.many").nth(3).click()
    page.locator(".times button").first.click()
    expect(page.locator(".note.is-ok")).to_contain_text("Jadwal Anda sudah tercatat")
    return Booking.objects.get()


def be_reminded(booking: Booking, mails: Sink) -> str:
    """The clock moves to the evening before; the mail that then arrives."""
    call_command("deliver_messages")
    assert len(mails.mails()) == 1, "the confirmation"
    eve = booking.slot.starts_at.astimezone(LOCAL) - timedelta(days=1)
    call_command("deliver_messages", now=f"{eve:%Y-%m-%d}T16:01")
    text = str(mails.mails()[-1].get_content())
    assert len(mails.mails()) == 2 and "besok" in text
    assert booking.shown_code in text
    assert "KK" in text, "what to bring"
    assert "masker" in text, "the health protocol"
    return text


def move_to_today(browser: Browser, reminder: str, office: Location, booking: Booking) -> None:
    """The link in the reminder opens the ticket on another phone and leaves the token behind."""
    found = re.search(r"http://\S+", reminder)
    assert found
    link = found.group()
    phone = browser.new_context(java_script_enabled=False).new_page()
    phone.goto(link)
    assert link.rstrip("/").rpartition("/")[2] not in phone.url
    today = timezone.localdate()
    address = f"{phone.url}pindah/{office.slug}/?hari={today}"
    phone.goto(address)
    phone.locator(".times button").first.click()
    expect(phone.locator(".note.is-ok")).to_contain_text("sudah dipindahkan")
    phone.context.close()
    booking.refresh_from_db()
    assert booking.slot.starts_at.astimezone(LOCAL).date() == today


def check_in_and_record(
    browser: Browser, jember: Jember, office: Location, booking: Booking
) -> None:
    desk = browser.new_context(viewport=DESK).new_page()
    sign_in(desk, jember.url, "petugas")
    desk.goto(f"{jember.url}/loket/{office.slug}/")
    desk.locator("button[name=counter]").first.click()
    desk.fill("#typed", booking.shown_code)
    desk.keyboard.press("Enter")
    expect(desk.locator(".verdict")).to_be_visible()
    desk.fill("#temperature_c", "36,5")
    desk.check("[name=mask][value=ya]")
    desk.check("[name=symptoms][value=tidak]")
    desk.locator("#skrining .btn").first.click()
    expect(desk.locator(".verdict.is-ok")).to_contain_text("001")
    desk.get_by_role("button", name=re.compile("^Panggil berikutnya")).click()
    desk.get_by_role("button", name=re.compile("^Direkam")).click()
    expect(desk.locator("#hari-ini")).to_contain_text("direkam")
    desk.context.close()
    booking.refresh_from_db()
    assert booking.status == Status.RECORDED
    assert Visit.objects.get().queue_number == 1


def change_a_capacity(browser: Browser, jember: Jember, office: Location) -> None:
    office_desk = browser.new_context(viewport=DESK, java_script_enabled=False).new_page()
    sign_in(office_desk, jember.url, "pengawas")
    monday = timezone.localdate() + timedelta(days=7 - timezone.localdate().weekday())
    office_desk.goto(f"{jember.url}/pengawas/{office.slug}/minggu/?mulai={monday}")
    box = office_desk.locator(".week input[type=checkbox]").first
    slot_id = int(box.get_attribute("value") or 0)
    box.check()
    office_desk.fill("[name=capacity]", "9")
    office_desk.fill("[name=reason]", "satu alat bertambah")
    office_desk.get_by_role("button", name="Lihat dampaknya").click()
    office_desk.locator("aside button").first.click()
    changed = Slot.objects.get(pk=slot_id)
    assert (changed.capacity, changed.edited) == (9, True)
    office_desk.context.close()
