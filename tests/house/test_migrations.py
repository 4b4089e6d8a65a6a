"""Migrations can run while people book."""

import io
import threading
import time

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import OperationalError, connections, transaction
from django_migration_linter import MigrationLinter

from ektp_booking.management.commands import migrate

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def test_models_and_migrations_agree() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_no_migration_breaks_the_code_that_is_still_running() -> None:
    """No dropped or renamed column, no NOT NULL without default, no changed type."""
    linter = MigrationLinter(
        str(settings.BASE_DIR),
        database="owner",
        no_cache=True,
        no_output=True,
        include_apps=["locations", "notifications", "services"],
    )
    linter.lint_all_migrations()
    assert linter.nb_total
    assert not linter.has_errors


@pytest.fixture
def needs_a_lock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A migration that must have a table alone; notes how long each attempt waited."""
    waits: list[float] = []

    def handle(self: DjangoMigrate, *args: object, **options: object) -> None:
        started = time.monotonic()
        try:
            with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
                cursor.execute("LOCK TABLE locations_staff IN ACCESS EXCLUSIVE MODE")
        finally:
            waits.append(time.monotonic() - started)

    monkeypatch.setattr(DjangoMigrate, "handle", handle)
    return waits


def reader() -> "psycopg.Connection[tuple[object, ...]]":
    """Somebody whose transaction is reading the table."""
    connection = psycopg.connect(**connections["owner"].get_connection_params())
    connection.execute("SELECT FROM locations_staff")
    return connection


def test_a_migration_waits_for_a_reader_in_short_turns(needs_a_lock: list[float]) -> None:
    holding = reader()
    threading.Timer(1.0, holding.close).start()
    said = io.StringIO()
    call_command("migrate", stderr=said, verbosity=0)
    assert "A table is in use; trying again" in said.getvalue()
    assert len(needs_a_lock) > 1
    assert max(needs_a_lock) < 0.5  # how long a booking may have queued behind it


def test_a_migration_gives_up_when_the_table_never_comes_free(
    needs_a_lock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "ATTEMPTS", 2)
    with reader(), pytest.raises(OperationalError):
        call_command("migrate", stderr=io.StringIO(), verbosity=0)
    assert len(needs_a_lock) == 2
