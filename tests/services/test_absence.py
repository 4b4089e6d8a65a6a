"""Marked as absent: not before it is one's turn, and what becomes of who arrives after all."""

from datetime import timedelta
from decimal import Decimal

import pytest

from services import refusals, visit
from services.lifecycle import Status
from services.visit import VerdictCode
from tests import factories

pytestmark = pytest.mark.django_db

STAFF = "staff:1"
FINE = {"temperature_c": Decimal("36.6"), "mask": True, "symptoms": False}


@pytest.fixture
def place():
    return factories.location("kecamatan-ambulu")


@pytest.fixture
def slot(place):
    return factories.slot(place, capacity=1)


@pytest.fixture
def booking(slot):
    return factories.booking(slot, who=factories.person(7))


def absent(booking, now):
    return visit.no_show(location=booking.slot.location, code=booking.code, who=STAFF, now=now)


def arrives(booking, now, **answers):
    return visit.check_in(
        location=booking.slot.location, code=booking.code, who=STAFF, now=now, **(FINE | answers)
    )


def test_nobody_is_absent_before_the_time_they_were_given(booking, slot):
    for early in (timedelta(days=2), timedelta(minutes=1)):
        with pytest.raises(refusals.InvalidTransition):
            absent(booking, slot.starts_at - early)
    slot.refresh_from_db()
    assert slot.booked == 1
    assert absent(booking, slot.starts_at).status == Status.NO_SHOW


def test_who_is_in_and_does_not_answer_the_call_may_be_absent_before_their_time(booking, slot):
    early = slot.starts_at - timedelta(minutes=20)
    arrives(booking, early)
    assert absent(booking, early).status == Status.NO_SHOW


def test_absent_people_who_have_booked_anew_come_with_the_new_ticket(booking, slot):
    absent(booking, slot.starts_at)
    new = factories.booking(factories.slot(slot.location, factories.at_local(9)), None,
                            factories.person(7))  # fmt: skip
    with pytest.raises(refusals.InvalidTransition) as refused:
        arrives(booking, slot.starts_at)
    assert "jadwal baru" in str(refused.value.message)
    new.refresh_from_db()
    assert new.status == Status.BOOKED


def test_absent_people_who_arrive_ill_are_deferred(booking, slot):
    absent(booking, slot.starts_at)
    verdict = arrives(booking, slot.starts_at, symptoms=True)
    assert verdict.code == VerdictCode.DEFERRED
    booking.refresh_from_db()
    assert booking.status == Status.DEFERRED
    slot.refresh_from_db()
    assert slot.booked == 0
