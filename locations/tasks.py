"""Daily work on the calendar. Missing a day does no harm: the horizon is sixty days long."""

from celery import shared_task

from locations.holiday_drafts import draft_holidays
from locations.opening import make_slots


@shared_task(name="locations.look_ahead")
def look_ahead() -> None:
    """Draft the holidays of the horizon, and make the slots that are missing."""
    draft_holidays()
    make_slots()
