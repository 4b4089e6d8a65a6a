"""What somebody does on the residents' pages, step by step, for tests of several kinds."""

from collections.abc import Iterator

from playwright.sync_api import Page

from tests import factories
from tests.browser.jember import AMBULU

#: Of somebody no other part of a test books for.
NIK = factories.nik(25_001)


def fill_identity(page: Page, *, nik: str = "", name: str = "Nurhayati") -> None:
    """Fill in the first step: somebody born on 1 January 2005 who lives in Ambulu."""
    page.fill("#id_nik", nik or NIK)
    page.fill("#id_full_name", name)
    page.fill("#id_birth_day", "1")
    page.select_option("#id_birth_month", "1")
    page.fill("#id_birth_year", "2005")
    page.select_option("#id_residence_district", AMBULU)
    page.fill("#id_phone", "0812 3456 7890")
    page.fill("#id_email", "siti@example.test")
    page.check("#id_companions_1")
    page.check("#id_notice_read")


def submit(page: Page) -> None:
    page.locator("main form button").last.click()


def open_time_page(page: Page) -> None:
    """From the list of places to the first one's days and times."""
    page.locator(".place a").first.click()


def every_page(page: Page, base: str, *, nik: str) -> Iterator[str]:
    """Stand on every page and in every state of it in turn; the name of each is yielded.

    `base`: address of the server with the language, `nik`: of a person without a booking.
    """
    for name, address in (
        ("home", "/"),
        ("services", "/layanan/"),
        ("service", "/layanan/first-recording/"),
        ("privacy", "/privasi/"),
        ("accessibility", "/aksesibilitas/"),
        ("complaints", "/pengaduan/"),
        ("genuine", "/pesan-asli/"),
        ("find", "/jadwal/"),
        ("missing", "/tidak-ada/"),
        ("identity", "/pesan/first-recording/data-diri/"),
    ):
        page.goto(base + address)
        yield name
    fill_identity(page, nik="350921410109900")
    submit(page)
    yield "identity-error"
    fill_identity(page, nik="3509210202039001")
    submit(page)
    yield "identity-doubt"
    fill_identity(page, nik=nik)
    submit(page)
    yield "place"
    open_time_page(page)
    page.locator(".day.many").nth(3).click()
    yield "time"
    button = page.locator(".times button").nth(1)
    _take_away(int(button.get_attribute("value") or 0))
    button.click()
    yield "time-lost"
    page.locator(".note button").first.click()
    yield "ticket"
    ticket = page.url.partition("?")[0]
    for name, address in (("print", "cetak/"), ("move-place", "pindah/"), ("cancel", "batal/")):
        page.goto(ticket + address)
        yield name
    page.goto(base + "/pesan-asli/")
    page.fill("#id_code", ticket.rstrip("/").rpartition("/")[2])
    page.fill("#id_last_digits", "0000")
    submit(page)
    yield "genuine-error"
    page.fill("#id_last_digits", "7890")
    submit(page)
    yield "genuine-sent"
    page.goto(base + _stop_address(ticket))
    yield "unsubscribe"
    submit(page)
    yield "unsubscribed"
    page.goto(ticket)
    page.locator("#pesan button").first.click()
    yield "channels"
    page.goto(ticket)
    page.locator("aside .btn.quiet").click()
    yield "move"
    page.goto(f"{ticket}batal/")
    submit(page)
    yield "cancelled"


def _stop_address(ticket: str) -> str:
    """What the e-mails of this ticket's booking link to."""
    from services.codes import read_code
    from services.models import Booking
    from services.tokens import unsubscribe_token

    code = read_code(ticket.rstrip("/").rpartition("/")[2])
    booking = Booking.objects.get(code=code)
    return f"/berhenti/{code}/{unsubscribe_token(booking.pk, booking.token_version)}/"


def _take_away(slot_id: int) -> None:
    from locations.models import Slot

    slot = Slot.objects.get(pk=slot_id)
    factories.fill(slot, slot.capacity - slot.reserve)
