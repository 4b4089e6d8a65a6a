"""Pictures of every page, for looking at: `SHOTS=var/shots pytest tests/browser/test_shots.py`."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests import factories
from tests.browser.jember import Jember
from tests.browser.walk import fill_identity, open_time_page

SHOTS = os.environ.get("SHOTS", "")
SIZES = [
    (int(width), scheme)
    for width, scheme in (
        size.split(":")
        for size in os.environ.get("SIZES", "360:light 1280:light 360:dark 1280:dark").split()
    )
]


@pytest.mark.skipif(not SHOTS, reason="only when pictures are asked for")
@pytest.mark.parametrize("language", ["", "/en"])
def test_pictures(browser: Browser, jember: Jember, language: str) -> None:
    folder = Path(SHOTS)
    folder.mkdir(parents=True, exist_ok=True)
    for width, scheme in SIZES:
        context = browser.new_context(
            viewport={"width": width, "height": 740},
            java_script_enabled=False,
            color_scheme=scheme,  # type: ignore[arg-type]
        )
        page = context.new_page()
        mark = f"{'en' if language else 'id'}-{width}{'-dark' if scheme == 'dark' else ''}"

        def shoot(name: str, page: Page = page, mark: str = mark) -> None:
            page.screenshot(path=str(folder / f"{name}-{mark}.png"), full_page=True)

        walk(page, jember, language, shoot)
        context.close()


def walk(page: Page, jember: Jember, language: str, shoot) -> None:  # type: ignore[no-untyped-def]
    base = jember.url + language
    for name, address in (
        ("home", "/"),
        ("services", "/layanan/"),
        ("service", "/layanan/first-recording/"),
        ("privacy", "/privasi/"),
        ("complaints", "/pengaduan/"),
        ("find", "/jadwal/"),
        ("missing", "/tidak-ada/"),
    ):
        page.goto(base + address)
        shoot(name)
    page.goto(f"{base}/pesan/first-recording/data-diri/")
    shoot("identity")
    fill_identity(page, nik=factories.nik(hash(page) % 90_000), birth=("1", "1", "2005"))
    page.fill("#id_nik", "350921410109900")
    page.click("main form .btn.big")
    shoot("identity-error")
    fill_identity(page, nik=factories.nik(hash(page) % 90_000), birth=("1", "1", "2005"))
    page.click("main form .btn.big")
    shoot("place")
    open_time_page(page)
    page.locator(".day.many").nth(5).click()
    shoot("time")
    slot = page.locator(".times button").nth(1)
    wanted = int(slot.get_attribute("value") or 0)
    from locations.models import Slot

    full = Slot.objects.get(pk=wanted)
    factories.fill(full, full.capacity - full.reserve)
    slot.click()
    shoot("time-lost")
    page.locator(".times button").first.click()
    shoot("ticket")
    page.click("text=/Cetak|Print/ >> nth=0")
    shoot("print")
    page.go_back()
    page.locator("aside .btn.quiet").click()
    shoot("move")
    page.go_back()
    page.locator("aside .btn.stop").click()
    shoot("cancel")
    page.locator("main form .btn.stop").click()
    shoot("cancelled")
