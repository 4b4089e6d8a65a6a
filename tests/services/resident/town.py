"""A small town: one service, two places with free times, and what somebody types."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from locations.models import Location, Slot
from services.models import Service
from tests import factories

#: An adult: nothing about a guardian is asked.
ADULT = {
    "nik": "3509 2102 0203 9001",
    "full_name": "Nurhayati",
    "birth_day": "2",
    "birth_month": "2",
    "birth_year": "2003",
    "residence_district": "35.09.11",
    "companions": "0",
    "notice_read": "on",
}


@dataclass
class Town:
    service: Service
    ambulu: Location
    kota: Location
    slots: list[Slot]
    elsewhere: list[Slot]


def build() -> Town:
    ambulu = factories.location("kecamatan-ambulu", name="Kantor Kecamatan Ambulu")
    kota = factories.location(
        "dispendukcapil",
        name="Kantor Dispendukcapil",
        kind=Location.Kind.OFFICE,
        district=factories.district("35.09.20", "Sumbersari"),
    )
    service = factories.service(at=ambulu)
    factories.service(at=kota)
    return Town(
        service,
        ambulu,
        kota,
        slots=factories.slots(ambulu, 8),
        elsewhere=factories.slots(kota, 4, days=5),
    )


def identify(client: Client, **typed: Any) -> HttpResponse:
    """Fill in the first step."""
    address = reverse("resident:identity", kwargs={"service": "first-recording"})
    return client.post(address, ADULT | typed)


def tap(client: Client, slot: Slot) -> HttpResponse:
    """Press the button of a time."""
    address = reverse("resident:time", kwargs={"location": slot.location.slug})
    return client.post(address, {"slot": slot.pk})
