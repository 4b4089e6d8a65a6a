"""A month of days at a glance: which have room, drawn as weeks from Monday to Sunday."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext

from services.availability import DayRoom

SPAN = 30  # days shown at once: two pages of the slots that are made ahead
WEEKDAY = date(2026, 11, 23)  # a Monday, to name the days of the week by


@dataclass(frozen=True, slots=True)
class Day:
    """One cell. `state` is a class of the look: many, few, none (full), shut; `url` if bookable."""

    number: int
    month: str
    state: str
    free: int
    word: str
    label: str
    url: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Month:
    """What the page draws: heading, names of weekdays (short, long), weeks of seven cells."""

    heading: str
    weekdays: list[tuple[str, str]]
    weeks: list[list[Day | None]]
    earlier: str
    later: str


def month(
    rooms: Mapping[date, DayRoom],
    *,
    today: date,
    chosen: date | None,
    last: date,
    url_of: Callable[[date], str],
) -> Month:
    """The thirty days around `chosen`; `last` is the last day that has slots at all.

    `url_of` gives the address of a day. Days without slots are shut, days all closed are holidays.
    """
    first = window(today, chosen)
    end = first + timedelta(days=SPAN - 1)
    cells: list[Day | None] = [None] * first.weekday()
    for day in (first + timedelta(days=n) for n in range(SPAN)):
        cells.append(
            _cell(day, rooms.get(day), named=day in (first, end), chosen=chosen, url_of=url_of)
        )
    cells += [None] * (-len(cells) % 7)
    return Month(
        heading=f"{date_format(first, 'j M')} – {date_format(end, 'j M Y')}",
        weekdays=[
            (date_format(day, "D"), date_format(day, "l"))
            for day in (WEEKDAY + timedelta(days=n) for n in range(7))
        ],
        weeks=[cells[n : n + 7] for n in range(0, len(cells), 7)],
        earlier=url_of(first - timedelta(days=SPAN)) if first > today else "",
        later=url_of(end + timedelta(days=1)) if end < last else "",
    )


def window(today: date, chosen: date | None) -> date:
    """First day of the page of thirty days that `chosen` falls on, counted from today."""
    ahead = (chosen - today).days if chosen else 0
    return today + timedelta(days=SPAN * max(0, ahead // SPAN))


def _cell(
    day: date,
    room: DayRoom | None,
    *,
    named: bool,
    chosen: date | None,
    url_of: Callable[[date], str],
) -> Day:
    name = date_format(day, "M") if day.day == 1 else ""
    words = date_format(day, "l, j F")
    if room is None or room.closed or not room.places:
        word = gettext("libur") if room and room.closed else gettext("tutup")
        return Day(day.day, name, "shut", 0, word, f"{words}: {word}", "", False)
    if not room.free:
        word = gettext("penuh")
        return Day(day.day, name, "none", 0, word, f"{words}: {word}", "", False)
    places = ngettext("%(n)d tempat", "%(n)d tempat", room.free) % {"n": room.free}
    state = "few" if room.free * 4 <= room.places else "many"
    return Day(
        day.day, name, state, room.free, "", f"{words}: {places}", url_of(day), day == chosen
    )
