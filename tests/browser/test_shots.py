"""Pictures of every page, for looking at: `SHOTS=var/shots pytest tests/browser/test_shots.py`."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.jember import Jember
from tests.browser.test_pages import visits

SHOTS = os.environ.get("SHOTS", "")
SIZES = os.environ.get("SIZES", "360:light 1280:light 360:dark 1280:dark").split()


@pytest.mark.skipif(not SHOTS, reason="only when pictures are asked for")
@pytest.mark.parametrize("language", ["", "/en"])
def test_pictures(browser: Browser, jember: Jember, language: str) -> None:
    folder = Path(SHOTS)
    folder.mkdir(parents=True, exist_ok=True)
    for number, size in enumerate(SIZES):
        width, _, scheme = size.partition(":")
        mark = f"{language.strip('/') or 'id'}-{width}-{scheme}"
        for page, name in visits(
            browser, jember, language, number, width=int(width), scheme=scheme
        ):
            page.screenshot(path=str(folder / f"{name}-{mark}.png"), full_page=True)
