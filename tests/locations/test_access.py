"""Who may do what where (invariant 7)."""

from datetime import date

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext

from locations.access import assignment_roles, may, supervises_all, visible_locations
from tests.factories import assign, at_local, location, staff

pytestmark = pytest.mark.django_db


def day(days: int = 0) -> date:
    return at_local(days).date()


def test_counter_staff_see_only_their_own_location() -> None:
    here, _elsewhere = location(), location()
    user = staff("petugas", "counter", here)
    assert list(visible_locations(user)) == [here]


def test_counter_staff_work_at_the_counter_and_do_not_supervise() -> None:
    here, elsewhere = location(), location()
    user = staff("petugas", "counter", here)
    assert may(user, "counter", here)
    assert may(user, "read", here)
    assert not may(user, "supervise", here)
    assert not may(user, "read", elsewhere)


def test_a_supervisor_stands_in_at_his_own_counters() -> None:
    here, elsewhere = location(), location()
    user = staff("pengawas", "supervisor", here)
    assert may(user, "supervise", here)
    assert may(user, "counter", here)
    assert not may(user, "supervise", elsewhere)
    assert list(visible_locations(user, "counter")) == [here]
    assert list(visible_locations(user, "supervisor")) == [here]


def test_the_head_reads_everywhere_and_changes_nothing() -> None:
    here, elsewhere = location(), location()
    head = staff("kepala", "head")
    assert set(visible_locations(head)) == {here, elsewhere}
    assert may(head, "read", here)
    assert not may(head, "counter", here)
    assert not may(head, "supervise", here)
    assert not visible_locations(head, "supervisor").exists()
    assert not visible_locations(head, "counter").exists()


def test_an_assignment_counts_from_its_first_to_its_last_day() -> None:
    here = location()
    user = staff("petugas")
    assign(user, here, "counter", valid_from=day(), valid_until=day(2))
    assert may(user, "counter", here)
    assert may(user, "counter", here, on=day(2))
    assert not may(user, "counter", here, on=day(3))
    assert not may(user, "counter", here, on=day(-1))


def test_an_ended_assignment_hides_the_location() -> None:
    here = location()
    user = staff("petugas")
    assign(user, here, "supervisor", valid_from=day(-9), valid_until=day(-1))
    assert not visible_locations(user).exists()


def test_a_superuser_without_an_assignment_sees_no_location() -> None:
    here = location()
    admin = staff("admin")
    admin.is_superuser = admin.is_staff = True
    admin.save()
    assert not visible_locations(admin).exists()
    assert not may(admin, "read", here)


def test_a_closed_account_and_a_stranger_see_nothing() -> None:
    here = location()
    closed = staff("pengawas", "supervisor", here)
    closed.is_active = False
    closed.save()
    for nobody in (closed, AnonymousUser()):
        assert not visible_locations(nobody).exists()
        assert not may(nobody, "read", here)


def test_several_roles_at_one_place_add_up_and_the_place_is_listed_once() -> None:
    here = location()
    user = staff("petugas", "counter", here)
    assign(user, here, "supervisor")
    assert assignment_roles(user, here) == {"counter", "supervisor"}
    assert list(visible_locations(user)) == [here]


def test_who_supervises_every_active_location_supervises_all() -> None:
    here, elsewhere = location(), location()
    location(active=False)
    user = staff("pengawas", "supervisor", here)
    assert not supervises_all(user)
    assign(user, elsewhere, "supervisor")
    assert supervises_all(user)


def test_nobody_supervises_all_where_there_is_nothing_to_supervise() -> None:
    location(active=False)
    assert not supervises_all(staff("siapa pun"))


def test_each_question_is_one_statement() -> None:
    here = location()
    user = staff("pengawas", "supervisor", here)
    questions = [
        lambda: list(visible_locations(user, "supervisor")),
        lambda: may(user, "supervise", here),
        lambda: supervises_all(user),
    ]
    for ask in questions:
        with CaptureQueriesContext(connection) as statements:
            ask()
        assert len(statements) == 1
