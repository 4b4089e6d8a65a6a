"""What is free, where and when: plain SQL for pages and API alike, no model instances.

*Free* is what the public may still book: a slot that begins later than now, is not closed, and has
room beside the walk-in reserve; on the day itself the reserve is open to everybody. The trigger on
bookings decides by the same rule when somebody takes the place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import F, FloatField, Func, Value

from locations.models import Slot
from services.models import Service

ALTERNATIVES = 5
#: How far from the wanted time other places are looked for.
NEAR = timedelta(days=21)

# One row of locations_slot as `s`; `clock.now` is the database's clock or the time passed in.
_ROOM = """
    CASE WHEN (s.starts_at AT TIME ZONE 'Asia/Jakarta')::date
              <= (clock.now AT TIME ZONE 'Asia/Jakarta')::date
         THEN s.capacity ELSE s.capacity - s.reserve END"""
_OPEN = "s.closure_id IS NULL AND s.starts_at > clock.now"
_FREE = f"CASE WHEN {_OPEN} THEN greatest(0, {_ROOM} - s.booked) ELSE 0 END"
_CLOCK = "(SELECT coalesce(%(now)s::timestamptz, now()) AS now) AS clock"


def _iso(column: str) -> str:
    """A moment as local ISO 8601 with its offset (WIB has no summer time)."""
    return f"""to_char({column} AT TIME ZONE 'Asia/Jakarta', 'YYYY-MM-DD"T"HH24:MI:SS"+07:00"')"""


@dataclass(frozen=True, slots=True)
class DayRoom:
    """A day of a location: places free, places in all (of slots still open), closed as a whole."""

    day: date
    free: int
    places: int
    closed: bool


@dataclass(frozen=True, slots=True)
class SlotRoom:
    """A slot as the public sees it; `open` is false when it is closed or has begun."""

    id: int
    location_id: int
    starts_at: datetime
    ends_at: datetime
    capacity: int
    free: int
    open: bool


@dataclass(frozen=True, slots=True)
class NextFree:
    """A location's next free slot (None: nothing free) and its free places in seven days."""

    location_id: int
    starts_at: datetime | None
    free_week: int


def days(
    location_id: int, *, first: date, last: date, now: datetime | None = None
) -> dict[date, DayRoom]:
    """Each day from `first` to `last` (both in) that has slots at all. One statement."""
    rows = _rows(
        f"""
        SELECT (s.starts_at AT TIME ZONE 'Asia/Jakarta')::date AS day,
               sum({_FREE})::int,
               sum(CASE WHEN {_OPEN} THEN {_ROOM} ELSE 0 END)::int,
               bool_and(s.closure_id IS NOT NULL)
        FROM locations_slot s, {_CLOCK}
        WHERE s.location_id = %(location)s
          AND s.starts_at >= %(first)s::timestamp AT TIME ZONE 'Asia/Jakarta'
          AND s.starts_at < (%(last)s::timestamp + interval '1 day') AT TIME ZONE 'Asia/Jakarta'
        GROUP BY 1
        """,  # noqa: S608 (parts from above, values as parameters)
        location=location_id,
        first=first,
        last=last,
        now=now,
    )
    return {row[0]: DayRoom(*row) for row in rows}


def slots(
    location_id: int, *, first: date, last: date, now: datetime | None = None
) -> list[SlotRoom]:
    """The location's slots from `first` to `last` (both in), full and closed ones too.

    One statement.
    """
    rows = _rows(
        f"""
        SELECT s.id, s.location_id, s.starts_at, s.ends_at, s.capacity, {_FREE}, {_OPEN}
        FROM locations_slot s, {_CLOCK}
        WHERE s.location_id = %(location)s
          AND s.starts_at >= %(first)s::timestamp AT TIME ZONE 'Asia/Jakarta'
          AND s.starts_at < (%(last)s::timestamp + interval '1 day') AT TIME ZONE 'Asia/Jakarta'
        ORDER BY s.starts_at
        """,  # noqa: S608 (parts from above, values as parameters)
        location=location_id,
        first=first,
        last=last,
        now=now,
    )
    return [SlotRoom(*row) for row in rows]


def slots_as_json(location_id: int, *, first: date, last: date, now: datetime | None = None) -> str:
    """The slots to come that no closure shut, as the API's JSON list: made by the database whole,
    which costs a fraction of making it here (480 slots in a month). One statement."""
    rows = _rows(
        f"""
        SELECT coalesce('[' || string_agg(format(
            '{{"id":%%s,"starts_at":"%%s","ends_at":"%%s","capacity":%%s,"available":%%s}}',
            s.id, {_iso("s.starts_at")}, {_iso("s.ends_at")}, s.capacity, {_FREE}
        ), ',' ORDER BY s.starts_at) || ']', '[]')
        FROM locations_slot s, {_CLOCK}
        WHERE s.location_id = %(location)s AND {_OPEN}
          AND s.starts_at >= %(first)s::timestamp AT TIME ZONE 'Asia/Jakarta'
          AND s.starts_at < (%(last)s::timestamp + interval '1 day') AT TIME ZONE 'Asia/Jakarta'
        """,  # noqa: S608 (parts from above, values as parameters)
        location=location_id,
        first=first,
        last=last,
        now=now,
    )
    return str(rows[0][0])


def next_free(service_id: int, *, now: datetime | None = None) -> dict[int, NextFree]:
    """Per location that offers the service: its next free slot. One statement."""
    rows = _rows(
        f"""
        SELECT o.location_id,
               (SELECT s.starts_at FROM locations_slot s
                WHERE s.location_id = o.location_id AND {_OPEN} AND {_FREE} > 0
                ORDER BY s.starts_at LIMIT 1),
               (SELECT coalesce(sum({_FREE}), 0)::int FROM locations_slot s
                WHERE s.location_id = o.location_id AND {_OPEN}
                  AND s.starts_at < clock.now + %(week)s)
        FROM services_offering o, {_CLOCK}
        WHERE o.service_id = %(service)s
        """,  # noqa: S608 (parts from above, values as parameters)
        service=service_id,
        week=timedelta(days=7),
        now=now,
    )
    return {row[0]: NextFree(*row) for row in rows}


def nearest_free(
    service: Service,
    wanted: Slot,
    now: datetime | None = None,
    limit: int = ALTERNATIVES,
) -> Sequence[Slot]:
    """Up to `limit` free slots near a wanted one: the same place first, then others by time.

    At most two statements. Each slot has its location loaded, and `available`.
    """
    seconds_away = Func(
        F("starts_at"),
        Value(wanted.starts_at),
        template="abs(extract(epoch from (%(expressions)s)))",
        arg_joiner=" - ",
        output_field=FloatField(),
    )
    near = (
        Slot.objects.bookable(now)
        .filter(
            starts_at__gt=wanted.starts_at - NEAR,
            starts_at__lt=wanted.starts_at + NEAR,
            location__active=True,
            location__offering__service=service,
        )
        .exclude(pk=wanted.pk)
        .select_related("location", "location__district")
        .annotate(seconds_away=seconds_away)
        .order_by("seconds_away", "starts_at", "id")
    )
    here = list(near.filter(location_id=wanted.location_id)[:limit])
    if len(here) == limit:
        return here
    return here + list(near.exclude(location_id=wanted.location_id)[: limit - len(here)])


def _rows(sql: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())
