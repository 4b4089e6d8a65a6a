"""Reading slots: what can be booked, and how many places are left."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Greatest, Now, TruncDate

LOCAL = ZoneInfo(settings.TIME_ZONE)


def clock(now: datetime | None) -> Any:
    """The moment to compare with in SQL: the database's clock unless a time is given."""
    return Now() if now is None else Value(now, output_field=models.DateTimeField())


class SlotQuerySet(models.QuerySet):
    def open(self) -> "SlotQuerySet":
        """Slots that no closure has shut."""
        return self.filter(closure__isnull=True)

    def upcoming(self, now: datetime | None = None) -> "SlotQuerySet":
        """Slots that have not begun."""
        return self.filter(starts_at__gt=clock(now))

    def with_available(self, now: datetime | None = None) -> "SlotQuerySet":
        """Each slot with `available`: the places that the public may still book.

        The walk-in reserve is bookable online only on the day itself (docs/design.md section 2).
        The database's trigger decides by the same rule when a booking is written.
        """
        on_the_day = Q(local_day__lte=TruncDate(clock(now), tzinfo=LOCAL))
        free = F("capacity") - F("booked")
        return self.annotate(local_day=TruncDate("starts_at", tzinfo=LOCAL)).annotate(
            available=Case(
                When(closure__isnull=False, then=Value(0)),
                When(on_the_day, then=Greatest(free, Value(0))),
                default=Greatest(free - F("reserve"), Value(0)),
                output_field=models.IntegerField(),
            )
        )

    def bookable(self, now: datetime | None = None) -> "SlotQuerySet":
        """Slots in the future, open, with at least one place for the public."""
        return self.open().upcoming(now).with_available(now).filter(available__gt=0)
