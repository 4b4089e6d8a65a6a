"""Jember for the browser: districts, offices, services, and slots over sixty days."""

import random
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.utils import timezone

from locations.models import Location, Slot
from services.models import Service
from tests import factories
from tests.factories import JAKARTA

DISTRICTS = (
    "Jombang Kencong Sumberbaru Gumukmas Umbulsari Tanggul Semboro Puger Bangsalsari Balung"
    " Wuluhan Ambulu Rambipuji Panti Sukorambi Jenggawah Ajung Tempurejo Kaliwates Patrang"
    " Sumbersari Arjasa Mumbulsari Pakusari Jelbuk Mayang Kalisat Ledokombo Sukowono Silo"
    " Sumberjambe"
).split()


@dataclass
class Jember:
    url: str
    service: Service
    ambulu: Location

    def slots(self, days: int) -> list[Slot]:
        """Ambulu's slots of a day counted from today."""
        day = timezone.localdate() + timedelta(days=days)
        return list(Slot.objects.filter(location=self.ambulu, starts_at__date=day))

    def free_slot(self) -> Slot:
        return Slot.objects.bookable().filter(location=self.ambulu).order_by("starts_at")[0]


def build(url: str) -> Jember:
    protocol = factories.protocol(
        instructions_id=[
            "Wajib memakai masker. Buka masker hanya saat difoto.",
            "Cuci tangan, lalu suhu tubuh diperiksa.",
            "Suhu harus di bawah 37,3 °C.",
            "Jaga jarak 1 meter dan duduk di kursi bertanda.",
            "Bila ruangan penuh, tunggu di luar sampai dipanggil.",
        ],
        instructions_en=[
            "Masks are required. Take the mask off for the photo only.",
            "Wash your hands, then your temperature is taken.",
            "It must be below 37.3 °C.",
            "Keep 1 metre apart and use marked seats.",
            "If the room is full, wait outside until called.",
        ],
    )
    first = factories.service(
        description_id="Untuk yang belum pernah memiliki KTP-el (e-KTP).",
        description_en="For those who have never had an ID card (KTP-el).",
        documents=[
            {"id": "Kartu Keluarga (KK) asli", "en": "Original family card (KK)"},
            {
                "id": "Buku nikah, hanya bila belum 17 tahun dan sudah kawin",
                "en": "Marriage document, only if under 17 and married",
            },
        ],
    )
    second = factories.service(
        "replacement",
        order=2,
        name_id="Ganti KTP-el yang hilang atau rusak",
        name_en="Replacement of a lost or damaged card",
        description_id="Tanpa rekam ulang: cukup sidik jari.",
        description_en="Without a new recording: a fingerprint is enough.",
        documents=[{"id": "Surat kehilangan dari polisi", "en": "Police report of the loss"}],
    )
    places = [
        factories.location(
            "dispendukcapil",
            name="Kantor Dispendukcapil",
            kind=Location.Kind.OFFICE,
            address="Jalan Jawa, Sumbersari",
            address_is_example=False,
            district=factories.district("35.09.21", "Sumbersari"),
            protocol=protocol,
        )
    ]
    for number, name in enumerate(DISTRICTS, start=1):
        places.append(
            factories.location(
                f"kecamatan-{name.lower()}",
                name=f"Kantor Kecamatan {name}",
                address=f"Jl. Raya {name}",
                district=factories.district(f"35.09.{number:02d}", name),
                protocol=protocol,
            )
        )
    dice = random.Random(3509)
    slots = []
    for place in places:
        factories.service(at=place)
        factories.service("replacement", at=place)
        slots += list(_slots(place, dice))
    Slot.objects.bulk_create(slots)
    ambulu = next(place for place in places if place.slug == "kecamatan-ambulu")
    assert first != second
    return Jember(url, first, ambulu)


def _slots(place: Location, dice: random.Random):  # type: ignore[no-untyped-def]
    today = timezone.localdate()
    for ahead in range(60):
        day = today + timedelta(days=ahead)
        if day.isoweekday() > 5:
            continue
        crowd = dice.choice([0, 0.4, 1, 1, 1]) if ahead < 12 else 1
        for half_hour in range(16, 29):
            starts = datetime.combine(day, time(half_hour // 2, half_hour % 2 * 30), JAKARTA)
            room = dice.choice([0, 1, 2, 3, 4]) if crowd else 0
            yield Slot(
                location=place,
                starts_at=starts,
                ends_at=starts + timedelta(minutes=30),
                capacity=int(room * crowd) + 1,
                reserve=1,
            )
