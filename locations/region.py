"""A region is a folder of data (docs/decisions.md): what its files say about its places.

`read_places` reads districts, villages, coverage, protocol levels, locations with their counters,
and opening patterns, and notes everything that is wrong. region_loading.py writes them.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from pathlib import Path

from django.db import models

from locations.models import District, HealthProtocol, Location, Village
from locations.region_files import Folder, Row, no_doubles

REGIONS = Path(__file__).resolve().parent / "regions"


@dataclass(frozen=True)
class Rule:
    """A row of patterns.csv. Capacity None: as suggested; reserve in people or in per cent."""

    row: Row
    places: str
    weekdays: tuple[int, ...]
    starts: time
    ends: time
    slot_minutes: int
    capacity: int | None
    reserve: int
    reserve_is_percent: bool
    valid_from: date
    valid_until: date | None

    def overlaps(self, other: "Rule") -> bool:
        return (
            self.places == other.places
            and not set(self.weekdays).isdisjoint(other.weekdays)
            and self.starts < other.ends
            and other.starts < self.ends
            and self.valid_from <= (other.valid_until or date.max)
            and other.valid_from <= (self.valid_until or date.max)
        )


@dataclass
class Places:
    """What the files of a region say about its places. The models are not saved yet."""

    districts: list[District] = field(default_factory=list)
    villages: list[Village] = field(default_factory=list)
    protocols: list[HealthProtocol] = field(default_factory=list)
    locations: list[Location] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)


def region_folder(name: str) -> Path:
    """The folder of a region's data, by its name; FileNotFoundError where there is none."""
    known = {path.name: path for path in REGIONS.iterdir() if path.is_dir()}
    if name not in known:
        raise FileNotFoundError(
            f"There is no region {name!r}; known are: {', '.join(sorted(known))}."
        )
    return known[name]


def length(model: type[models.Model], name: str) -> int:
    """How many letters a column takes."""
    return int(getattr(model._meta.get_field(name), "max_length", None) or 0)


# --- Reading -------------------------------------------------------------------------------------


def read_places(folder: Folder) -> Places:
    """All about the places of a region; what is wrong is noted in `folder.problems`."""
    places = Places()
    rows = folder.table("districts.csv", ["code", "name", "villages"])
    places.districts = _read_districts(rows)
    districts = {district.code: district for district in places.districts}
    places.villages = _read_villages(folder, districts)
    _count_villages(rows, places)
    _read_coverage(folder, districts)
    places.protocols = _read_protocols(folder)
    protocols = {protocol.code: protocol for protocol in places.protocols}
    places.locations, places.counters = _read_locations(folder, districts, protocols)
    places.rules = _read_rules(folder, places.locations)
    return places


def _read_districts(rows: Sequence[Row]) -> list[District]:
    districts = []
    for row in rows:
        code = row.text("code", length(District, "code"))
        if code and not re.fullmatch(r"\d\d\.\d\d\.\d\d", code):
            row.wrong("code", f"{code!r} is not like 35.09.01")
        districts.append(District(code=code, name=row.text("name", length(District, "name"))))
    no_doubles(rows, "code", [district.code for district in districts])
    return districts


def _read_villages(folder: Folder, districts: Collection[str]) -> list[Village]:
    rows = folder.table("villages.csv", ["code", "name", "kecamatan_code"])
    villages = []
    for row in rows:
        code = row.text("code", length(Village, "code"))
        district = row.one_of("kecamatan_code", districts)
        if code and not re.fullmatch(r"\d\d\.\d\d\.\d\d\.\d{4}", code):
            row.wrong("code", f"{code!r} is not like 35.09.01.2001")
        elif district in districts and not code.startswith(district):
            row.wrong("code", f"{code} does not begin with its district's code {district}")
        villages.append(
            Village(code=code, name=row.text("name", length(Village, "name")), district_id=district)
        )
    no_doubles(rows, "code", [village.code for village in villages])
    return villages


def _count_villages(rows: Sequence[Row], places: Places) -> None:
    """A file that was cut short shows in the number of villages that each district must have."""
    for row, district in zip(rows, places.districts, strict=True):
        expected = row.whole("villages", 0, 999)
        found = sum(village.district_id == district.code for village in places.villages)
        if places.villages and found != expected:
            row.wrong("villages", f"says {expected}, but villages.csv has {found}")


def _read_coverage(folder: Folder, districts: dict[str, District]) -> None:
    columns = ["district_code", "obliged", "recorded", "date", "source", "is_example"]
    rows = folder.table("coverage.csv", columns)
    codes = []
    for row in rows:
        code = row.one_of("district_code", districts)
        codes.append(code)
        obliged = row.whole("obliged", 0, 10_000_000)
        recorded = row.whole("recorded", 0, 10_000_000)
        if recorded > obliged:
            row.wrong("recorded", f"{recorded} is more than the {obliged} obliged")
        district = districts.get(code, District())
        district.obliged, district.recorded = obliged, recorded
        district.coverage_date = row.day("date")
        district.coverage_source = row.text("source", length(District, "coverage_source"))
        district.coverage_is_example = row.flag("is_example")
    no_doubles(rows, "district_code", codes)


PROTOCOL_KEYS = [
    "code", "rank", "name_id", "name_en", "square_metres_each", "percent", "mask",
    "temperature_limit", "asks_symptoms", "companions_max", "instructions_id", "instructions_en",
    "short_id", "short_en",
]  # fmt: skip


def _read_protocols(folder: Folder) -> list[HealthProtocol]:
    rows = folder.entries("protocols.toml", "protocol", PROTOCOL_KEYS)
    protocols = [_read_protocol(row) for row in rows]
    no_doubles(rows, "code", [protocol.code for protocol in protocols])
    no_doubles(rows, "rank", [protocol.rank for protocol in protocols])
    return protocols


def _read_protocol(row: Row) -> HealthProtocol:
    companions = row.whole("companions_max", -1, 20, default=-1)
    protocol = HealthProtocol(
        code=row.slug("code", length(HealthProtocol, "code")),
        rank=row.whole("rank", 1, 99),
        name_id=row.text("name_id", length(HealthProtocol, "name_id")),
        name_en=row.text("name_en", length(HealthProtocol, "name_en")),
        square_metres_each=row.decimal("square_metres_each", "0.1", "100", places=1) or Decimal(1),
        percent=row.whole("percent", 1, 100),
        mask=row.one_of("mask", HealthProtocol.Mask.values),
        temperature_limit=row.decimal("temperature_limit", "35", "42", places=1, default=None),
        asks_symptoms=row.flag("asks_symptoms"),
        companions_max=None if companions < 0 else companions,
        instructions_id=row.texts("instructions_id"),
        instructions_en=row.texts("instructions_en"),
        short_id=row.text("short_id", length(HealthProtocol, "short_id")),
        short_en=row.text("short_en", length(HealthProtocol, "short_en")),
    )
    for name in ("short_id", "short_en"):
        if not getattr(protocol, name).isascii():
            row.wrong(name, "must be plain letters (ASCII): one other makes an SMS half as long")
    return protocol


LOCATION_COLUMNS = [
    "slug", "name", "kind", "district_code", "address", "address_is_example", "latitude",
    "longitude", "room_square_metres", "normal_capacity", "room_is_example", "counters",
    "minutes_per_person", "minutes_in_room", "protocol",
]  # fmt: skip


def _read_locations(
    folder: Folder, districts: dict[str, District], protocols: dict[str, HealthProtocol]
) -> tuple[list[Location], dict[str, int]]:
    rows = folder.table("locations.csv", LOCATION_COLUMNS)
    locations, counters = [], {}
    for row in rows:
        protocol = protocols.get(row.one_of("protocol", protocols))
        location = Location(
            slug=row.slug("slug", length(Location, "slug")),
            name=row.text("name", length(Location, "name")),
            kind=row.one_of("kind", Location.Kind.values),
            district_id=row.one_of("district_code", districts),
            address=row.text("address", length(Location, "address")),
            address_is_example=row.flag("address_is_example"),
            latitude=row.decimal("latitude", "-90", "90", places=5, default=None),
            longitude=row.decimal("longitude", "-180", "180", places=5, default=None),
            room_square_metres=row.decimal("room_square_metres", "1", "99999", places=1)
            or Decimal(1),
            normal_capacity=row.whole("normal_capacity", 1, 5000),
            room_is_example=row.flag("room_is_example"),
            minutes_per_person=row.whole("minutes_per_person", 1, 240),
            minutes_in_room=row.whole("minutes_in_room", 1, 480),
            **({"protocol": protocol} if protocol else {}),
        )
        if (location.latitude is None) != (location.longitude is None):
            row.wrong("latitude", "and longitude are given together or not at all")
        locations.append(location)
        counters[location.slug] = row.whole("counters", 1, 99)
    no_doubles(rows, "slug", [location.slug for location in locations])
    return locations, counters


RULE_COLUMNS = [
    "places", "weekdays", "starts", "ends", "slot_minutes", "capacity", "reserve", "valid_from",
    "valid_until",
]  # fmt: skip


def _read_rules(folder: Folder, locations: Sequence[Location]) -> list[Rule]:
    places = {"all", *Location.Kind.values, *(location.slug for location in locations)}
    rules: list[Rule] = []
    for row in folder.table("patterns.csv", RULE_COLUMNS):
        noted = len(folder.problems.found)
        rule = _read_rule(row, places)
        if len(folder.problems.found) > noted:
            continue
        for other in rules:
            if rule.overlaps(other):
                row.wrong("starts", f"overlaps the rule on line {other.row.line}")
        rules.append(rule)
    return rules


def _read_rule(row: Row, places: Collection[str]) -> Rule:
    reserve = row.text("reserve", 5)
    if not re.fullmatch(r"\d{1,3}%?", reserve):
        row.wrong("reserve", f"{reserve!r} is neither a number of people nor a percentage")
        reserve = "0"
    suggested = row.values.get("capacity") == "suggested"
    rule = Rule(
        row=row,
        places=row.one_of("places", places),
        weekdays=_weekdays(row),
        starts=row.clock("starts") or time.min,
        ends=row.clock("ends") or time.max,
        slot_minutes=row.whole("slot_minutes", 5, 480),
        capacity=None if suggested else row.whole("capacity", 0, 1000),
        reserve=int(reserve.rstrip("%")),
        reserve_is_percent=reserve.endswith("%"),
        valid_from=row.day("valid_from") or date.min,
        valid_until=row.day("valid_until", default=None),
    )
    if rule.ends <= rule.starts:
        row.wrong("ends", "must be later than starts")
    if rule.valid_until and rule.valid_until < rule.valid_from:
        row.wrong("valid_until", "must not be before valid_from")
    if rule.reserve_is_percent and rule.reserve > 100:
        row.wrong("reserve", "is more than the whole")
    if not rule.reserve_is_percent and not suggested and rule.reserve > (rule.capacity or 0):
        row.wrong("reserve", "is more than the capacity")
    return rule


def _weekdays(row: Row) -> tuple[int, ...]:
    """`5`, `1-4` or `1,3,5`."""
    text = row.text("weekdays", 20)
    if found := re.fullmatch(r"([1-7])-([1-7])", text):
        return tuple(range(int(found[1]), int(found[2]) + 1))
    if re.fullmatch(r"[1-7](,[1-7])*", text):
        return tuple(sorted({int(day) for day in text.split(",")}))
    row.wrong("weekdays", f"{text!r} is not like 5, 1-4 or 1,3,5")
    return ()
