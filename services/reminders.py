"""When somebody is reminded of a visit, as a rule about moments alone."""

from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from locations.slots import LOCAL
from notifications.models import Kind
from notifications.outbox import Planned
from notifications.quiet_hours import shifted

REMINDER_TIME = time(16, 0)  # of the day before
REMINDER_AHEAD = timedelta(hours=2)


class _Reminder(NamedTuple):
    """`until`: whoever has the appointment before this moment is reminded."""

    kind: Kind
    until: datetime
    send_after: datetime
    send_before: datetime


def reminders(subject: UUID, moves: int, starts_at: datetime, now: datetime) -> list[Planned]:
    """The day before at 16.00 and two hours before, without those whose moment has passed."""
    return [
        Planned(
            subject=subject,
            kind=reminder.kind,
            occasion=moves,
            send_after=reminder.send_after,
            send_before=reminder.send_before,
        )
        for reminder in _of_a_visit(starts_at, settings.QUIET_HOURS)
        if now < reminder.until
    ]


@lru_cache(maxsize=4096)  # many people share a slot
def _of_a_visit(starts_at: datetime, _quiet_hours: str) -> list[_Reminder]:
    """`tomorrow` is true until midnight, `today` from midnight on: that bounds when each may go."""
    visit = starts_at.astimezone(LOCAL)
    midnight = visit.replace(hour=0, minute=0, second=0, microsecond=0)
    day_before = datetime.combine(visit.date() - timedelta(days=1), REMINDER_TIME, LOCAL)
    two_hours = starts_at - REMINDER_AHEAD
    goes_at = shifted(two_hours, deadline=starts_at)
    found = [_Reminder(Kind.REMINDER_DAY_BEFORE, day_before, day_before, midnight)]
    if goes_at >= midnight:
        found.append(
            _Reminder(Kind.REMINDER_TWO_HOURS, min(two_hours, goes_at), goes_at, starts_at)
        )
    return found
