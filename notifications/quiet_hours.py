"""When a message would wake people or disturb the Friday prayer, and where it goes instead."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

# (weekday or None for every day, from, until), local time; a span may pass midnight.
# docs/domain.md section 7; Monday is 0.
QUIET_HOURS: tuple[tuple[int | None, time, time], ...] = (
    (None, time(20, 0), time(6, 0)),
    (4, time(11, 15), time(12, 45)),
)
# A message that waits for the end of a quiet span must leave its reader this long before it is due.
ENOUGH = timedelta(minutes=60)


def quiet_span(moment: datetime) -> tuple[datetime, datetime] | None:
    """(start, end) of the quiet hours that `moment` lies in; the end itself is not quiet."""
    zone = ZoneInfo(settings.TIME_ZONE)
    local = moment.astimezone(zone)
    for weekday, starts, ends in QUIET_HOURS:
        for back in (0, 1):
            day = local.date() - timedelta(days=back)
            if weekday is not None and day.weekday() != weekday:
                continue
            start = datetime.combine(day, starts, zone)
            until = day + timedelta(days=1) if ends <= starts else day
            end = datetime.combine(until, ends, zone)
            if start <= local < end:
                return start, end
    return None


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


def waits_until(now: datetime, *, deadline: datetime) -> datetime | None:
    """The end of the quiet hours that a message due `now` can wait for; None = send it now.

    None outside quiet hours, and for what would come too late after them.
    """
    span = quiet_span(now)
    if span is None or deadline - span[1] < ENOUGH:
        return None
    return span[1]
