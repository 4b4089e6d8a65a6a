"""What every page of staff keeps: axe finds nothing, nothing scrolls sideways, CSP is kept."""

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.office import Office, build, in_browser
from tests.browser.test_pages import axe, sideways

SHOTS = os.environ.get("SHOTS", "")


@pytest.fixture
def office(transactional_db: None, live_server: Any) -> Office:
    return build(live_server.url)


@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    [
        (1280, "light", ""),
        pytest.param(360, "light", "", marks=pytest.mark.slow),
        pytest.param(1280, "dark", "", marks=pytest.mark.slow),
        pytest.param(360, "dark", "/en", marks=pytest.mark.slow),
        pytest.param(1280, "light", "/en", marks=pytest.mark.slow),
    ],
)
def test_axe_finds_nothing_on_any_page_of_staff(
    browser: Browser, office: Office, width: int, scheme: Any, language: str
) -> None:
    found = [
        f"{name}: {problem}"
        for page, name in in_browser(
            browser,
            office,
            language,
            width=width,
            color_scheme=scheme,
            bypass_csp=True,
            java_script_enabled=True,
        )
        for problem in axe(page)
    ]
    assert found == []


def test_no_page_of_staff_scrolls_sideways_and_none_breaks_the_policy(
    browser: Browser, office: Office
) -> None:
    """On a small phone, with scripts: what the policy refuses is told on the console."""
    wide, complaints = [], []
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, java_script_enabled=True, locale="id-ID"
    )
    page = context.new_page()
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    from tests.browser.office import every_page

    for name in every_page(page, office):
        if sideways(page):
            wide.append(name)
    context.close()
    assert wide == []
    # Chromium reports answers of 4xx here as well; these are meant.
    assert [text for text in complaints if "the server responded with" not in text] == []


@pytest.mark.skipif(not SHOTS, reason="SHOTS names no folder for pictures")
@pytest.mark.parametrize("language", ["", "/en"])
@pytest.mark.parametrize("size", ["360:light", "1280:light", "1280:dark"])
def test_pictures_of_staff_pages(
    browser: Browser, office: Office, size: str, language: str
) -> None:
    """`SHOTS=var/shots pytest tests/browser/test_staff_pages.py -k pictures`."""
    folder = Path(SHOTS)
    folder.mkdir(parents=True, exist_ok=True)
    width, _, scheme = size.partition(":")
    options: dict[str, Any] = {"color_scheme": scheme, "java_script_enabled": True}
    for page, name in in_browser(browser, office, language, width=int(width), **options):
        mark = f"{name}-{language.strip('/') or 'id'}-{width}-{scheme}"
        page.screenshot(path=str(folder / f"{mark}.png"), full_page=True)
