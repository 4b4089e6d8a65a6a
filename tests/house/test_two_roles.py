"""Tests run with the rights of the running site, and clean up without them."""

import pytest
from django.db import DatabaseError, connections, transaction
from django.test import TestCase

from locations.models import Staff


@pytest.mark.django_db
def test_a_test_runs_as_the_application_role_inside_a_transaction() -> None:
    connection = connections["default"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("ektp_app",)
    assert connection.in_atomic_block


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "DROP TABLE locations_staff",
        "TRUNCATE locations_staff CASCADE",
        "ALTER TABLE locations_staff DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
    ],
)
def test_the_application_role_cannot(statement: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connections["default"].cursor() as c:
        c.execute(statement)


@pytest.mark.parametrize("round_", [1, 2])
@pytest.mark.django_db
def test_what_a_test_writes_is_rolled_back(round_: int) -> None:
    assert not Staff.objects.exists()
    Staff.objects.create_user("petugas-satu")


@pytest.mark.parametrize("round_", [1, 2])
@pytest.mark.django_db(transaction=True)
def test_what_a_transactional_test_writes_is_emptied_by_the_owner(round_: int) -> None:
    assert not connections["default"].in_atomic_block
    assert not Staff.objects.exists()
    Staff.objects.create_user("petugas-satu")


class TestCaseOfDjango(TestCase):
    def test_is_wrapped_too(self) -> None:
        self.assertTrue(connections["default"].in_atomic_block)
