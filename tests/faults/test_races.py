"""Many at once, on real PostgreSQL with real threads. Each protection has a control: the same race
with the protection taken out must go wrong, or the race proves nothing."""

import pytest
from django.db import OperationalError

from locations.models import Slot
from services import booking as verbs
from services.booking import book, cancel, reschedule
from services.lifecycle import ACTIVE, Actor
from services.models import Booking
from services.reconciliation import counter_drift
from tests import factories
from tests.conftest import owner_cursor
from tests.racing import changed_by_owner, codes, race, without_trigger

pytestmark = pytest.mark.django_db(transaction=True)


def fifty_for_one_place() -> tuple[dict[str, int], Slot]:
    place = factories.location()
    service = factories.service(at=place)
    slot = factories.slot(place, capacity=1)
    people = [factories.person() for _ in range(50)]
    results = race(50, lambda n: book(service=service, slot_id=slot.pk, person=people[n]))
    slot.refresh_from_db()
    return codes(results), slot


def test_two_people_cannot_take_the_last_place():
    for _ in range(3):
        outcome, slot = fifty_for_one_place()
        assert outcome == {"ok": 1, "slot_full": 49}
        assert slot.booked == 1
    assert counter_drift() == []


def test_control_without_the_counting_trigger_the_last_place_is_sold_many_times():
    with without_trigger("services_booking", "zz_count_booking"):
        outcome, _ = fifty_for_one_place()
    assert outcome["ok"] > 1


def forty_slots_for_one_person() -> tuple[dict[str, int], int]:
    place = factories.location()
    service = factories.service(at=place)
    days = [factories.slots(place, 10, days=day) for day in (3, 4, 5, 6)]
    slots = [slot for day in days for slot in day]
    who = factories.person()
    results = race(40, lambda n: book(service=service, slot_id=slots[n].pk, person=who))
    return codes(results), Booking.objects.filter(status__in=ACTIVE).count()


def test_one_person_on_forty_slots_gets_one_place():
    outcome, active = forty_slots_for_one_person()
    assert outcome == {"ok": 1, "already_booked": 39}
    assert active == 1
    assert sum(Slot.objects.values_list("booked", flat=True)) == 1
    assert counter_drift() == []


def test_control_without_the_unique_index_one_person_gets_several_places():
    with owner_cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'already_booked'")
        ((definition,),) = cursor.fetchall()
    with changed_by_owner("DROP INDEX already_booked", definition):
        outcome, active = forty_slots_for_one_person()
    assert outcome["ok"] > 1 and active == outcome["ok"]


def thirty_times_the_same_request() -> tuple[dict[str, int], list]:
    place = factories.location()
    service = factories.service(at=place)
    slot = factories.slot(place, capacity=3)
    who = factories.person()
    results = race(
        30, lambda n: book(service=service, slot_id=slot.pk, person=who, key="kunci-yang-sama")
    )
    return codes(results), results


def test_the_same_key_thirty_times_makes_one_booking_that_all_are_shown():
    outcome, results = thirty_times_the_same_request()
    assert outcome == {"ok": 30}
    assert len({result.booking.pk for result in results}) == 1
    assert sum(result.replayed for result in results) == 29
    assert Booking.objects.count() == 1
    assert counter_drift() == []


def test_control_without_looking_for_its_own_key_a_sender_is_told_already_booked(monkeypatch):
    monkeypatch.setattr(verbs, "_made_before", lambda key, body: None)
    outcome, _ = thirty_times_the_same_request()
    assert outcome["ok"] == 1


def ring_of_moves(rounds: int) -> tuple[int, int]:
    """Eight people move round a ring of four slots; returns (moves made, deadlocks met)."""
    place = factories.location()
    service = factories.service(at=place)
    slots = factories.slots(place, 4, capacity=8)
    made = [factories.booking(slots[n % 4], service) for n in range(8)]
    move_once = reschedule.__wrapped__  # without the tries that would hide a deadlock

    def go_round(number: int) -> tuple[int, int]:
        moved = deadlocks = 0
        step = 1 if number % 2 else -1
        for turn in range(1, rounds + 1):
            target = slots[(number + step * turn) % 4]
            try:
                move_once(
                    booking_id=made[number].pk,
                    slot_id=target.pk,
                    actor=Actor.RESIDENT,
                    who="resident",
                    why="moved",
                )
                moved += 1
            except OperationalError as error:
                assert error.__cause__.sqlstate in {"40P01", "55P03"}  # deadlock, waited too long
                deadlocks += 1
                break  # one is enough to know
        return moved, deadlocks

    results = race(8, go_round)
    failures = [result for result in results if isinstance(result, Exception)]
    assert not failures, failures
    return sum(r[0] for r in results), sum(r[1] for r in results)


def test_a_ring_of_moves_never_deadlocks_and_loses_nobody():
    moved, deadlocks = ring_of_moves(rounds=25)
    assert (moved, deadlocks) == (200, 0)
    assert sum(Slot.objects.values_list("booked", flat=True)) == 8
    assert counter_drift() == []


def test_control_locking_the_slots_in_no_order_deadlocks():
    with owner_cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef('count_booking()'::regprocedure)")
        ((definition,),) = cursor.fetchall()
    ordered = (
        "PERFORM 1 FROM locations_slot WHERE id IN (held, wants) ORDER BY id FOR NO KEY UPDATE"
    )
    assert ordered in definition
    with changed_by_owner(definition.replace(ordered, "NULL"), definition):
        _, deadlocks = ring_of_moves(rounds=60)
    assert deadlocks > 0


def test_two_who_want_each_others_full_slot_both_keep_their_own():
    place = factories.location()
    service = factories.service(at=place)
    slots = factories.slots(place, 2, capacity=1)
    mine = [factories.booking(slot, service) for slot in slots]

    def swap(number: int):
        return reschedule(
            booking_id=mine[number].pk,
            slot_id=slots[1 - number].pk,
            actor=Actor.RESIDENT,
            who="resident",
            why="moved",
        )

    for _ in range(5):
        assert codes(race(2, swap)) == {"slot_full": 2}
    assert [b.slot_id for b in Booking.objects.order_by("id")] == [s.pk for s in slots]
    assert counter_drift() == []


def test_cancelling_sixteen_times_at_once_frees_one_place():
    place = factories.location()
    service = factories.service(at=place)
    slot = factories.slot(place, capacity=3)
    mine = factories.booking(slot, service)
    factories.booking(slot, service)

    results = race(
        16,
        lambda n: cancel(booking_id=mine.pk, actor=Actor.RESIDENT, who="resident", why="cancelled"),
    )

    assert codes(results) == {"ok": 16}
    slot.refresh_from_db()
    assert slot.booked == 1
    assert counter_drift() == []


def test_a_move_and_a_cancellation_at_once_end_in_one_legal_path():
    place = factories.location()
    service = factories.service(at=place)
    first, second = factories.slots(place, 2, capacity=5)
    for _ in range(10):
        mine = factories.booking(first, service)
        actions = [
            lambda booking=mine: reschedule(
                booking_id=booking.pk,
                slot_id=second.pk,
                actor=Actor.RESIDENT,
                who="resident",
                why="moved",
            ),
            lambda booking=mine: cancel(
                booking_id=booking.pk, actor=Actor.RESIDENT, who="resident", why="cancelled"
            ),
        ]
        outcome = codes(race(2, lambda n, actions=actions: actions[n]()))
        assert outcome in ({"ok": 2}, {"ok": 1, "invalid_transition": 1})
        assert Booking.objects.get(pk=mine.pk).status == "cancelled"
    assert counter_drift() == []
