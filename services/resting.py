"""Who was turned away for health rests: a new time is theirs to choose, from the next day on.

`Booking.not_before` is the first day that may be chosen, as the message says it. It holds for
every booking of that NIK and for whoever types it in, and ends by itself.
"""

from datetime import date, datetime, time, timedelta

from django.db.models import OuterRef, Subquery
from django.utils.formats import date_format

from locations.models import Slot
from locations.slots import LOCAL, SlotQuerySet
from services.availability import nearest_free
from services.models import Booking, Service
from services.refusals import TooSoon

Hash = bytes | memoryview
RESTS_FOR = timedelta(days=1)
#: Why somebody is deferred, as code of the phrase in the message.
FOR_HEALTH = "health"


def earliest_day(moment: datetime) -> date:
    """The first day that somebody who is deferred at this moment may choose."""
    return (moment.astimezone(LOCAL) + RESTS_FOR).date()


def midnight_of(day: date) -> datetime:
    return datetime.combine(day, time.min, LOCAL)


def with_rest(slots: SlotQuerySet, nik_hash: Hash | None) -> SlotQuerySet:
    """Each slot (with its `local_day`) with `rests_until`: the first day free for this NIK, where
    the slot is earlier; part of the same statement."""
    resting = Booking.objects.filter(nik_hash=nik_hash, not_before__gt=OuterRef("local_day"))
    latest = resting.order_by("-not_before").values("not_before")[:1]
    return slots.annotate(rests_until=Subquery(latest))


def check_rested(service: Service, slot: Slot, now: datetime | None = None) -> None:
    """Raise TooSoon with the nearest places from that day on. Says nothing of the reason: whoever
    knows a NIK must not learn that somebody was ill."""
    day: date | None = slot.rests_until  # type: ignore[attr-defined]
    if day is None:
        return
    free = nearest_free(service, slot, max(now or slot.moment, midnight_of(day)))
    raise TooSoon(day=date_format(day, "DATE_FORMAT"), alternatives=free)
