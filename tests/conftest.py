"""The test set-up: real PostgreSQL and Redis of its own, and the running processes' own role.

Two roles, as in production. The alias `owner` makes the test database; `default` is the role
`ektp_app` on that same database, so a test meets every right and every guard that the running
site meets. Each pytest process uses the servers of `var/test/`, apart from those of `make run`.
"""

import io
import logging
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
import pytest_django

ROOT = Path(__file__).resolve().parent.parent

os.environ["DJANGO_SETTINGS_MODULE"] = "ektp_booking.settings"
os.environ.setdefault("VAR_DIR", str(ROOT / "var" / "test"))
os.environ.setdefault("RATE_LIMITS", "off")
# Fifty racing threads want fifty connections; the pool has tests of its own.
os.environ.setdefault("DATABASE_POOL_SIZE", "0")
os.environ["PRODUCTION"] = "off"
os.environ["DEMO"] = os.environ.get("DEMO", "off")

# Data that migrations make: a clean-up between tests leaves it.
KEPT_TABLES = {"django_migrations", "django_content_type", "auth_permission"}

# Longer than a test takes that goes by the real clock's day; a browser takes its time.
BEFORE_MIDNIGHT = timedelta(seconds=20)
BEFORE_MIDNIGHT_IN_A_BROWSER = timedelta(seconds=90)


def pytest_configure(config: pytest.Config) -> None:
    import django

    django.setup()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """No test begins in the last seconds of a day in Jember: `today` is one day to its end.

    Waits before the fixtures, so that a transaction's clock is of the new day as well.
    """
    browser = item.get_closest_marker("browser") is not None
    ahead = BEFORE_MIDNIGHT_IN_A_BROWSER if browser else BEFORE_MIDNIGHT
    now = datetime.now(ZoneInfo("Asia/Jakarta"))
    midnight = datetime.combine(now + timedelta(days=1), datetime.min.time(), now.tzinfo)
    if midnight - now < ahead:
        time.sleep((midnight - now).total_seconds() + 0.1)


@pytest.fixture(autouse=True)
def _in_indonesian() -> Iterator[None]:
    """A page or call answered in English leaves that language behind in the thread."""
    from django.utils import translation

    with translation.override("id"):
        yield


@pytest.fixture(scope="session")
def servers() -> Iterator[None]:
    """PostgreSQL and Redis of these tests (nothing where the environment names others)."""
    from ektp_booking import embedded

    with ExitStack() as stack:
        if embedded.needed():
            stack.enter_context(embedded.servers())
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    servers: None, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """Have the servers running before the test database is made."""


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_blocker: pytest_django.DjangoDbBlocker,
    django_db_keepdb: bool,
    django_db_createdb: bool,
    django_db_modify_db_settings: None,
) -> Iterator[None]:
    """The test database, made by `owner` whatever a test asks for; `default` looks at the same.

    Once it is there, `default` is no mirror any more, so that tests roll it back.
    """
    from django.db import connections
    from django.test.utils import setup_databases, teardown_databases

    with django_db_blocker.unblock():
        made = setup_databases(
            verbosity=0,
            interactive=False,
            aliases={"default", "owner"},
            keepdb=django_db_keepdb and not django_db_createdb,
        )
    connections["default"].settings_dict["TEST"]["MIRROR"] = None
    yield
    if not django_db_keepdb:
        with django_db_blocker.unblock():
            connections.close_all()
            teardown_databases(made, verbosity=0)


@pytest.fixture(autouse=True, scope="session")
def _owner_cleans_up() -> Iterator[None]:
    """Transactional tests: the owner empties the tables, around the guards against TRUNCATE.

    The role of the running processes may not truncate anything, and must not be able to. The
    patch lives as long as the session: the clean-up runs after a test's own fixtures are gone.
    """
    from django.test import TransactionTestCase

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda self: empty_tables())
        yield


def empty_tables() -> None:
    """Empty every table but those of KEPT_TABLES, as their owner and with triggers asleep."""
    with owner_cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = sorted({name for (name,) in cursor.fetchall()} - KEPT_TABLES)
        names = ", ".join(f'"{name}"' for name in tables)
        cursor.execute(f"TRUNCATE {names} RESTART IDENTITY CASCADE")


@contextmanager
def owner_cursor() -> Iterator[psycopg.Cursor]:
    """A cursor of the tables' owner, on a connection of its own that commits at the end.

    Tests use it to take a protection out and to clean up; nothing else of the suite is the owner.
    """
    from django.db import connections

    owner = connections["owner"]
    parameters = owner.get_connection_params()
    with psycopg.connect(**parameters) as connection, connection.cursor() as cursor:
        yield cursor


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What reaches the log, through the product's own fences."""
    from ektp_booking import logs

    logs.configure(level="INFO", json=True)
    handler = logging.getLogger().handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    stream = io.StringIO()
    old = handler.setStream(stream)
    yield stream
    handler.setStream(old)
