"""Invented rows for tests: small functions with sensible defaults, in whole sentences of data.

Serials from 9000 on are practically never issued in Jember, so no NIK here is anybody's.
"""

from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from locations.models import (
    Assignment,
    Counter,
    District,
    HealthProtocol,
    Location,
    OpeningPattern,
    Slot,
    Staff,
)
from services.booking import book
from services.identity import Guardian, Person
from services.models import Booking, Offering, Service

JAKARTA = ZoneInfo("Asia/Jakarta")
PASSWORD = "jember-demo-9000"
_number = count(1)


def district(code: str = "35.09.11", name: str = "Ambulu", **values: Any) -> District:
    return District.objects.get_or_create(code=code, defaults={"name": name, **values})[0]


def protocol(code: str = "siaga", **values: Any) -> HealthProtocol:
    """The level Siaga: 4 m² each, half the room, mask, 37.3 °C, symptoms asked."""
    defaults = {
        "rank": 3,
        "name_id": "Siaga",
        "name_en": "Alert",
        "square_metres_each": 4,
        "percent": 50,
        "mask": HealthProtocol.Mask.REQUIRED,
        "temperature_limit": "37.3",
        "asks_symptoms": True,
        "companions_max": 1,
        "instructions_id": ["Wajib memakai masker.", "Cuci tangan, lalu suhu tubuh diperiksa."],
        "instructions_en": ["Masks are required.", "Wash your hands, then be measured."],
        "short_id": "Wajib masker, suhu di bawah 37,3 C, jaga jarak 1 meter.",
        "short_en": "Mask required, below 37.3 C, keep 1 m apart.",
    }
    return HealthProtocol.objects.get_or_create(code=code, defaults=defaults | values)[0]


def location(slug: str | None = None, **values: Any) -> Location:
    slug = slug or f"lokasi-{next(_number)}"
    defaults = {
        "name": f"Kantor {slug}",
        "kind": Location.Kind.DISTRICT_OFFICE,
        "address": "Jalan Contoh 1",
        "room_square_metres": 60,
        "normal_capacity": 40,
    }
    defaults["district"] = values.pop("district", None) or district()
    defaults["protocol"] = values.pop("protocol", None) or protocol()
    return Location.objects.get_or_create(slug=slug, defaults=defaults | values)[0]


def counter(at: Location, number: int = 1) -> Counter:
    return Counter.objects.get_or_create(location=at, number=number)[0]


def service(slug: str = "first-recording", at: Location | None = None, **values: Any) -> Service:
    defaults = {
        "name_id": "Perekaman KTP-el pertama",
        "name_en": "First e-KTP recording",
        "bring_id": "KK asli",
        "bring_en": "original family card",
        "documents": [{"id": "Kartu Keluarga (KK) asli", "en": "Original family card (KK)"}],
    }
    made = Service.objects.get_or_create(slug=slug, defaults=defaults | values)[0]
    if at is not None:
        Offering.objects.get_or_create(service=made, location=at)
    return made


def at_local(days_from_today: int, hour: int = 9, minute: int = 0, second: int = 0) -> datetime:
    """A moment on a local day counted from today; the database's clock is the real one."""
    day = timezone.localdate() + timedelta(days=days_from_today)
    return datetime.combine(day, time(hour, minute, second), JAKARTA)


def soon(minutes: int = 10) -> datetime:
    """A moment so many minutes from now; late in the evening the last second that is still today.

    Who has a place then may come in already, and is one of today's people."""
    return min(timezone.now() + timedelta(minutes=minutes), at_local(0, 23, 59, 59))


def slot(at: Location, starts_at: datetime | None = None, **values: Any) -> Slot:
    starts_at = starts_at or at_local(3)
    defaults: dict[str, Any] = {"capacity": 5, "reserve": 0}
    defaults["ends_at"] = starts_at + timedelta(minutes=values.pop("minutes", 30))
    return Slot.objects.create(location=at, starts_at=starts_at, **(defaults | values))


def slots(at: Location, how_many: int, days: int = 3, **values: Any) -> list[Slot]:
    """Slots of half an hour one after the other, from 07.00 on."""
    first = at_local(days, 7)
    return [
        slot(at, first + timedelta(minutes=30 * number), **values) for number in range(how_many)
    ]


def nik(number: int) -> str:
    """A well-formed NIK of somebody born on 1 January 2005, one for each number below 100,000."""
    return f"3509{number // 1000 % 31 + 1:02d}0101059{number % 1000:03d}"


def person(number: int | None = None, **values: Any) -> Person:
    """An adult from Jember, with a name, a NIK and a phone of his own."""
    number = next(_number) if number is None else number
    defaults: dict[str, Any] = {
        "nik": nik(number),
        "full_name": f"Warga {number}",
        "birth_date": date(2005, 1, 1),
        "phone": f"+62812{number:08d}",
        "residence_district": None,
    }
    return Person(**(defaults | values))


def minor(number: int | None = None, **values: Any) -> Person:
    """Somebody of 16 or 17, with the mother's consent."""
    born = timezone.localdate() - timedelta(days=int(16.7 * 365.25))
    return person(
        number,
        **(
            {
                "birth_date": born,
                "nik": f"350921{born:%d%m%y}9001",
                "guardian": Guardian("Misnati", "mother"),
            }
            | values
        ),
    )


def booking(at: Slot, for_service: Service | None = None, who: Person | None = None) -> Booking:
    """Somebody's place, made by the verb that everybody uses."""
    made = for_service or service(at=at.location)
    return book(service=made, slot_id=at.pk, person=who or person()).booking


@cache
def hashed_password(hasher: str) -> str:
    """PASSWORD, hashed once by each hasher: argon2 takes a quarter of a second, as it should."""
    return make_password(PASSWORD)


def staff(username: str, role: str | None = None, at: Location | None = None) -> Staff:
    """Somebody who can sign in with PASSWORD; with an assignment where a role is given."""
    user = Staff.objects.filter(username=username).first() or Staff.objects.create(
        username=username, password=hashed_password(settings.PASSWORD_HASHERS[0])
    )
    if role:
        Assignment.objects.get_or_create(
            staff=user, location=at, role=role, defaults={"valid_from": date(2020, 1, 1)}
        )
    return user


def assign(user: Staff, at: Location | None, role: str = "counter", **values: Any) -> Assignment:
    """A further assignment; `valid_from` and `valid_until` can be given."""
    return Assignment.objects.create(
        staff=user, location=at, role=role, **({"valid_from": date(2020, 1, 1)} | values)
    )


def pattern(at: Location, weekday: int = 1, **values: Any) -> OpeningPattern:
    """A weekly rule: 08.00 to 10.00, half-hour slots for ten people, two kept for walk-ins."""
    defaults = {
        "starts": time(8),
        "ends": time(10),
        "slot_minutes": 30,
        "capacity": 10,
        "reserve": 2,
        "valid_from": date(2020, 1, 1),
    }
    return OpeningPattern.objects.create(location=at, weekday=weekday, **(defaults | values))


def fill(at: Slot, people: int) -> list[Booking]:
    """So many people with a place in this slot."""
    return [booking(at) for _ in range(people)]
