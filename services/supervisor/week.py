"""A week of a location as a grid: days across, times down, each slot with its fill."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from locations.models import Location, Slot
from locations.slots import LOCAL

WORKDAYS = 5


@dataclass
class Cell:
    """A slot in the grid. Fill is said by length, number and word."""

    slot: Slot
    now: datetime
    column: int
    row: int
    is_chosen: bool = False

    @property
    def is_closed(self) -> bool:
        return self.slot.closure_id is not None

    @property
    def is_over(self) -> bool:
        return self.slot.ends_at <= self.now

    @property
    def drains(self) -> bool:
        return self.slot.excess > 0

    @property
    def is_full(self) -> bool:
        """Nothing left to book online: the walk-in reserve opens on the day itself."""
        slot, today = self.slot, self.now.astimezone(LOCAL).date()
        on_the_day = slot.starts_at.astimezone(LOCAL).date() <= today
        return slot.booked >= slot.capacity - (0 if on_the_day else slot.reserve)

    @property
    def word(self) -> str:
        """penuh, lebih 2, or nothing."""
        if self.drains:
            return _("lebih %(people)s") % {"people": self.slot.excess}
        return pgettext("sesi", "penuh") if self.is_full else ""

    @property
    def width(self) -> int:
        return max(1, self.slot.capacity)

    @property
    def filled(self) -> int:
        return min(self.slot.booked, self.width)

    @property
    def reserve_from(self) -> int:
        return self.slot.capacity - self.slot.reserve

    @property
    def label(self) -> str:
        """What a screen reader says of the checkbox."""
        starts = self.slot.starts_at.astimezone(LOCAL)
        words = {
            "day": date_format(starts, "l, j F"),
            "time": date_format(starts, "TIME_FORMAT"),
            "booked": self.slot.booked,
            "capacity": self.slot.capacity,
        }
        said = _("%(day)s pukul %(time)s: %(booked)s dari %(capacity)s") % words
        return f"{said}, {self.word}" if self.word else said


@dataclass(frozen=True)
class Row:
    """One time of day across the week; a cell is None where the location has no slot."""

    starts: time
    number: int
    cells: list[Cell | None]


@dataclass(frozen=True)
class Week:
    """From Monday to Sunday; weekends only stand in the grid where there are slots."""

    monday: date
    days: list[date]
    rows: list[Row]

    @property
    def cells(self) -> list[Cell]:
        return [cell for row in self.rows for cell in row.cells if cell is not None]

    def choose(self, ids: Collection[int]) -> None:
        """Tick the slots with these ids; those that cannot be changed any more stay unticked."""
        for cell in self.cells:
            cell.is_chosen = cell.slot.pk in ids and not (cell.is_closed or cell.is_over)

    @property
    def columns(self) -> list[tuple[date, bool]]:
        """Each day, and whether something can still be ticked on it."""
        alive = {c.column for c in self.cells if not (c.is_closed or c.is_over)}
        return [(day, number in alive) for number, day in enumerate(self.days)]

    @property
    def open_slots(self) -> list[Slot]:
        return [cell.slot for cell in self.cells if not cell.is_closed]

    @property
    def booked(self) -> int:
        return sum(slot.booked for slot in self.open_slots)

    @property
    def capacity(self) -> int:
        return sum(slot.capacity for slot in self.open_slots)

    @property
    def before(self) -> date:
        return self.monday - timedelta(days=7)

    @property
    def after(self) -> date:
        return self.monday + timedelta(days=7)

    @property
    def last_day(self) -> date:
        return self.days[-1]

    @property
    def starts(self) -> list[time]:
        return [row.starts for row in self.rows]

    @property
    def ends(self) -> list[time]:
        """When slots end: until where a rule may reach."""
        return sorted({slot.ends_at.astimezone(LOCAL).time() for slot in self.open_slots})

    @property
    def slot_minutes(self) -> int:
        """How long slots take here: of the first one, half an hour where there is none."""
        slots = self.open_slots
        return int((slots[0].ends_at - slots[0].starts_at).total_seconds() // 60) if slots else 30


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def read_monday(typed: str, today: date) -> date:
    """The Monday of the week that an address asks for; this week for anything unreadable.

    Within two years: further away no slot can be, and dates would run out of their range.
    """
    try:
        day = date.fromisoformat(typed) if len(typed) == 10 else today
    except ValueError:
        day = today
    if abs(day - today) > timedelta(days=730):
        day = today
    return monday_of(day)


def week_of(location: Location, monday: date, now: datetime) -> Week:
    """The grid of a week; one statement."""
    start = datetime.combine(monday, time.min, tzinfo=LOCAL)
    slots = list(
        Slot.objects.filter(
            location=location, starts_at__gte=start, starts_at__lt=start + timedelta(days=7)
        )
        .select_related("closure")
        .order_by("starts_at")
    )
    days = _days(monday, slots)
    times = sorted({slot.starts_at.astimezone(LOCAL).time() for slot in slots})
    by_place = {_place(slot): slot for slot in slots}
    rows = []
    for number, starts in enumerate(times):
        found = [by_place.get((day, starts)) for day in days]
        cells = [
            None if slot is None else Cell(slot, now, column, number)
            for column, slot in enumerate(found)
        ]
        rows.append(Row(starts, number, cells))
    return Week(monday, days, rows)


def _place(slot: Slot) -> tuple[date, time]:
    starts = slot.starts_at.astimezone(LOCAL)
    return starts.date(), starts.time()


def _days(monday: date, slots: Sequence[Slot]) -> list[date]:
    """Monday to Friday, and a weekend day where something takes place."""
    busy = {_place(slot)[0] for slot in slots}
    week = [monday + timedelta(days=offset) for offset in range(7)]
    return [day for offset, day in enumerate(week) if offset < WORKDAYS or day in busy]
