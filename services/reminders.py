"""When somebody is reminded of a visit, as a rule about moments alone."""

from datetime import datetime, time, timedelta
from uuid import UUID

from locations.slots import LOCAL
from notifications.models import Kind
from notifications.outbox import Planned
from notifications.quiet_hours import shifted

REMINDER_TIME = time(16, 0)  # of the day before
REMINDER_AHEAD = timedelta(hours=2)


def reminders(subject: UUID, moves: int, starts_at: datetime, now: datetime) -> list[Planned]:
    """The day before at 16.00 and two hours before, without those whose moment has passed.

    `tomorrow` is true until midnight, `today` from midnight on: that bounds when each may go.
    """
    visit = starts_at.astimezone(LOCAL)
    midnight = visit.replace(hour=0, minute=0, second=0, microsecond=0)
    day_before = datetime.combine(visit.date() - timedelta(days=1), REMINDER_TIME, LOCAL)
    two_hours = starts_at - REMINDER_AHEAD
    two_hours_shifted = shifted(two_hours, deadline=starts_at)
    found = []
    if now < day_before:
        found.append((Kind.REMINDER_DAY_BEFORE, day_before, midnight))
    if now < min(two_hours, two_hours_shifted) and two_hours_shifted >= midnight:
        found.append((Kind.REMINDER_TWO_HOURS, two_hours_shifted, starts_at))
    return [
        Planned(
            subject=subject,
            kind=kind,
            occasion=moves,
            send_after=send_after,
            send_before=send_before,
        )
        for kind, send_after, send_before in found
    ]
