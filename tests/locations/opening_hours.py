"""What tests of opening hours share."""

from datetime import date, time
from typing import Any

from locations import opening
from locations.models import Location, OpeningException, Slot
from locations.slots import LOCAL
from tests.factories import at_local, pattern


def day(days: int = 0) -> date:
    return at_local(days).date()


def open_daily(at: Location, **values: Any) -> None:
    """Open every day of the week, 08.00 to 10.00."""
    for weekday in range(1, 8):
        pattern(at, weekday, **values)


def clocks(at: Location, on: date) -> list[str]:
    """Local times at which slots of a day begin."""
    start, end = opening.span(on, on)
    slots = Slot.objects.filter(location=at, starts_at__gte=start, starts_at__lt=end)
    return [f"{s.starts_at.astimezone(LOCAL):%H.%M}" for s in slots.order_by("starts_at")]


def exception(at: Location, on: date, **values: Any) -> OpeningException:
    defaults = {"starts": time(13), "ends": time(14), "slot_minutes": 30, "capacity": 4}
    return OpeningException(location=at, date=on, reason="Rapat", **(defaults | values))
