"""Clocks that jump: jobs hold until the time can be believed again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from locations import clock
from notifications.models import Message
from notifications.tasks import deliver_due
from services.lifecycle import Status
from services.models import Booking
from services.tasks import erase_past_people, settle_days
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def forget(monkeypatch):
    """Each test begins as a process that has just started."""
    monkeypatch.setattr(clock, "_agreed", None)


@pytest.fixture
def both_jumped(monkeypatch):
    """Machine and database say two days later than a moment ago; only the steady clock knows."""
    earlier = clock.database_now() - timedelta(days=2)
    monkeypatch.setattr(clock, "_agreed", (earlier, clock._steady_seconds()))


def test_clocks_that_go_together_agree_again_and_again():
    assert [clock.clocks_agree() for _ in range(3)] == [True, True, True]


def test_a_machine_with_another_time_than_the_database_is_not_believed(monkeypatch):
    for away in (timedelta(days=2), timedelta(seconds=-31)):
        at = timezone.now() + away
        monkeypatch.setattr("locations.clock.timezone.now", lambda at=at: at)
        assert not clock.clocks_agree()
        monkeypatch.undo()
    assert clock.clocks_agree()


def test_a_jump_of_both_is_found_and_holds_until_the_time_is_back(both_jumped, monkeypatch):
    assert not clock.clocks_agree()
    assert not clock.clocks_agree()
    monkeypatch.setattr(clock, "_agreed", (clock.database_now(), clock._steady_seconds()))
    assert clock.clocks_agree()


@pytest.mark.django_db(transaction=True)
def test_after_a_jump_nobody_is_marked_sent_to_expired_or_erased(both_jumped):
    place = factories.location()
    booking = factories.booking(factories.slot(place), factories.service(at=place))
    before = list(Message.objects.order_by("id").values_list("state", "attempts"))
    assert before

    deliver_due()
    settle_days()
    erase_past_people()

    assert list(Message.objects.order_by("id").values_list("state", "attempts")) == before
    assert Booking.objects.get(pk=booking.pk).status == Status.BOOKED


@pytest.mark.django_db(transaction=True)
def test_control_without_a_jump_the_same_tasks_do_their_work():
    place = factories.location()
    factories.booking(factories.slot(place), factories.service(at=place))
    deliver_due()
    assert Message.objects.exclude(state="planned").exists()


@pytest.mark.django_db(transaction=True)
def test_readiness_is_red_while_the_time_cannot_be_believed(client, both_jumped, monkeypatch):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.content) == (503, b"clock\n")
    monkeypatch.setattr(clock, "_agreed", None)
    assert client.get("/readyz").status_code == 200
