"""Jember for the browser: the region's own data, and slots over three weeks."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.core.management import call_command
from django.utils import timezone

from locations.models import Location, Slot
from services.models import Service
from tests.factories import JAKARTA

AMBULU = "35.09.12"
DAYS = 21


@dataclass
class Jember:
    url: str
    service: Service
    ambulu: Location


def build(url: str) -> Jember:
    call_command("load_region", "jember", verbosity=0)
    dice = random.Random(3509)
    places = Location.objects.all()
    Slot.objects.bulk_create([slot for place in places for slot in _slots(place, dice)])
    return Jember(
        url,
        Service.objects.get(slug="first-recording"),
        Location.objects.get(slug="kecamatan-ambulu"),
    )


def _slots(place: Location, dice: random.Random) -> Iterator[Slot]:
    """Weekdays from 08.00 to 14.30, some days fuller than others; from tomorrow on, so that none
    begins while somebody is about to take it."""
    today = timezone.localdate()
    for ahead in range(1, DAYS + 1):
        day = today + timedelta(days=ahead)
        if day.isoweekday() > 5:
            continue
        crowded = ahead < 14 and dice.random() < 0.4
        for half_hour in (*range(16, 24), *range(26, 29)):
            starts = datetime.combine(day, time(half_hour // 2, half_hour % 2 * 30), JAKARTA)
            yield Slot(
                location=place,
                starts_at=starts,
                ends_at=starts + timedelta(minutes=30),
                capacity=1 + (dice.randrange(2) if crowded else dice.randrange(1, 5)),
                reserve=1,
            )
