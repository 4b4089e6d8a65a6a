"""Changing what slots take: whom it hits is told before and after, and nobody is dropped."""

from datetime import time, timedelta

import pytest

from locations.models import Location, LocationEvent, Slot, SlotEvent
from services import capacity, refusals
from services.booking import book, cancel
from services.lifecycle import Actor, Status
from services.models import Booking
from tests import factories

pytestmark = pytest.mark.django_db

WHY = "Protokol Siaga"


@pytest.fixture
def place():
    return factories.location("kecamatan-ambulu")


@pytest.fixture
def supervisor(place):
    return factories.staff("pengawas", "supervisor", place)


@pytest.fixture
def slots(place):
    return factories.slots(place, 3, capacity=5)


@pytest.fixture
def change(place, supervisor):
    """Apply a change to slots; the numbers and the reason may differ."""

    def change(slots, **values):
        usual = {"capacity": 2, "reserve": None, "reason": WHY, "staff": supervisor}
        ids = [slot.pk for slot in slots]
        return capacity.apply_change(location=place, slot_ids=ids, **(usual | values))

    return change


def ids(slots):
    return Slot.objects.filter(pk__in=[slot.pk for slot in slots])


def test_a_preview_names_the_last_booked_and_writes_nothing(slots):
    people = factories.fill(slots[0], 4)
    factories.fill(slots[1], 2)
    preview = capacity.preview_change(ids(slots), 2, None)
    assert (preview.slots, preview.booked, preview.affected, preview.draining) == (3, 6, 2, 1)
    assert [over.booking for over in preview.people] == [people[3], people[2]]
    assert Slot.objects.get(pk=slots[0].pk).capacity == 5


def test_a_preview_says_who_cannot_be_reached(slots, place):
    service = factories.service(at=place)
    numbers = {"": False, "+62331123456": False, "+6281234567890": True}
    for phone in numbers:
        book(service=service, slot_id=slots[0].pk, person=factories.person(phone=phone))
    preview = capacity.preview_change(ids(slots), 0, None)
    assert [over.reachable for over in preview.people] == [True, False, False]
    assert preview.unreachable == 2


def test_a_cut_keeps_everybody_and_the_slot_drains(slots, change, place):
    people = factories.fill(slots[0], 4)
    result = change(slots)
    assert (result.slots, result.affected) == (3, 2)
    cut = Slot.objects.get(pk=slots[0].pk)
    assert (cut.capacity, cut.booked, cut.excess, cut.edited) == (2, 4, 2, True)
    assert Booking.objects.filter(status=Status.BOOKED).count() == 4

    service = factories.service(at=place)
    for person in people[:3]:
        with pytest.raises(refusals.SlotFull):
            book(service=service, slot_id=cut.pk, person=factories.person())
        cancel(booking_id=person.pk, actor=Actor.RESIDENT, who="resident", why="test")
    book(service=service, slot_id=cut.pk, person=factories.person())
    cut.refresh_from_db()
    assert (cut.booked, cut.excess) == (2, 0)


def test_a_cut_to_nothing_is_possible(slots, change):
    factories.fill(slots[0], 1)
    assert change(slots[:1], capacity=0).affected == 1


def test_the_reserve_is_held_to_the_capacity(place, change):
    slot = factories.slot(place, capacity=10, reserve=3)
    change([slot], capacity=2)
    slot.refresh_from_db()
    assert (slot.capacity, slot.reserve) == (2, 2)
    change([slot], capacity=None, reserve=1)
    slot.refresh_from_db()
    assert (slot.capacity, slot.reserve) == (2, 1)


@pytest.mark.parametrize(
    ("values", "attr"),
    [
        ({"capacity": None}, "capacity"),
        ({"capacity": -1}, "capacity"),
        ({"capacity": 10**12}, "capacity"),
        ({"reserve": 3}, "reserve"),
        ({"reserve": -1}, "reserve"),
        ({"reason": "  "}, "reason"),
        ({"reason": "x" * 201}, "reason"),
        ({"reason": "satu\r\nBcc: dua"}, "reason"),
    ],
)
def test_numbers_and_reasons_that_make_no_sense_are_refused(slots, change, values, attr):
    with pytest.raises(refusals.FieldRefusal) as refusal:
        change(slots, **values)
    assert refusal.value.attr == attr
    assert not SlotEvent.objects.exists()


def test_slots_of_another_place_or_of_the_past_are_refused_whole(place, slots, change):
    elsewhere = factories.slot(factories.location("dispendukcapil"))
    past = factories.slot(place, factories.at_local(-2))
    for wrong in (elsewhere, past):
        with pytest.raises(refusals.NotFound):
            change([*slots, wrong])
    with pytest.raises(refusals.NotFound):
        change([])
    assert not SlotEvent.objects.exists()


def test_each_change_leaves_who_when_from_to_and_why(slots, change, supervisor):
    change(slots[:1], capacity=8)
    change(slots[:1], capacity=3)
    events = list(SlotEvent.objects.filter(pgh_obj=slots[0].pk).order_by("pgh_id"))
    assert [event.capacity for event in events] == [8, 3]
    assert events[0].pgh_context == {"who": f"staff:{supervisor.pk}", "why": WHY}


def test_slots_are_chosen_by_a_rule(place):
    by_day = {days: factories.slots(place, 3, days=days) for days in (1, 2, 3)}
    first = by_day[1][0].starts_at.date()
    weekday = by_day[2][0].starts_at.isoweekday()

    def rule(**values):
        return list(capacity.slots_by_rule(place, first, first + timedelta(days=2), **values))

    assert len(rule()) == 9
    assert rule(weekdays=[weekday]) == by_day[2]
    chosen = rule(weekdays=[weekday], start_time=time(7, 30), end_time=time(8, 0))
    assert chosen == by_day[2][1:2]
    assert rule(start_time=time(18)) == []


def test_what_drains_can_be_listed_afterwards(place, slots, change):
    factories.fill(slots[0], 4)
    change(slots)
    over = capacity.over_capacity(place)
    assert (over.slots, over.affected, len(over.people)) == (1, 2, 2)


def test_another_protocol_level_is_put_in_force_with_a_reason(place, supervisor):
    severe = factories.protocol("awas", rank=4)
    switch = {"location": place, "protocol": severe, "staff": supervisor}
    with pytest.raises(refusals.FieldRefusal):
        capacity.switch_protocol(**switch, reason="")
    assert capacity.switch_protocol(**switch, reason="Wabah")
    assert not capacity.switch_protocol(**switch, reason="Wabah")
    assert Location.objects.get(pk=place.pk).protocol == severe
    event = LocationEvent.objects.latest("pgh_id")
    assert event.pgh_context == {"who": f"staff:{supervisor.pk}", "why": "Wabah"}


@pytest.mark.parametrize("people", [1, 5])
def test_a_preview_takes_two_statements_for_one_as_for_many(
    slots, people, django_assert_num_queries
):
    for slot in slots:
        factories.fill(slot, people)
    with django_assert_num_queries(2):
        capacity.preview_change(ids(slots), 0, None)
