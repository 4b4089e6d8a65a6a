"""Demo data: sign-ins that everybody knows, and invented people with a place in the coming days.

Never for production: the passwords are public. Names, numbers and addresses are invented: NIK
serials from 9000 up are practically never issued (docs/domain.md section 1), e-mail goes to
example.com, and the phone numbers are a made-up run. Loading again signs nobody out and books only
who has no place.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from django.contrib.auth.hashers import make_password
from django.db import transaction

from locations.clock import database_now
from locations.models import Assignment, Location, OpeningException, Slot, Staff
from locations.opening import confirmed_closures, hold, make_slots, span
from locations.slots import LOCAL
from notifications.demo import approve_whatsapp
from notifications.personal_data import lookup_hash
from services.booking import book
from services.identity import ADULT_YEARS, Guardian, Person, age_on
from services.lifecycle import ACTIVE
from services.models import Booking, Service
from services.refusals import Refusal

PASSWORD = "jember-demo"  # noqa: S105 (public, and refused in production)
HEAD_OFFICE, AMBULU = "dispendukcapil", "kecamatan-ambulu"
SINCE = date(2026, 1, 1)

#: user name → role, location, name shown
SIGN_INS: dict[str, tuple[str, str | None, str]] = {
    "petugas": (Assignment.Role.COUNTER, HEAD_OFFICE, "Petugas Loket"),
    "pengawas": (Assignment.Role.SUPERVISOR, HEAD_OFFICE, "Pengawas"),
    "petugas-ambulu": (Assignment.Role.COUNTER, AMBULU, "Petugas Ambulu"),
    "pengawas-ambulu": (Assignment.Role.SUPERVISOR, AMBULU, "Pengawas Ambulu"),
    "kepala": (Assignment.Role.HEAD, None, "Kepala Dinas"),
}
ADMIN = "admin"

#: How long from loading on the demo's places take people, whatever the hour.
OPEN_FOR = timedelta(hours=4)

#: People on a day at each location, and over how many days that have slots.
PEOPLE = {HEAD_OFFICE: (12, 4), AMBULU: (4, 3)}

WOMEN = (
    "Siti Aminah", "Nurhayati", "Holifah", "Misnati", "Dewi Lestari", "Sri Wahyuni", "Fitriani",
    "Nur Laila", "Anisa Rahmawati", "Umi Kulsum", "Ratna Sari", "Khoirun Nisa'", "Supiyati",
    "Maulidia Putri", "Eka Yuliana", "Rohmah",
)  # fmt: skip
MEN = (
    "Sugeng", "Muhammad Rizki", "Ahmad Fauzi", "Buhari", "Budi Santoso", "Imam Syafi'i", "Slamet",
    "Dimas Prasetyo", "Moh. Holil", "Agus Setiawan", "Rohman", "Bagus Wicaksono", "Sutrisno",
    "Fajar Hidayat", "Ali Wafa", "Yusuf Maulana",
)  # fmt: skip


class NoRegion(Exception):
    """The region that the demo plays in has not been loaded."""


@dataclass
class Loaded:
    sign_ins: int = 0
    bookings: int = 0


def load_demo(now: datetime | None = None) -> Loaded:
    """Make sign-ins, WhatsApp texts, open days and bookings; a second time what is missing.

    Raises NoRegion. Each booking is made by the verb that residents use.
    """
    places = {place.slug: place for place in Location.objects.filter(slug__in=PEOPLE)}
    if set(places) != set(PEOPLE):
        raise NoRegion("Load the region first: manage.py load_region jember")
    now = now or database_now()
    approve_whatsapp()
    loaded = Loaded(sign_ins=_make_sign_ins(places))
    for place in places.values():
        _open_today(place, now)
    make_slots(places.values())
    for place in places.values():
        _open_now(place, now)
    random = Random(3509)  # noqa: S311 (the same people every time)
    number = 0
    for slug, (a_day, days) in PEOPLE.items():
        people = list(_people(random, first=number, count=a_day * days, today=now.date()))
        number += len(people)
        loaded.bookings += _book(places[slug], people, a_day, days, random, now)
    return loaded


def _make_sign_ins(places: dict[str, Location]) -> int:
    # One hash for all of them: Argon2 takes its time on purpose, and this password is public.
    password = make_password(PASSWORD, salt="demo-sign-ins-of-e-ktp-jember")
    for username, (role, slug, name) in SIGN_INS.items():
        staff = _sign_in(username, password, name)
        Assignment.objects.get_or_create(
            staff=staff, location=places[slug] if slug else None, role=role, valid_from=SINCE
        )
    _sign_in(ADMIN, password, "Admin TI", is_staff=True, is_superuser=True)
    return len(SIGN_INS) + 1


def _sign_in(username: str, password: str, name: str, **rights: bool) -> Staff:
    """An account with the demo's password, which is shorter than real ones may be."""
    staff, _made = Staff.objects.get_or_create(
        username=username, defaults={"first_name": name, "password": password, **rights}
    )
    if staff.password != password:
        staff.password = password
        staff.save(update_fields=["password"])
    return staff


def _open_today(place: Location, now: datetime) -> None:
    """The counter's page shows today; so that it can be tried on a Sunday too, the demo opens."""
    today = now.astimezone(LOCAL).date()
    if place.patterns.filter(weekday=today.isoweekday()).exists():
        return
    usual = place.patterns.first()
    if usual is not None:
        OpeningException.objects.get_or_create(
            location=place,
            date=today,
            starts=time(8),
            defaults={
                "ends": time(14, 30),
                "slot_minutes": usual.slot_minutes,
                "capacity": usual.capacity,
                "reserve": usual.reserve,
                "reason": "Contoh: buka khusus agar loket dapat dicoba hari ini",
            },
        )


def _open_now(place: Location, now: datetime) -> None:
    """Slots from now on, at lunch and at night too: whenever somebody tries the demo, they find a
    time today that begins soon enough to be checked in for.

    They count as set by hand, so no changed rule takes them away. Where a slot is already, or the
    place is closed, there will be none.
    """
    usual = place.patterns.first()
    if usual is None:
        return
    length = timedelta(minutes=usual.slot_minutes)
    midnight, _ = span(now.astimezone(LOCAL).date(), now.astimezone(LOCAL).date())
    first = midnight + ((now - midnight) // length + 1) * length
    with transaction.atomic():
        hold([place.pk])
        if confirmed_closures(place, first, first + OPEN_FOR).exists():
            return
        Slot.objects.bulk_create(
            (
                Slot(
                    location=place,
                    starts_at=first + number * length,
                    ends_at=first + (number + 1) * length,
                    capacity=usual.capacity,
                    reserve=usual.reserve,
                    edited=True,
                )
                for number in range(OPEN_FOR // length)
            ),
            ignore_conflicts=True,
        )


def _people(random: Random, first: int, count: int, today: date) -> Iterator[Person]:
    """Invented people: most turn 17, some are older; some are women; some have no phone."""
    for number in range(first, first + count):
        woman = random.random() < 0.5
        years = random.choice((16, 16, 17, 17, 17, 19, 24, 41))
        born = today - timedelta(days=years * 366 + random.randrange(20, 330))
        young = age_on(born, today) < ADULT_YEARS
        reached_by = random.choice(("phone", "phone", "phone", "e-mail", "both", "nothing"))
        yield Person(
            nik=(
                f"3509{random.randrange(1, 32):02d}{born.day + 40 * woman:02d}{born:%m%y}"
                f"{9000 + number:04d}"
            ),
            full_name=random.choice(WOMEN if woman else MEN),
            birth_date=born,
            guardian=Guardian(random.choice(WOMEN), "mother") if young else None,
            residence_district=f"35.09.{random.randrange(1, 32):02d}",
            phone=f"+62812000{90000 + number}" if reached_by in ("phone", "both") else "",
            email=f"warga{number}@example.com" if reached_by in ("e-mail", "both") else "",
            language="en" if number % 17 == 5 else "id",
            companions=int(young),
            support=("elderly",) if number % 23 == 7 else (),
        )


def _book(
    place: Location, people: list[Person], a_day: int, days: int, random: Random, now: datetime
) -> int:
    """Give those who have no place one of the coming days, so many a day."""
    slots = _slots_by_day(place, days, now)
    services = {service.slug: service for service in place.services.all()}
    has_place = _have_a_place(people)
    made = 0
    for number, person in enumerate(people):
        wanted = random.choice(("first-recording",) * 6 + ("re-recording", "replacement"))
        turn = random.random()
        if person.nik in has_place or number // a_day >= len(slots) or wanted not in services:
            continue
        day = slots[number // a_day]
        made += _book_one(services[wanted], day[int(turn * len(day))], person, now)
    return made


def _book_one(service: Service, slot: Slot, person: Person, now: datetime) -> bool:
    """Whether there was a place. Who has one earlier today booked it this morning."""
    midnight = datetime.combine(slot.starts_at.astimezone(LOCAL), time.min, tzinfo=LOCAL)
    try:
        book(
            service=service,
            slot_id=slot.pk,
            person=person,
            why="demo data",
            now=None if slot.starts_at > now else midnight,
        )
    except Refusal:
        return False
    return True


def _slots_by_day(place: Location, days: int, now: datetime) -> list[list[Slot]]:
    """The open slots of today and the next days that have any."""
    today = now.astimezone(LOCAL).date()
    start, end = span(today, today + timedelta(days=21))
    by_day: dict[date, list[Slot]] = {}
    for slot in Slot.objects.filter(
        location=place, closure__isnull=True, starts_at__gte=start, starts_at__lt=end
    ).order_by("starts_at"):
        by_day.setdefault(slot.starts_at.astimezone(LOCAL).date(), []).append(slot)
    return list(by_day.values())[:days]


def _have_a_place(people: list[Person]) -> set[str]:
    """The NIKs of those who have an active booking; one statement."""
    hashes = {lookup_hash("nik", person.nik): person.nik for person in people}
    active = Booking.objects.filter(nik_hash__in=list(hashes), status__in=ACTIVE)
    return {hashes[bytes(found)] for found in active.values_list("nik_hash", flat=True) if found}
