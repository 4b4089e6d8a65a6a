"""Writing what a region's files say, without undoing what the office decided.

What is missing is made. Texts and reference data follow the files; an example never replaces what
is real; what the office decides stays, unless everything is overwritten. The README of a region
says the same to whoever loads it. Runs in the caller's transaction.
"""

from collections import Counter as Count
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import models

from locations.distancing import suggest_for, usual_reserve
from locations.models import (
    Counter,
    District,
    HealthProtocol,
    Location,
    OpeningPattern,
    Village,
)
from locations.region import Places, Rule

M = TypeVar("M", bound=models.Model)

COVERAGE = {"obliged", "recorded", "coverage_source", "coverage_date", "coverage_is_example"}
ADDRESS = {"address", "address_is_example", "latitude", "longitude"}
ROOM = {"room_square_metres", "normal_capacity", "room_is_example"}
PROTOCOL_TEXTS = {
    "name_id", "name_en", "instructions_id", "instructions_en", "short_id", "short_en",
}  # fmt: skip
PROTOCOL_LIMITS = {
    "rank", "square_metres_each", "percent", "mask", "temperature_limit", "asks_symptoms",
    "companions_max",
}  # fmt: skip


@dataclass
class Tally:
    """What was done with the rows of one kind."""

    kind: str
    made: int = 0
    changed: int = 0
    unchanged: int = 0

    def __str__(self) -> str:
        return f"{self.kind}: {self.made} made, {self.changed} changed, {self.unchanged} unchanged"


def write_places(places: Places, *, overwrite: bool = False) -> Iterator[Tally]:
    """Write a region's places, one kind after another; gives the tally of each."""
    yield bring(
        "districts",
        District,
        "code",
        places.districts,
        lambda old, new: _district(old, new, overwrite),
    )
    yield bring(
        "villages", Village, "code", places.villages, lambda old, new: {"name", "district_id"}
    )
    yield bring(
        "protocol levels",
        HealthProtocol,
        "code",
        places.protocols,
        lambda old, new: PROTOCOL_TEXTS | (PROTOCOL_LIMITS if overwrite else set()),
    )
    known = set(Location.objects.values_list("slug", flat=True))
    yield bring(
        "locations",
        Location,
        "slug",
        places.locations,
        lambda old, new: _location(old, new, overwrite),
    )
    fresh = [place for place in places.locations if overwrite or place.slug not in known]
    locations = list(
        Location.objects.filter(slug__in=[place.slug for place in fresh]).select_related("protocol")
    )
    yield _write_counters(locations, places.counters)
    yield _write_patterns(locations, places.rules, places.counters)


def bring(
    kind: str,
    model: type[M],
    key: str,
    wanted: Sequence[M],
    follows: Callable[[M, M], Iterable[str]],
) -> Tally:
    """Make the rows that are missing, and change those that differ in the columns that follow.

    `follows(old, new)` names these columns (attribute names). A row that does not differ is not
    written at all, so a second load leaves no trace in the history.
    """
    tally = Tally(kind)
    there = {getattr(row, key): row for row in model._default_manager.all()}
    missing = []
    for new in wanted:
        old = there.get(getattr(new, key))
        if old is None:
            missing.append(new)
            continue
        changed = [name for name in follows(old, new) if getattr(old, name) != getattr(new, name)]
        for name in changed:
            setattr(old, name, getattr(new, name))
        if changed:
            old.save(update_fields=changed)
        tally.changed += bool(changed)
        tally.unchanged += not changed
    model._default_manager.bulk_create(missing)
    tally.made = len(missing)
    return tally


def _district(old: District, new: District, overwrite: bool) -> set[str]:
    """Figures of coverage follow unless what is there is real, or newer."""
    stays = not old.coverage_is_example and (
        new.coverage_is_example
        or (old.coverage_date and new.coverage_date and old.coverage_date > new.coverage_date)
    )
    return {"name"} | (COVERAGE if overwrite or not stays else set())


def _location(old: Location, new: Location, overwrite: bool) -> set[str]:
    follows = {"name", "kind", "district_id"}
    if overwrite or old.address_is_example or not new.address_is_example:
        follows |= ADDRESS
    if overwrite or old.room_is_example or not new.room_is_example:
        follows |= ROOM
    if overwrite:
        follows |= {"minutes_per_person", "minutes_in_room", "protocol_id"}
    return follows


def _write_counters(locations: Iterable[Location], numbers: dict[str, int]) -> Tally:
    """Desks 1 … n of each new location; none is taken away."""
    tally = Tally("counters")
    there = set(
        Counter.objects.filter(location__in=list(locations)).values_list("location_id", "number")
    )
    wanted = [
        Counter(location=location, number=number)
        for location in locations
        for number in range(1, numbers[location.slug] + 1)
    ]
    missing = [desk for desk in wanted if (desk.location_id, desk.number) not in there]
    Counter.objects.bulk_create(missing)
    tally.made, tally.unchanged = len(missing), len(wanted) - len(missing)
    return tally


def _write_patterns(
    locations: Sequence[Location], rules: Sequence[Rule], counters: dict[str, int]
) -> Tally:
    """The opening patterns of new locations; with overwrite, in place of those that are there."""
    tally = Tally("opening patterns")
    there: Count[Any] = Count()
    patterns = [
        pattern
        for location in locations
        for rule in rules_for(location, rules)
        for pattern in _patterns(location, rule, counters[location.slug])
    ]
    old = OpeningPattern.objects.filter(location__in=[location.pk for location in locations])
    there.update(_shape(pattern) for pattern in old)
    if there != Count(_shape(pattern) for pattern in patterns):
        old.delete()
        OpeningPattern.objects.bulk_create(patterns)
        tally.made = len(patterns)
    else:
        tally.unchanged = len(patterns)
    return tally


def rules_for(location: Location, rules: Sequence[Rule]) -> list[Rule]:
    """The rules of a location: its own; else those of its kind; else those of all."""
    for places in (location.slug, location.kind, "all"):
        own = [rule for rule in rules if rule.places == places]
        if own:
            return own
    return []


def _patterns(location: Location, rule: Rule, counters: int) -> Iterator[OpeningPattern]:
    capacity = rule.capacity
    if capacity is None:
        capacity = suggest_for(location, slot_minutes=rule.slot_minutes, counters=counters).capacity
    reserve = rule.reserve
    if rule.reserve_is_percent:
        reserve = usual_reserve(capacity, rule.reserve) if rule.reserve else 0
    for weekday in rule.weekdays:
        yield OpeningPattern(
            location=location,
            weekday=weekday,
            starts=rule.starts,
            ends=rule.ends,
            slot_minutes=rule.slot_minutes,
            capacity=capacity,
            reserve=min(reserve, capacity),
            valid_from=rule.valid_from,
            valid_until=rule.valid_until,
        )


def _shape(pattern: OpeningPattern) -> tuple[Any, ...]:
    return (
        pattern.location_id, pattern.weekday, pattern.starts, pattern.ends, pattern.slot_minutes,
        pattern.capacity, pattern.reserve, pattern.valid_from, pattern.valid_until,
    )  # fmt: skip
