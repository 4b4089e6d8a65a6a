"""A location's day at the door, for those who work there; and what the public display shows of it.

Few statements, however many people come: everything is counted from the rows of the day.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from locations.clock import database_now
from locations.distancing import inside_limit
from locations.models import Location, Slot
from locations.slots import LOCAL
from services.admission import INSIDE
from services.arrival import visit_of
from services.lifecycle import Status
from services.models import Booking, Visit


@dataclass
class SlotOfDay:
    """One arrival window and who has a place in it; `came` of them have stood at the door."""

    slot: Slot
    bookings: list[Booking] = field(default_factory=list)

    @property
    def came(self) -> int:
        return sum(1 for booking in self.bookings if booking.status not in NOT_HERE)


@dataclass
class Today:
    """`waiting` in the order in which they will be called; `upcoming` have not come yet."""

    date: date
    now: datetime
    inside: int
    inside_limit: int
    slots: list[SlotOfDay]
    waiting: list[Booking]
    called: list[Booking]
    upcoming: list[Booking]

    @property
    def places_left(self) -> int:
        return max(0, self.inside_limit - self.inside)


NOT_HERE = (Status.BOOKED, Status.NO_SHOW)


def local_day(day: date) -> tuple[datetime, datetime]:
    """From midnight to midnight in Jember."""
    start = datetime.combine(day, time.min, tzinfo=LOCAL)
    return start, start + timedelta(days=1)


def today_at(location: Location, now: datetime | None = None) -> Today:
    """Everybody who has a place here today, but the cancelled: three statements."""
    moment = now or database_now()
    day = moment.astimezone(LOCAL).date()
    start, end = local_day(day)
    slots = {
        slot.pk: SlotOfDay(slot)
        for slot in Slot.objects.filter(
            location=location, starts_at__gte=start, starts_at__lt=end
        ).order_by("starts_at")
    }
    bookings = list(
        Booking.objects.filter(slot__in=list(slots))
        .exclude(status=Status.CANCELLED)
        .select_related("service", "visit__counter")
        .order_by("created_at")
    )
    for booking in bookings:
        booking.slot = slots[booking.slot_id].slot
        slots[booking.slot_id].bookings.append(booking)
    return Today(
        date=day,
        now=moment,
        inside=sum(1 + booking.visit.companions for booking in bookings if is_inside(booking)),
        inside_limit=inside_limit(location),
        slots=list(slots.values()),
        waiting=sorted((b for b in bookings if b.status == Status.CHECKED_IN), key=turn),
        called=[b for b in bookings if b.status == Status.CALLED],
        upcoming=[b for b in bookings if b.status == Status.BOOKED],
    )


def is_inside(booking: Booking) -> bool:
    return booking.status in INSIDE and visit_of(booking) is not None


def turn(booking: Booking) -> tuple[bool, int]:
    """The order of calling, as in `visit.call_next`: priority first, then by number."""
    return not booking.visit.priority, booking.visit.queue_number or 0


@dataclass(frozen=True)
class Called:
    number: int
    counter: int
    called_at: datetime


@dataclass(frozen=True)
class Board:
    """What a display may show: numbers and counters, no names. `called`: the latest first."""

    date: date
    called: list[Called]
    waiting: list[int]
    inside: int
    inside_limit: int


def board(location: Location, now: datetime | None = None) -> Board:
    """The numbers of today: who is called where, and who is next. Two statements."""
    day = (now or database_now()).astimezone(LOCAL).date()
    rows = list(
        Visit.objects.filter(
            location=location,
            day=day,
            booking__status__in=INSIDE,
            queue_number__isnull=False,
        )
        .order_by("-priority", "queue_number")
        .values_list(
            "queue_number", "booking__status", "counter__number", "called_at", "companions"
        )
    )
    called = [
        Called(number, desk, called_at)
        for number, status, desk, called_at, _ in rows
        if status == Status.CALLED and number and desk and called_at
    ]
    return Board(
        date=day,
        called=sorted(called, key=lambda one: one.called_at, reverse=True),
        waiting=[number for number, status, *_ in rows if number and status == Status.CHECKED_IN],
        inside=sum(1 + companions for *_, companions in rows),
        inside_limit=inside_limit(location),
    )
