"""From weekly rules and exceptions to slots, and what happens to slots when a rule changes.

`make_slots` fills a rolling horizon and only ever adds. `save_rule` and `remove_rule` change a rule
and reconcile the slots ahead: what holds a booking, or was changed by hand, stays and is reported.

Whoever makes or shuts slots of a location holds its row (`hold`), so that a slot made while a
closure is being confirmed cannot slip into it. Lock order: locations by id, then slots by id.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import PROTECT, Q, QuerySet
from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from locations.clock import database_now
from locations.history import note_change
from locations.models import Closure, Location, OpeningException, OpeningPattern, Slot
from locations.slots import LOCAL

Rule = OpeningPattern | OpeningException
BOOKED, EDITED = "booked", "edited"


class Window(NamedTuple):
    """A slot that the rules ask for; times are aware, `pattern_id` None for an exception's."""

    starts_at: datetime
    ends_at: datetime
    capacity: int
    reserve: int
    pattern_id: int | None


@dataclass
class Made:
    """What `make_slots` did."""

    slots: int = 0
    locations: int = 0


@dataclass(frozen=True)
class Kept:
    """A slot that no longer agrees with the rules and was left as it is; why: booked, edited."""

    slot: Slot
    why: str


@dataclass
class Reconciled:
    """What became of the slots ahead when a rule changed.

    `emptied`: out of the rules and without any booking now, but named by past ones: they stay with
    a capacity of 0. `kept` are reported to whoever changed the rule, never changed silently.
    """

    made: int = 0
    changed: int = 0
    removed: int = 0
    emptied: int = 0
    kept: list[Kept] = field(default_factory=list)


# --- What the rules ask for ----------------------------------------------------------------------


def windows(
    first: date,
    last: date,
    patterns: Sequence[OpeningPattern],
    exceptions: Sequence[OpeningException],
) -> Iterator[Window]:
    """The slots that a location's rules ask for on local days `first` to `last`, in order.

    On a date with exceptions they take the place of the weekly rule. What is left over at the end
    of a rule and shorter than a slot is not used.
    """
    by_date = defaultdict(list)
    for exception in exceptions:
        by_date[exception.date].append(exception)
    for day in days(first, last):
        rules: Sequence[Rule] = by_date.get(day) or [
            pattern
            for pattern in patterns
            if pattern.weekday == day.isoweekday()
            and pattern.valid_from <= day
            and (pattern.valid_until is None or day <= pattern.valid_until)
        ]
        for rule in sorted(rules, key=lambda rule: rule.starts):
            yield from _windows_of(rule, day)


def _windows_of(rule: Rule, day: date) -> Iterator[Window]:
    length = timedelta(minutes=rule.slot_minutes)
    # In UTC as the database gives them: comparing across time zones is ten times slower.
    starts_at = datetime.combine(day, rule.starts, tzinfo=LOCAL).astimezone(UTC)
    end = datetime.combine(day, rule.ends, tzinfo=LOCAL).astimezone(UTC)
    pattern_id = rule.pk if isinstance(rule, OpeningPattern) else None
    while starts_at + length <= end:
        yield Window(starts_at, starts_at + length, rule.capacity, rule.reserve, pattern_id)
        starts_at += length


def days(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def span(first: date, last: date) -> tuple[datetime, datetime]:
    """From the start of one local day to the end of another."""
    start = datetime.combine(first, time.min, tzinfo=LOCAL)
    return start, datetime.combine(last + timedelta(days=1), time.min, tzinfo=LOCAL)


def asked_for(location: Location, first: date, last: date) -> list[Window]:
    """What a location's stored rules ask for; two statements."""
    patterns = location.patterns.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gte=first), valid_from__lte=last
    )
    exceptions = location.exceptions.filter(date__gte=first, date__lte=last)
    return list(windows(first, last, list(patterns), list(exceptions)))


# --- Making slots ahead --------------------------------------------------------------------------


def make_slots(
    locations: Iterable[Location] | None = None,
    *,
    days_ahead: int | None = None,
    today: date | None = None,
) -> Made:
    """Make the slots that are missing, from today over the horizon; a second time makes none.

    One transaction per location (all active ones when None). No slot is made inside a confirmed
    closure, nor where it would overlap a slot that is there.
    """
    first = today or local_today()
    last = first + timedelta(days=(days_ahead or settings.SLOT_HORIZON_DAYS) - 1)
    made = Made()
    for location in Location.objects.filter(active=True) if locations is None else locations:
        with transaction.atomic():
            hold([location.pk])
            made.slots += fill(location, first, last)
        made.locations += 1
    return made


def fill(location: Location, first: date, last: date, not_before: datetime | None = None) -> int:
    """Add what is missing of a location whose row is held; gives the number of slots made."""
    start, end = span(first, last)
    taken = list(
        Slot.objects.filter(location=location, starts_at__lt=end, ends_at__gt=start)
        .order_by("starts_at")
        .values_list("starts_at", "ends_at")
    )
    closed = list(confirmed_closures(location, start, end).values_list("starts_at", "ends_at"))
    missing = [
        window
        for window in asked_for(location, first, last)
        if not _meets(window, taken)
        and not any(window.starts_at < until and since < window.ends_at for since, until in closed)
        and (not_before is None or window.starts_at > not_before)
    ]
    # A conflict can only come from a row that was written past `hold`: the constraint wins.
    Slot.objects.bulk_create(
        (Slot(location=location, **window._asdict()) for window in missing), ignore_conflicts=True
    )
    return len(missing)


def _meets(window: Window, taken: Sequence[tuple[datetime, datetime]]) -> bool:
    """Whether a window overlaps one of these spans, which are in order and do not overlap."""
    before = bisect_left(taken, window.ends_at, key=lambda span: span[0])
    return before > 0 and taken[before - 1][1] > window.starts_at


def confirmed_closures(location: Location, start: datetime, end: datetime) -> QuerySet[Closure]:
    """Closures in force that touch a span: the location's own, and those of all locations."""
    return Closure.objects.filter(
        Q(location=location) | Q(location__isnull=True),
        confirmed_at__isnull=False,
        starts_at__lt=end,
        ends_at__gt=start,
    )


def hold(location_ids: Iterable[int]) -> None:
    """Lock locations, by id, until the transaction ends: nobody else makes or shuts their slots."""
    list(
        Location.objects.filter(pk__in=list(location_ids))
        .order_by("pk")
        .select_for_update(no_key=True)
        .values_list("pk")
    )


def local_today() -> date:
    return database_now().astimezone(LOCAL).date()


# --- Changing a rule -----------------------------------------------------------------------------


def save_rule(rule: Rule, *, who: str, why: str) -> Reconciled:
    """Save a new or changed pattern or exception, and bring the slots ahead in line with it.

    Raises ValidationError with whole sentences where the rule is wrong or overlaps another one.
    """
    with transaction.atomic():
        hold([rule.location_id])
        check_rule(rule)
        note_change(who=who, why=why)
        rule.save()
        return reconcile(rule.location)


def remove_rule(rule: Rule, *, who: str, why: str) -> Reconciled:
    """Take a pattern or exception away, and bring the slots ahead in line."""
    with transaction.atomic():
        hold([rule.location_id])
        note_change(who=who, why=why)
        location = rule.location
        rule.delete()
        return reconcile(location)


def check_rule(rule: Rule) -> None:
    """ValidationError with sentences for people, where a rule is wrong or overlaps another one."""
    rule.full_clean()
    for other in _rules_beside(rule):
        if rule.starts < other.ends and other.starts < rule.ends:
            raise ValidationError(
                _("Jam ini bertabrakan dengan %(rule)s. Ubah jamnya, atau akhiri dulu aturan itu."),
                code="overlaps",
                params={"rule": in_words(other)},
            )


def _rules_beside(rule: Rule) -> Iterable[Rule]:
    """The other rules that hold on a day on which this one holds."""
    if isinstance(rule, OpeningException):
        others = OpeningException.objects.filter(location=rule.location_id, date=rule.date)
        return others.exclude(pk=rule.pk)
    patterns = OpeningPattern.objects.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gte=rule.valid_from),
        location=rule.location_id,
        weekday=rule.weekday,
    )
    if rule.valid_until is not None:
        patterns = patterns.filter(valid_from__lte=rule.valid_until)
    return patterns.exclude(pk=rule.pk)


def in_words(rule: Rule) -> str:
    """A rule for people: "pola Senin pukul 08.00–12.00"."""
    hours = {"starts": f"{rule.starts:%H.%M}", "ends": f"{rule.ends:%H.%M}"}
    if isinstance(rule, OpeningException):
        return _("jam khusus %(date)s pukul %(starts)s–%(ends)s") % {
            "date": date_format(rule.date),
            **hours,
        }
    return _("pola %(weekday)s pukul %(starts)s–%(ends)s") % {
        "weekday": WEEKDAYS[rule.weekday - 1],
        **hours,
    }


def reconcile(location: Location) -> Reconciled:
    """Bring a location's slots ahead in line with its rules; inside a transaction that holds it.

    Slots that hold a booking or were changed by hand are left and reported; so are all that have
    begun, silently. The others are changed, removed, or made.
    """
    now = database_now()
    first = now.astimezone(LOCAL).date()
    last = first + timedelta(days=settings.SLOT_HORIZON_DAYS - 1)
    wanted = {
        (window.starts_at, window.ends_at): window for window in asked_for(location, first, last)
    }
    done = Reconciled()
    change: dict[tuple[int, int], list[int]] = defaultdict(list)
    remove = []
    ahead = Slot.objects.filter(location=location, starts_at__gt=now).order_by("pk")
    for slot in ahead.select_for_update():
        window = wanted.get((slot.starts_at, slot.ends_at))
        if window and (window.capacity, window.reserve) == (slot.capacity, slot.reserve):
            continue
        if slot.booked or slot.edited:
            done.kept.append(Kept(slot, BOOKED if slot.booked else EDITED))
        elif window:
            change[window.capacity, window.reserve].append(slot.pk)
        else:
            remove.append(slot.pk)
    for (capacity, reserve), ids in change.items():
        done.changed += Slot.objects.filter(pk__in=ids).update(capacity=capacity, reserve=reserve)
    used = _ever_booked(remove)
    done.emptied = Slot.objects.filter(pk__in=used).update(capacity=0, reserve=0)
    done.removed = Slot.objects.filter(pk__in=set(remove) - used).delete()[0]
    done.made = fill(location, first, last, not_before=now)
    return done


def _ever_booked(slot_ids: Sequence[int]) -> set[int]:
    """Which of these slots something refers to (cancelled bookings do), so that they must stay."""
    used: set[int] = set()
    for relation in Slot._meta.related_objects:
        if relation.on_delete is PROTECT:
            rows = relation.related_model._default_manager.filter(
                **{f"{relation.field.name}__in": slot_ids}
            )
            used.update(rows.values_list(relation.field.attname, flat=True))
    return used
