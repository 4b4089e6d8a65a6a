"""Raise, cut or close what a location takes, knowing whom it hits.

A change of capacity never touches a booking: who is above the new number keeps the place, the slot
takes nobody new and drains (invariants 1 and 5). Slots are locked by id, in one order for
everybody; bookings are never locked here. `excess` follows the capacity by a trigger.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Least
from django.utils.translation import gettext as _

from locations.history import note_change
from locations.models import HealthProtocol, Location, Slot, Staff
from locations.slots import LOCAL, clock
from services.conflicts import retried
from services.identity import is_mobile
from services.lifecycle import HOLDING
from services.models import Booking
from services.refusals import FieldRefusal, NotFound

CAPACITY_MAX = 1000
REASON_MAX = 200
SLOTS_MAX = 2000


@dataclass(frozen=True)
class Over:
    """Somebody above the new number. Unreachable: no message can reach them, so somebody calls."""

    booking: Booking
    reachable: bool


@dataclass(frozen=True)
class Change:
    """What a change does, or has done, to slots. `affected` people are above the new number."""

    slots: int
    booked: int
    affected: int
    draining: int
    people: list[Over] = field(default_factory=list)

    @property
    def unreachable(self) -> int:
        return sum(1 for over in self.people if not over.reachable)


def slots_by_rule(
    location: Location,
    first: date,
    last: date,
    weekdays: Sequence[int] = (),
    start_time: time | None = None,
    end_time: time | None = None,
    now: datetime | None = None,
) -> QuerySet[Slot]:
    """The slots of a location from one local day to another that have not ended.

    `weekdays` as in ISO (1 = Monday), all when empty. `start_time` ≤ a slot's start < `end_time`.
    """
    start = datetime.combine(first, time.min, tzinfo=LOCAL)
    end = datetime.combine(last, time.min, tzinfo=LOCAL) + timedelta(days=1)
    slots = Slot.objects.filter(
        location=location, starts_at__gte=start, starts_at__lt=end, ends_at__gt=clock(now)
    )
    if weekdays:
        slots = slots.filter(starts_at__iso_week_day__in=list(weekdays))
    if start_time is not None:
        slots = slots.filter(starts_at__time__gte=start_time)
    if end_time is not None:
        slots = slots.filter(starts_at__time__lt=end_time)
    return slots.order_by("starts_at")


def check_change(capacity: int | None, reserve: int | None, reason: str) -> str:
    """The reason, cleaned. FieldRefusal where the numbers or the reason can't be taken."""
    if capacity is None and reserve is None:
        raise FieldRefusal("capacity", "required", _("Isi kuota atau kuota datang langsung."))
    if capacity is not None and not 0 <= capacity <= CAPACITY_MAX:
        raise FieldRefusal("capacity", "invalid", _("Kuota: 0 sampai 1.000 orang."))
    if reserve is not None and not 0 <= reserve <= CAPACITY_MAX:
        raise FieldRefusal("reserve", "invalid", _("Kuota datang langsung: 0 sampai 1.000 orang."))
    if capacity is not None and reserve is not None and reserve > capacity:
        raise FieldRefusal(
            "reserve", "invalid", _("Kuota datang langsung paling banyak sebesar kuota.")
        )
    return check_reason(reason)


def check_reason(reason: str) -> str:
    """One line of at most 200 characters that says why; FieldRefusal where it does not."""
    cleaned = reason.strip()
    if not cleaned:
        raise FieldRefusal("reason", "required", _("Tulis alasannya; alasan tersimpan di riwayat."))
    if len(cleaned) > REASON_MAX:
        raise FieldRefusal("reason", "max_length", _("Alasan paling banyak 200 huruf."))
    if not cleaned.isprintable():
        raise FieldRefusal("reason", "invalid", _("Tulis alasan dalam satu baris biasa."))
    return cleaned


def preview_change(slots: QuerySet[Slot], capacity: int | None, reserve: int | None) -> Change:
    """Whom a change would hit, if it were made now; nothing is written. Two statements.

    `capacity` None keeps what each slot has. Over the number are those who booked last. A reserve
    hits nobody: it only keeps places from being booked ahead.
    """
    return _change(slots, _new_capacity(capacity))


def over_capacity(location: Location, now: datetime | None = None) -> Change:
    """The slots of a location that drain at present, and who is above their capacity."""
    slots = Slot.objects.filter(location=location, ends_at__gt=clock(now), excess__gt=0)
    return _change(slots, F("capacity"))


@retried
def apply_change(
    *,
    location: Location,
    slot_ids: Sequence[int],
    capacity: int | None,
    reserve: int | None,
    reason: str,
    staff: Staff,
    now: datetime | None = None,
) -> Change:
    """Change what slots of a location take, for a reason; every booking stays where it is.

    What it returns is counted from the rows after the cut, while they are still locked: the fact,
    whatever a preview said. A reserve is held to the capacity. Raises FieldRefusal, and NotFound
    where one of the slots is of another place or has ended; then nothing was written.
    """
    reason = check_change(capacity, reserve, reason)
    wanted = sorted(set(slot_ids))
    with transaction.atomic():
        slots = Slot.objects.filter(location=location, pk__in=wanted, ends_at__gt=clock(now))
        locked = slots.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True)
        if not wanted or list(locked) != wanted:
            raise NotFound(_("Sebagian sesi sudah lewat. Pilih lagi sesinya."))
        note_change(who=f"staff:{staff.pk}", why=reason)
        slots.update(
            capacity=_new_capacity(capacity),
            reserve=Least(
                F("reserve") if reserve is None else Value(reserve), _new_capacity(capacity)
            ),
            edited=True,
        )
        return _change(slots, F("capacity"))


def _new_capacity(capacity: int | None) -> F | Value:
    return F("capacity") if capacity is None else Value(capacity)


def _change(slots: QuerySet[Slot], new_capacity: F | Value) -> Change:
    """Count what slots with this capacity hold too many: two statements."""
    rows = list(slots.values_list("pk", "booked", new_capacity))
    over = {pk: booked - new for pk, booked, new in rows if booked > new}
    return Change(
        slots=len(rows),
        booked=sum(booked for _pk, booked, _new in rows),
        affected=sum(over.values()),
        draining=len(over),
        people=_last_booked(over),
    )


def _last_booked(over: dict[int, int]) -> list[Over]:
    """Of each slot (id → how many are too many) those who booked last, by slot and time."""
    holding = (
        Booking.objects.filter(slot__in=list(over), status__in=HOLDING)
        .select_related("slot", "service")
        .order_by("slot__starts_at", "-created_at")
    )
    left, people = dict(over), []
    for booking in holding:
        if left[booking.slot_id] > 0:
            left[booking.slot_id] -= 1
            people.append(Over(booking, reachable=is_reachable(booking)))
    return people


def people_in(slot_ids: Sequence[int]) -> list[Over]:
    """Everybody who has a place in these slots, by time."""
    holding = (
        Booking.objects.filter(slot__in=list(slot_ids), status__in=HOLDING)
        .select_related("slot", "service")
        .order_by("slot__starts_at", "created_at")
    )
    return [Over(booking, reachable=is_reachable(booking)) for booking in holding]


def is_reachable(booking: Booking) -> bool:
    """Whether a message can reach this person: a mobile number or an e-mail address."""
    return bool(booking.email_sealed) or is_mobile(booking.phone)


@retried
def switch_protocol(
    *, location: Location, protocol: HealthProtocol, reason: str, staff: Staff
) -> bool:
    """Put another level of the health protocol in force at a location; False if it was already.

    Screening, the room's limit and the texts of messages follow at once; who was told the former
    level soon hears of it (protocol_news.py). Capacities do not change by themselves: a supervisor
    decides on them.
    """
    reason = check_reason(reason)
    with transaction.atomic():
        note_change(who=f"staff:{staff.pk}", why=reason)
        others = Location.objects.filter(pk=location.pk).exclude(protocol=protocol)
        return bool(others.update(protocol=protocol))
