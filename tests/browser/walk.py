"""What somebody does on the residents' pages, step by step, for tests of several kinds."""

from playwright.sync_api import Page

from tests import factories


def fill_identity(
    page: Page,
    *,
    nik: str = "",
    name: str = "Nurhayati",
    birth: tuple[str, str, str] = ("1", "1", "2005"),
    district: str = "35.09.12",
) -> None:
    """Fill in the first step; day, month and year as typed, month as its number."""
    page.fill("#id_nik", nik or factories.nik(1))
    page.fill("#id_full_name", name)
    page.fill("#id_birth_day", birth[0])
    page.select_option("#id_birth_month", birth[1])
    page.fill("#id_birth_year", birth[2])
    page.select_option("#id_residence_district", district)
    page.fill("#id_phone", "0812 3456 7890")
    page.check("#id_companions_1")
    page.check("#id_notice_read")


def open_time_page(page: Page) -> None:
    """From the list of places to the first one's days and times."""
    page.locator(".place a").first.click()
