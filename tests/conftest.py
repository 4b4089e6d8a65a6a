"""The test set-up: real PostgreSQL and Redis of its own, and the running processes' own role.

Two roles, as in production. The alias `owner` makes the test database; `default` is the role
`ektp_app` on that same database, so a test meets every right and every guard that the running
site meets. Each pytest process uses the servers of `var/test/`, apart from those of `make run`.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

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


def pytest_configure(config: pytest.Config) -> None:
    import django

    django.setup()


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
def django_db_setup(django_db_setup: None) -> None:
    """Once the database is there, `default` is no mirror any more: tests roll it back."""
    from django.db import connections

    connections["default"].settings_dict["TEST"]["MIRROR"] = None


@pytest.fixture(autouse=True)
def _owner_cleans_up(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Transactional tests: the owner empties the tables, around the guards against TRUNCATE.

    The role of the running processes may not truncate anything, and must not be able to.
    """
    from django.test import TransactionTestCase

    monkeypatch.setattr(TransactionTestCase, "_fixture_teardown", lambda self: empty_tables())


def empty_tables() -> None:
    """Empty every table but those of KEPT_TABLES, as their owner and with triggers asleep."""
    from django.db import connections

    connection = connections["owner"]
    tables = sorted(set(connection.introspection.table_names()) - KEPT_TABLES)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        try:
            names = ", ".join(connection.ops.quote_name(table) for table in tables)
            cursor.execute(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
        finally:
            cursor.execute("SET session_replication_role = origin")
    connection.close()
