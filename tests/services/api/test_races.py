"""Many requests at once, each over its own connection, as a server's threads make them."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client

from locations.models import Slot
from services.models import Booking, IdempotencyKey
from tests import factories
from tests.services.api.asking import BASE, codes, wish

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(racers: int, ask: Callable[[Client, int], object]) -> list:
    """What `ask` returns for each racer, all of them started together."""
    barrier = Barrier(racers)

    def run(number: int) -> object:
        client = Client(raise_request_exception=False)
        try:
            barrier.wait()
            return ask(client, number)
        finally:
            connection.close()

    with ThreadPoolExecutor(racers) as pool:
        return list(pool.map(run, range(racers)))


def book(client: Client, given: dict, key: str | None = None):
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(f"{BASE}bookings/", given, "application/json", headers=headers)


def test_the_same_key_thirty_times_makes_one_booking_and_every_answer_shows_it(slot):
    given = wish(slot, 1)
    answers = at_once(30, lambda client, _: book(client, given, "key-of-1234"))

    assert [answer.status_code for answer in answers] == [201] * 30
    assert len({answer.json()["token"] for answer in answers}) == 1
    replayed = [answer for answer in answers if "Idempotent-Replayed" in answer.headers]
    assert len(replayed) == 29
    assert (Booking.objects.count(), IdempotencyKey.objects.count()) == (1, 1)
    assert Slot.objects.get(pk=slot.pk).booked == 1


def test_the_same_key_with_two_bodies_makes_one_booking(place, service):
    slot = factories.slot(place, capacity=20)
    answers = at_once(
        16, lambda client, number: book(client, wish(slot, number % 2), "key-of-1234")
    )
    counted = Counter(answer.status_code for answer in answers)
    assert counted == {201: 8, 422: 8}
    assert Booking.objects.count() == 1


def test_sixty_people_for_ten_places(place, service):
    slot = factories.slot(place, capacity=10)
    factories.slot(place, factories.at_local(4), capacity=100)
    answers = at_once(60, lambda client, number: book(client, wish(slot, number)))
    assert Counter(answer.status_code for answer in answers) == {201: 10, 409: 50}
    for refused in (answer for answer in answers if answer.status_code == 409):
        assert codes(refused) == [("slot_full", None)]
        assert len(refused.json()["alternatives"]) == 1
    assert Slot.objects.get(pk=slot.pk).booked == 10


def test_one_person_on_sixteen_slots_gets_one(place, service):
    slots = factories.slots(place, 16)
    answers = at_once(16, lambda client, number: book(client, wish(slots[number], 1)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 15}
    assert {code for answer in answers if answer.status_code == 409 for code in codes(answer)} == {
        ("already_booked", None)
    }


def test_cancelling_sixteen_times_at_once_frees_one_place(slot):
    made = book(Client(), wish(slot, 1)).json()
    headers = {"Authorization": f"Booking {made['token']}"}
    path = f"{BASE}bookings/{made['code']}/cancel/"
    answers = at_once(
        16, lambda client, _: client.post(path, "", "application/json", headers=headers)
    )
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["status"] for answer in answers} == {"cancelled"}
    assert Slot.objects.get(pk=slot.pk).booked == 0
