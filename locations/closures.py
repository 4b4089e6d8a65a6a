"""Closing a place for a while, confirming holidays, and opening again.

Closing where somebody has a booking is refused for now, with the list: nobody is dropped silently
(invariant 5). The slots are locked by id before it is looked who is in them; a booking that comes
meanwhile waits, and then finds the slot shut.
"""

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from locations.clock import database_now
from locations.history import note_change
from locations.models import Closure, Location, Slot, Staff
from locations.opening import confirmed_closures, fill, hold
from locations.slots import LOCAL


class ClosureHasBookings(Exception):
    """People have a place in the span; nothing was written. `slots` are theirs, in order."""

    def __init__(self, slots: Sequence[Slot]) -> None:
        self.slots = list(slots)
        self.people = sum(slot.booked for slot in slots)
        super().__init__(f"{self.people} bookings in {len(self.slots)} slots")


def close_slots(
    location: Location | None,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    staff: Staff,
) -> Closure:
    """Shut a location (all of them when None) for a span; the same again changes nothing.

    Raises ClosureHasBookings, and ValidationError where the span is empty or past.
    """
    if ends_at <= starts_at:
        raise ValidationError(_("Akhir penutupan harus sesudah awalnya."), code="empty")
    with transaction.atomic():
        now = database_now()
        if ends_at <= now:
            raise ValidationError(_("Waktu penutupan ini sudah lewat."), code="past")
        _hold_for(location)
        note_change(who=f"staff:{staff.pk}", why=reason)
        closure, made = Closure.objects.get_or_create(
            location=location,
            kind=Closure.Kind.CLOSURE,
            starts_at=starts_at,
            ends_at=ends_at,
            defaults={"reason": reason, "confirmed_at": now, "confirmed_by": staff},
        )
        if made:
            _shut(closure, now)
    return closure


def confirm_closure(closure: Closure, staff: Staff, location: Location | None = None) -> Closure:
    """Put a holiday draft into force, for one location or for all that the draft is for.

    A draft for all that is confirmed for one location stays a draft for the others. Gives the
    closure in force; confirming again changes nothing. Raises ClosureHasBookings.
    """
    with transaction.atomic():
        now = database_now()
        place = location or closure.location
        _hold_for(place)
        if location is not None and closure.location_id is None and not closure.confirmed_at:
            closure = Closure.objects.get_or_create(
                location=location,
                kind=closure.kind,
                starts_at=closure.starts_at,
                ends_at=closure.ends_at,
                defaults={"reason": closure.reason},
            )[0]
        closure = Closure.objects.select_for_update().get(pk=closure.pk)
        if closure.confirmed_at is None:
            note_change(who=f"staff:{staff.pk}", why=closure.reason)
            closure.confirmed_at, closure.confirmed_by = now, staff
            closure.save(update_fields=["confirmed_at", "confirmed_by"])
            _shut(closure, now)
    return closure


def lift_closure(closure: Closure, staff: Staff, why: str) -> int:
    """Open again: the closure goes (a holiday of all places becomes a draft again).

    Slots that another closure covers stay shut by that one; slots that were never made while it
    was closed are made. Gives the number of slots that are open again.
    """
    with transaction.atomic():
        _hold_for(closure.location)
        note_change(who=f"staff:{staff.pk}", why=why)
        for other in _other_closures(closure):
            _overlapping(other).filter(closure=closure).update(closure=other)
        opened = Slot.objects.filter(closure=closure).update(closure=None)
        if closure.location_id is None and closure.kind != Closure.Kind.CLOSURE:
            closure.confirmed_at = closure.confirmed_by = None
            closure.save(update_fields=["confirmed_at", "confirmed_by"])
        else:
            closure.delete()
        now = database_now()
        first = max(closure.starts_at, now).astimezone(LOCAL).date()
        last = closure.ends_at.astimezone(LOCAL).date()
        for location in _places(closure.location_id):
            opened += fill(location, first, last, not_before=now)
    return opened


def drafts_for(location: Location, start: datetime, end: datetime) -> QuerySet[Closure]:
    """Holidays in a span that wait for this location's supervisor: in force neither here nor for
    all."""
    own = Closure.objects.filter(
        location=location,
        kind=OuterRef("kind"),
        starts_at=OuterRef("starts_at"),
        confirmed_at__isnull=False,
    )
    return Closure.objects.filter(
        Q(location=location) | Q(location__isnull=True),
        ~Exists(own),
        confirmed_at__isnull=True,
        starts_at__lt=end,
        ends_at__gt=start,
    )


def closures_for(location: Location, start: datetime, end: datetime) -> QuerySet[Closure]:
    """Closures in force that touch a span, the location's own and those of all."""
    return confirmed_closures(location, start, end)


def _shut(closure: Closure, now: datetime) -> None:
    """Shut the open slots of the span that have not ended; ClosureHasBookings rolls all back."""
    slots = list(
        _overlapping(closure)
        .filter(closure__isnull=True, ends_at__gt=now)
        .order_by("pk")
        .select_related("location")
        .select_for_update(of=("self",), no_key=True)
    )
    booked = [slot for slot in slots if slot.booked]
    if booked:
        raise ClosureHasBookings(sorted(booked, key=lambda slot: (slot.starts_at, slot.pk)))
    Slot.objects.filter(pk__in=[slot.pk for slot in slots]).update(closure=closure)


def _overlapping(closure: Closure) -> QuerySet[Slot]:
    slots = Slot.objects.filter(starts_at__lt=closure.ends_at, ends_at__gt=closure.starts_at)
    return slots if closure.location_id is None else slots.filter(location=closure.location_id)


def _other_closures(closure: Closure) -> QuerySet[Closure]:
    others = Closure.objects.filter(
        confirmed_at__isnull=False,
        starts_at__lt=closure.ends_at,
        ends_at__gt=closure.starts_at,
    ).exclude(pk=closure.pk)
    if closure.location_id is not None:
        others = others.filter(Q(location=closure.location_id) | Q(location__isnull=True))
    return others


def _places(location_id: int | None) -> QuerySet[Location]:
    places = Location.objects.filter(active=True)
    return places if location_id is None else places.filter(pk=location_id)


def _hold_for(location: Location | None) -> None:
    hold(_places(location.pk if location else None).values_list("pk", flat=True))
