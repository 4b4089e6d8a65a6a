"""What is tidied up when a day at the door is over. Each may run as often as it likes.

Everything goes by the database's clock. While this machine's clock and the database's disagree,
nothing is decided: a clock that jumped must not mark people as absent (docs/decisions.md).
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet
from django.db.models.functions import TruncDate

from locations.clock import database_now
from locations.history import note_change
from locations.models import Slot
from locations.slots import LOCAL, clock
from services.admission import postpone, set_status
from services.lifecycle import Actor, Status, may_move
from services.models import Booking, Visit

#: Late people are taken in while the day lasts: this long after the location's last slot.
STAYS_OPEN = timedelta(hours=2)
#: How far back a day is still settled; older ones are left for a person to look at.
LOOKS_BACK = timedelta(days=14)


def erase_temperatures(now: datetime | None = None) -> int:
    """Forget the figures of days that are over; the verdicts stay (UU 27/2022, docs/domain.md)."""
    today = TruncDate(clock(now), tzinfo=LOCAL)
    with transaction.atomic():
        note_change(who="system", why="temperatures erased")
        measured = Visit.objects.filter(day__lt=today, temperature_c__isnull=False)
        return measured.update(temperature_c=None)


def mark_no_shows(now: datetime | None = None) -> int:
    """Mark who did not come, at locations whose day is over and showed life; how many.

    Life is somebody admitted there that day: a location that never opened gives deferrals instead
    (`defer_unserved`). One transaction each; who is being taken in at this moment is left alone.
    """
    marked = 0
    for booking_id in _left_over(now).filter(Exists(_life())).values_list("pk", flat=True):
        marked += _settle(booking_id, Status.NO_SHOW, "did not come", now)
    return marked


def defer_unserved(now: datetime | None = None) -> int:
    """Give who was booked at a location that never opened a new choice, with priority; how many."""
    unserved = _left_over(now, before_today=True).filter(~Exists(_life()))
    deferred = 0
    for booking_id in unserved.values_list("pk", flat=True):
        deferred += _settle(booking_id, Status.DEFERRED, "location never opened", now)
    return deferred


def _left_over(now: datetime | None, *, before_today: bool = False) -> QuerySet[Booking]:
    """Bookings nobody touched, of days that are over at their location (or of earlier days)."""
    last_end = (
        Slot.objects.filter(location=OuterRef("slot__location"))
        .annotate(its_day=TruncDate("starts_at", tzinfo=LOCAL))
        .filter(its_day=OuterRef("local_day"))
        .order_by()
        .values("location")
        .annotate(last=Max("ends_at"))
        .values("last")
    )
    moment = clock(now)
    until = TruncDate(moment, tzinfo=LOCAL)
    return (
        Booking.objects.filter(status=Status.BOOKED)
        .filter(slot__ends_at__lt=moment - STAYS_OPEN, slot__ends_at__gt=moment - LOOKS_BACK)
        .annotate(local_day=TruncDate("slot__starts_at", tzinfo=LOCAL))
        .annotate(day_ended=last_end)
        .filter(**{"local_day__lt" if before_today else "local_day__lte": until})
        .filter(day_ended__lt=moment - STAYS_OPEN)
        .order_by("pk")
    )


def _life() -> QuerySet[Visit]:
    return Visit.objects.filter(
        location=OuterRef("slot__location"), day=OuterRef("local_day"), queue_number__isnull=False
    )


def _settle(booking_id: UUID, target: Status, why: str, now: datetime | None) -> int:
    """Move one booking that is still untouched; 1 if it was, 0 if somebody was quicker."""
    with transaction.atomic():
        booking = (
            Booking.objects.select_for_update(skip_locked=True, no_key=True)
            .filter(pk=booking_id, status=Status.BOOKED)
            .first()
        )
        if booking is None or not may_move(booking.status, target, Actor.SYSTEM):
            return 0
        note_change(who="system", why=why)
        if target is Status.DEFERRED:
            postpone(booking, now or database_now(), reason="closed")
        else:
            set_status(booking, target)
    return 1
