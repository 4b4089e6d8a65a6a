"""A morning at an office, for the tests of the staff's pages. The pages go by the real clock, so
the slots lie around this very moment."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count

from django.utils import timezone

from locations.models import Location, Slot
from locations.slots import LOCAL
from services.booking import book
from services.identity import Person
from services.models import Booking
from services.visit import call_next, check_in
from tests import factories

FINE = {"temperature_c": Decimal("36.6"), "mask": True, "symptoms": False}
_minutes = count()


def office(slug: str = "kecamatan-ambulu", counters: int = 2, **values) -> Location:
    """An office on the level Siaga, with desks."""
    place = factories.location(slug, **values)
    for number in range(1, counters + 1):
        factories.counter(place, number)
    factories.service(at=place)
    return place


def current_slot(at: Location, capacity: int = 20) -> Slot:
    """A slot of today that has just begun; after midnight it begins at midnight."""
    now = timezone.now().astimezone(LOCAL)
    begins = max(
        now.replace(hour=0, minute=0, second=0, microsecond=0), now - timedelta(minutes=10)
    )
    return factories.slot(at, begins, minutes=20, capacity=capacity)


def here(slot: Slot, person: Person | None = None) -> Booking:
    """Somebody with a place in a slot that may have begun."""
    return book(
        service=factories.service(at=slot.location),
        slot_id=slot.pk,
        person=person or factories.person(),
        takes_reserve=True,
    ).booking


def came(booking: Booking, **answers) -> Booking:
    """They are admitted and wait."""
    place = Location.objects.get(pk=booking.slot.location_id)
    check_in(location=place, code=booking.code, who="staff:1", **(FINE | answers))
    booking.refresh_from_db()
    return booking


def called(place: Location, counter: int = 1) -> Booking | None:
    return call_next(location=place, counter=counter, who="staff:1")


def today() -> datetime:
    return timezone.now().astimezone(LOCAL)
