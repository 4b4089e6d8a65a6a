"""When a message would wake people or disturb a prayer, and where it goes instead.

The hours are data: settings.QUIET_HOURS, from the environment, e.g.
`20:00-06:00, fri 11:15-12:45, 2027-02-08..2027-03-09 17:15-19:30` (docs/operate.md).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.checks import CheckMessage, Critical, Tags, register

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ENTRY = re.compile(
    r"(?:(?P<weekday>[a-z]{3})\s+)?"
    r"(?:(?P<first>\d{4}-\d\d-\d\d)\.\.(?P<last>\d{4}-\d\d-\d\d)\s+)?"
    r"(?P<starts>\d\d[:.]\d\d)\s*-\s*(?P<ends>\d\d[:.]\d\d)"
)
# A message that waits for the end of a quiet span must leave its reader this long before it is due.
ENOUGH = timedelta(minutes=60)
# What was put at the start of a quiet span, since its end is too late, may still go so much later.
GRACE = timedelta(minutes=15)
# Each day must leave so much time to send in: what was to wait would else wait for ever.
AWAKE_AT_LEAST = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class QuietSpan:
    """Every day, or one day of the week (Monday is 0), or a range of days; may pass midnight."""

    starts: time
    ends: time
    weekday: int | None = None
    first: date = date.min
    last: date = date.max

    def begins_on(self, day: date) -> bool:
        return self.weekday in (None, day.weekday()) and self.first <= day <= self.last

    def on(self, day: date) -> tuple[datetime, datetime]:
        until = day + timedelta(days=1) if self.ends <= self.starts else day
        return datetime.combine(day, self.starts, _zone()), datetime.combine(
            until, self.ends, _zone()
        )


@cache
def read(text: str) -> tuple[QuietSpan, ...]:
    """The spans of a setting. ValueError names the entry that can't be read.

    Refused as well: hours that leave less than AWAKE_AT_LEAST of a day.
    """
    spans = tuple(_read_entry(entry.strip()) for entry in text.split(",") if entry.strip())
    days = {date(2026, 11, 23) + timedelta(days=n) for n in range(7)}
    for span in spans:
        if span.first > date.min:
            week = (span.first + timedelta(days=n) for n in range(7))
            days |= {day for day in week if day <= span.last}
    for day in sorted(days):
        if _awake(spans, day) < AWAKE_AT_LEAST:
            name, hours = WEEKDAYS[day.weekday()], AWAKE_AT_LEAST.seconds // 3600
            raise ValueError(f"{day} ({name}) has less than {hours} h to send in")
    return spans


def quiet_span(moment: datetime) -> tuple[datetime, datetime] | None:
    """(start, end) of the quiet hours that `moment` lies in; the end itself is not quiet.

    Spans that touch are one.
    """
    near = _near(moment.astimezone(_zone()).date())
    found = next((span for span in near if span[0] <= moment < span[1]), None)
    if found is None:
        return None
    start, end = found
    for _ in near:
        start = min([start, *(other[0] for other in near if other[0] <= start <= other[1])])
        end = max([end, *(other[1] for other in near if other[0] <= end <= other[1])])
    return start, end


def shifted(moment: datetime, *, deadline: datetime) -> datetime:
    """When a message meant for `moment` goes out so that quiet hours are kept.

    Inside quiet hours it waits for their end if ENOUGH remains before the deadline; otherwise it
    goes at their start (a visit at 07.30, told at 05.30: 06.00; a visit on Friday at 13.30, told
    at 11.30: 11.15).
    """
    span = quiet_span(moment)
    if span is None:
        return moment
    start, end = span
    return end if deadline - end >= ENOUGH else start


def held_until(
    now: datetime, *, placed_at: datetime | None = None, patient_until: datetime | None = None
) -> datetime | None:
    """The end of the quiet hours that a message waits for; None: it goes now.

    Hours that end after `patient_until` don't hold it: it would come too late. `placed_at` is when
    it was to go: at the very start of these hours means that `shifted` put it there.
    """
    span = quiet_span(now)
    if span is None:
        return None
    start, end = span
    if patient_until is not None and end > patient_until:
        return None
    if placed_at == start and now - start <= GRACE:
        return None
    return end


def awake_after(start: datetime, length: timedelta) -> datetime:
    """The moment by which `length` has passed since `start` with quiet hours left out."""
    moment = start
    while True:
        span = quiet_span(moment)
        if span is not None:
            moment = span[1]
        begins = _next_start(moment)
        if begins is None or begins - moment >= length:
            return moment + length
        length -= begins - moment
        moment = begins


@register(Tags.security)
def check_quiet_hours(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Among the checks that a server makes before it serves."""
    try:
        read(settings.QUIET_HOURS)
    except ValueError as error:
        return [
            Critical(
                f"QUIET_HOURS: {error}.",
                hint="Write it like this: 20:00-06:00, fri 11:15-12:45,"
                " 2027-02-08..2027-03-09 17:15-19:30",
                id="notifications.C020",
            )
        ]
    return []


def _read_entry(entry: str) -> QuietSpan:
    found = _ENTRY.fullmatch(entry.lower())
    if found is None:
        raise ValueError(f"{entry!r} is no quiet time")
    parts = found.groupdict()
    if parts["weekday"] and parts["weekday"] not in WEEKDAYS:
        raise ValueError(f"{entry!r}: days of the week are {', '.join(WEEKDAYS)}")
    try:
        span = QuietSpan(
            starts=time.fromisoformat(parts["starts"].replace(".", ":")),
            ends=time.fromisoformat(parts["ends"].replace(".", ":")),
            weekday=WEEKDAYS.index(parts["weekday"]) if parts["weekday"] else None,
            first=date.fromisoformat(parts["first"]) if parts["first"] else date.min,
            last=date.fromisoformat(parts["last"]) if parts["last"] else date.max,
        )
    except ValueError:
        raise ValueError(f"{entry!r} has a time or a day that does not exist") from None
    if span.starts == span.ends:
        raise ValueError(f"{entry!r} ends when it begins")
    if span.first > span.last:
        raise ValueError(f"{entry!r} ends before it begins")
    return span


def _awake(spans: Sequence[QuietSpan], day: date) -> timedelta:
    """How much of a day is left to send in, to the minute."""
    midnight = datetime.combine(day, time.min, _zone())
    around = [
        span.on(begin)
        for begin in (day - timedelta(days=1), day)
        for span in spans
        if span.begins_on(begin)
    ]
    minutes = (midnight + timedelta(minutes=n) for n in range(24 * 60))
    return timedelta(
        minutes=sum(not any(start <= minute < end for start, end in around) for minute in minutes)
    )


def _near(day: date) -> list[tuple[datetime, datetime]]:
    """The spans that may hold a moment of this day, and those that touch them."""
    return [
        span.on(begin)
        for begin in (day + timedelta(days=n) for n in (-2, -1, 0, 1))
        for span in read(settings.QUIET_HOURS)
        if span.begins_on(begin)
    ]


def _next_start(moment: datetime) -> datetime | None:
    """When quiet hours begin next, within a fortnight."""
    day = moment.astimezone(_zone()).date()
    starts = (
        span.on(day + timedelta(days=n))[0]
        for n in range(15)
        for span in read(settings.QUIET_HOURS)
        if span.begins_on(day + timedelta(days=n))
    )
    return min((start for start in starts if start >= moment), default=None)


def _zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)
