"""Day and time of a place: the month at a glance and the times of one day, for the page."""

from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from services import availability
from services.resident.month import month
from services.resident.times import day_heading, parts_of_day


def timetable(
    location_id: int,
    *,
    asked: str,
    wanted: datetime | None,
    address: str,
    not_before: date | None = None,
) -> dict[str, Any]:
    """What time.html draws; two statements.

    `asked`: the day of the address (`?hari=2026-12-01`), as typed; `wanted`: the lost slot's time,
    whose day is shown again; `address`: of the page itself; `not_before`: the first day offered.
    """
    now = timezone.now()
    today = timezone.localdate(now)
    last = today + timedelta(days=settings.SLOT_HORIZON_DAYS - 1)
    first = max(today, not_before or today)
    rooms = availability.days(location_id, first=first, last=last)
    lost = timezone.localtime(wanted).date() if wanted else None
    if lost is not None and lost < first:
        lost = None
    chosen = lost or _day(asked, first, last) or _first_with_room(rooms)
    slots = availability.slots(location_id, first=chosen, last=chosen) if chosen else []
    return {
        "month": month(
            rooms,
            today=today,
            chosen=chosen,
            last=max(rooms, default=today),
            url_of=lambda day: f"{address}?hari={day.isoformat()}",
        ),
        "day": day_heading(chosen) if chosen else "",
        # Without the fragment of the day's link: with one, browsers ignore `autofocus`.
        "here": f"{address}?hari={chosen.isoformat()}" if chosen else address,
        "parts": parts_of_day(slots, now),
    }


def _day(asked: str, first: date, last: date) -> date | None:
    """The day asked for if it is one that can be booked; anything else counts as not asked."""
    try:
        day = datetime.strptime(asked, "%Y-%m-%d").date()  # noqa: DTZ007 (a day, no moment)
    except ValueError:
        return None
    return day if first <= day <= last else None


def _first_with_room(rooms: dict[date, availability.DayRoom]) -> date | None:
    return min((day for day, room in rooms.items() if room.free), default=None)
