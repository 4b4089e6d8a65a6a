"""A real Chromium on a real server. Data are committed, so the server's thread sees them."""

import os
import typing
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

if typing.TYPE_CHECKING:
    from tests.browser.jember import Jember

# Playwright's own loop runs in this thread; Django would refuse the ORM beside it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if not Path(CHROMIUM).exists():
                item.add_marker(pytest.mark.skip(reason=f"no Chromium at {CHROMIUM}"))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_type_launch_args,
        "executable_path": CHROMIUM,
        "args": ["--no-sandbox", "--disable-dev-shm-usage"],
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """A cheap phone without JavaScript, unless a test asks for something else."""
    return {
        **browser_context_args,
        "viewport": {"width": 360, "height": 740},
        "java_script_enabled": False,
        "locale": "id-ID",
        "timezone_id": "Asia/Jakarta",
    }


@pytest.fixture
def jember(transactional_db: None, live_server: Any, settings: Settings) -> "Jember":
    """The region with its places and three weeks of slots, and where the server is."""
    from tests.browser.jember import build
    from tests.notifications.conftest import connect

    # Nothing is sent: pages name the channels that are connected.
    connect(
        settings,
        GATEWAY_WHATSAPP="whatsapp://token@127.0.0.1:9/v21.0/1?tls=off",
        GATEWAY_SMS="http://127.0.0.1:9/",
    )
    settings.EMAIL_BY_SMTP = True
    settings.OFFICIAL_SENDERS = {"sms": "DUKCAPIL", "email": "antrean@jemberkab.go.id"}

    return build(live_server.url)
