"""What IT runs now and then: reconciling counters, rotating keys."""

import base64
import os

import pytest
from django.core.management import CommandError, call_command

from services.booking import book
from services.models import Booking, BookingEvent
from services.reconciliation import counter_drift
from services.rotation import rotate_keys
from tests import factories
from tests.racing import race, without_trigger


def key(number: int) -> str:
    return f"{number}:{base64.b64encode(os.urandom(32)).decode()}"


@pytest.mark.django_db
def test_keys_rotate_in_batches_and_the_old_key_can_go(settings):
    old, new = key(1), key(2)
    settings.PERSONAL_DATA_KEYS = [old]
    place = factories.location()
    service, slot = factories.service(at=place), factories.slot(place, capacity=10)
    people = [factories.person(n, email="warga@example.org") for n in range(7)]
    for who in people:
        factories.booking(slot, service, who)
    events = BookingEvent.objects.count()

    settings.PERSONAL_DATA_KEYS = [new, old]
    assert rotate_keys(batch=3) == 7
    assert rotate_keys(batch=3) == 0

    settings.PERSONAL_DATA_KEYS = [new]
    read = [(b.nik, b.full_name, b.phone, b.email) for b in Booking.objects.order_by("id")]
    assert read == [(p.nik, p.full_name, p.phone, p.email) for p in people]
    assert BookingEvent.objects.count() == events


@pytest.mark.django_db(transaction=True)
def test_keys_rotate_while_people_book(settings):
    old, new = key(1), key(2)
    settings.PERSONAL_DATA_KEYS = [old]
    place = factories.location()
    service, slot = factories.service(at=place), factories.slot(place, capacity=60)
    for _ in range(20):
        factories.booking(slot, service)
    settings.PERSONAL_DATA_KEYS = [new, old]
    people = [factories.person() for _ in range(30)]

    def act(number: int):
        if number % 5 == 0:
            return rotate_keys(batch=4)
        return book(service=service, slot_id=slot.pk, person=people[number])

    failures = [result for result in race(30, act) if isinstance(result, Exception)]
    assert not failures
    settings.PERSONAL_DATA_KEYS = [new]
    assert len([b.full_name for b in Booking.objects.all()]) == 44


@pytest.mark.django_db(transaction=True)
def test_reconcile_proves_that_counters_agree_and_names_the_slots_that_do_not():
    place = factories.location()
    service, slot = factories.service(at=place), factories.slot(place)
    factories.booking(slot, service)
    assert counter_drift() == []
    call_command("reconcile")

    with without_trigger("services_booking", "zz_count_booking"):
        factories.booking(slot, service)
    assert counter_drift() == [(slot.pk, 1, 2)]
    with pytest.raises(CommandError, match="1 slots differ"):
        call_command("reconcile")
