"""What every page of residents keeps: axe finds nothing, nothing scrolls sideways."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests import factories
from tests.browser.jember import Jember
from tests.browser.walk import every_page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FIRST_VISIT = 60 * 1024
WHITE = ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)")


@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    [
        (360, "light", ""),
        pytest.param(1280, "light", "", marks=pytest.mark.slow),
        pytest.param(360, "dark", "", marks=pytest.mark.slow),
        pytest.param(1280, "dark", "", marks=pytest.mark.slow),
        pytest.param(360, "light", "/en", marks=pytest.mark.slow),
        pytest.param(1280, "light", "/en", marks=pytest.mark.slow),
    ],
)
def test_axe_finds_nothing_on_any_page_and_targets_are_large(
    browser: Browser, jember: Jember, width: int, scheme: str, language: str
) -> None:
    found = [
        f"{name}: {problem}"
        for page, name in visits(browser, jember, language, 1, width=width, scheme=scheme)
        for problem in axe(page) + small_targets(page)
    ]
    assert found == []


def test_axe_would_find_something(browser: Browser) -> None:
    """The test above looks: a page with faults is not passed over."""
    page = browser.new_page()
    page.set_content("<title>x</title><img src=x><input><p style='color:#aaa'>pale</p>")
    assert {problem.split()[0] for problem in axe(page)} >= {"image-alt", "label", "color-contrast"}
    page.close()


@pytest.mark.parametrize("language", ["", "/en"])
def test_no_page_scrolls_sideways_on_a_small_phone(
    browser: Browser, jember: Jember, language: str
) -> None:
    """320 px, which is 640 px at 200 % zoom too."""
    walk = visits(browser, jember, language, 2, width=320)
    assert [name for page, name in walk if sideways(page)] == []


@pytest.mark.parametrize(
    "address", ["/", "/pesan/first-recording/data-diri/", "/layanan/", "/pesan-asli/"]
)
def test_a_first_visit_weighs_little_and_asks_nobody_else(
    browser: Browser, jember: Jember, address: str
) -> None:
    """Everything over the wire, with headers, uncompressed as the test server sends it."""
    context = browser.new_context()
    page = context.new_page()
    hosts, weight = set(), 0
    session = context.new_cdp_session(page)
    session.send("Network.enable")

    def weigh(event: dict[str, Any]) -> None:
        nonlocal weight
        weight += event["encodedDataLength"]

    session.on("Network.loadingFinished", weigh)
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.goto(jember.url + address, wait_until="networkidle")
    context.close()
    assert hosts == {jember.url.split("/")[2]}
    assert 0 < weight <= FIRST_VISIT
    print(f"{address}: {weight} bytes")


def visits(
    browser: Browser,
    jember: Jember,
    language: str,
    number: int,
    *,
    width: int,
    scheme: Any = "light",
) -> Iterator[tuple[Page, str]]:
    """Every page in turn, in a browser of its own; `number` makes the NIK of a new person."""
    context = browser.new_context(
        viewport={"width": width, "height": 740}, color_scheme=scheme, bypass_csp=True
    )
    page = context.new_page()
    for name in every_page(page, jember.url + language, nik=factories.nik(26_000 + number)):
        yield page, name
    context.close()


def axe(page: Page) -> list[str]:
    for details in page.locator("details").all():
        details.evaluate("element => { element.open = true }")
    results = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}})
    return [
        f"{violation['id']} {violation['nodes'][0]['target']}"
        for violation in results.response["violations"]
    ]


def small_targets(page: Page) -> list[str]:
    """Buttons, fields and day cells less than 44 px high (look/README.md, --tap)."""
    small = []
    for target in page.locator(".btn, .input, .times button, .check, a.day").all():
        box = target.bounding_box()
        if box and box["height"] < 43.5:
            small.append(f"{target.text_content()} {box['height']} px high")
    return small


def sideways(page: Page) -> bool:
    # By locator: right after a click there may be no document for a moment.
    page.wait_for_load_state()
    return bool(page.locator("html").evaluate("root => root.scrollWidth > root.clientWidth"))


def test_no_page_breaks_the_content_security_policy(browser: Browser, jember: Jember) -> None:
    """With scripts on: what the policy refuses, the browser reports in its console."""
    context = browser.new_context(java_script_enabled=True)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    for _name in every_page(page, jember.url, nik=factories.nik(27_001)):
        pass
    context.close()
    # a page that answers 404 or 409 is reported too, and is meant to
    assert [text for text in said if "status of 4" not in text] == []


def test_a_ticket_prints_on_one_page_also_from_a_dark_screen(
    browser: Browser, jember: Jember
) -> None:
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    walk = every_page(page, jember.url, nik=factories.nik(27_002))
    assert "ticket" in walk
    ticket = page.url.partition("?")[0]
    for address in (ticket, f"{ticket}cetak/"):
        page.goto(address)
        sheets = re.findall(rb"/Type\s*/Page[^s]", page.pdf(format="A4"))
        assert len(sheets) == 1, address
        page.emulate_media(media="print")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") in WHITE
    context.close()
