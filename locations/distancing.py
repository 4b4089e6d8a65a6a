"""Suggested capacity of a slot: the counters' pace, or the room under the protocol in force.

Pure arithmetic (docs/domain.md section 3, docs/design.md section 3), with every step kept so that a
page can show the reasons. It is a suggestion: a supervisor may decide otherwise and says why.
"""

from dataclasses import dataclass
from decimal import Decimal
from math import ceil

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from locations.models import HealthProtocol, Location

COUNTERS, AREA, PERCENT, SHARE = "counters", "area", "percent", "share"


@dataclass(frozen=True)
class Step:
    """One line of the reckoning: what is reckoned (`key`), from which numbers, and what comes out.

    `numbers` by key: counters (counters, slot_minutes, minutes_per_person) · area
    (room_square_metres, square_metres_each) · percent (normal_capacity, percent) · share
    (inside_limit, slots_at_once). `result` is people, rounded down.
    """

    key: str
    numbers: dict[str, int | Decimal]
    result: int

    @property
    def label(self) -> str:
        return {
            COUNTERS: _("Loket"),
            AREA: _("Luas ruang"),
            PERCENT: _("Persentase"),
            SHARE: _("Ruang per sesi"),
        }[self.key]

    @property
    def arithmetic(self) -> str:
        """The reckoning in words: "4 loket × 30 menit ÷ 10 menit"."""
        sentence = {
            COUNTERS: _(
                "%(counters)s loket × %(slot_minutes)s menit ÷ %(minutes_per_person)s menit"
            ),
            AREA: _("%(room_square_metres)s m² ÷ %(square_metres_each)s m² per orang"),
            PERCENT: _("%(normal_capacity)s orang × %(percent)s %%"),
            SHARE: _("%(inside_limit)s orang ÷ %(slots_at_once)s sesi bersamaan"),
        }[self.key]
        return sentence % {name: _in_words(number) for name, number in self.numbers.items()}


@dataclass(frozen=True)
class Suggestion:
    """How many people a slot should hold, how that is reckoned, and what limits it.

    `limited_by` is "counters", "area" or "percent"; the counters where both give the same.
    """

    capacity: int
    inside_limit: int
    steps: tuple[Step, ...]
    limited_by: str

    @property
    def limit_in_words(self) -> str:
        return {
            COUNTERS: pgettext("saran kuota", "loket yang membatasi"),
            AREA: pgettext("saran kuota", "ruangan yang membatasi"),
            PERCENT: pgettext("saran kuota", "persentase protokol yang membatasi"),
        }[self.limited_by]


def suggest(
    *,
    counters: int,
    slot_minutes: int,
    minutes_per_person: int,
    room_square_metres: Decimal,
    square_metres_each: Decimal,
    normal_capacity: int,
    percent: int,
    minutes_in_room: int,
) -> Suggestion:
    """The smaller of what the counters can serve in a slot and what the room can take.

    People stay `minutes_in_room` after they arrive, so slots that overlap in the room share it.
    """
    served = Step(
        COUNTERS,
        {
            "counters": counters,
            "slot_minutes": slot_minutes,
            "minutes_per_person": minutes_per_person,
        },
        counters * slot_minutes // minutes_per_person,
    )
    area, share_of_normal = _room(room_square_metres, square_metres_each, normal_capacity, percent)
    inside = min(area.result, share_of_normal.result)
    at_once = max(1, ceil(minutes_in_room / slot_minutes))
    share = Step(SHARE, {"inside_limit": inside, "slots_at_once": at_once}, inside // at_once)

    if served.result <= share.result:
        limited_by = COUNTERS
    else:
        limited_by = AREA if area.result <= share_of_normal.result else PERCENT
    return Suggestion(
        capacity=min(served.result, share.result),
        inside_limit=inside,
        steps=(served, area, share_of_normal, share),
        limited_by=limited_by,
    )


def _room(
    room_square_metres: Decimal, square_metres_each: Decimal, normal_capacity: int, percent: int
) -> tuple[Step, Step]:
    """The two limits of a room: by area per person, and by the share of ordinary times."""
    return (
        Step(
            AREA,
            {"room_square_metres": room_square_metres, "square_metres_each": square_metres_each},
            int(room_square_metres // square_metres_each),
        ),
        Step(
            PERCENT,
            {"normal_capacity": normal_capacity, "percent": percent},
            normal_capacity * percent // 100,
        ),
    )


def inside_limit(location: Location, protocol: HealthProtocol | None = None) -> int:
    """How many people may be in the room at once, under a level (the one in force when None)."""
    level = protocol or location.protocol
    steps = _room(
        location.room_square_metres,
        level.square_metres_each,
        location.normal_capacity,
        level.percent,
    )
    return min(step.result for step in steps)


def suggest_for(
    location: Location,
    *,
    slot_minutes: int = 30,
    protocol: HealthProtocol | None = None,
    counters: int | None = None,
) -> Suggestion:
    """The suggestion for a location; counts its active counters unless a number is given."""
    level = protocol or location.protocol
    if counters is None:
        counters = location.counters.filter(active=True).count()
    return suggest(
        counters=counters,
        slot_minutes=slot_minutes,
        minutes_per_person=location.minutes_per_person,
        room_square_metres=location.room_square_metres,
        square_metres_each=level.square_metres_each,
        normal_capacity=location.normal_capacity,
        percent=level.percent,
        minutes_in_room=location.minutes_in_room,
    )


def usual_reserve(capacity: int, percent: int = 20) -> int:
    """Places kept for people who come without a booking: about a fifth, at least one of two."""
    if capacity < 2:
        return 0
    return max(1, round(capacity * percent / 100))


def _in_words(number: int | Decimal) -> str:
    """60, 1,5: in the reader's notation, without an empty decimal place."""
    if isinstance(number, Decimal):
        number = number.normalize()
        if number == number.to_integral_value():
            number = int(number)
    return formats.number_format(number)
