"""Suggested capacity: the arithmetic of room, distance and counters (docs/domain.md section 3)."""

from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from locations.distancing import inside_limit, suggest, suggest_for, usual_reserve
from tests.factories import counter, location, protocol

#: The head office on the level Siaga, as on the supervisor's page.
HEAD_OFFICE: dict[str, Any] = {
    "counters": 4,
    "slot_minutes": 30,
    "minutes_per_person": 10,
    "room_square_metres": Decimal("60.0"),
    "square_metres_each": Decimal("4.0"),
    "normal_capacity": 40,
    "percent": 50,
    "minutes_in_room": 45,
}


def test_the_head_office_on_siaga_takes_seven_because_of_its_room() -> None:
    suggestion = suggest(**HEAD_OFFICE)
    assert suggestion.capacity == 7
    assert suggestion.inside_limit == 15
    assert suggestion.limited_by == "area"
    assert [(step.key, step.result) for step in suggestion.steps] == [
        ("counters", 12),
        ("area", 15),
        ("percent", 20),
        ("share", 7),
    ]


def test_the_reasons_can_be_read_in_indonesian() -> None:
    suggestion = suggest(**HEAD_OFFICE)
    assert [(step.label, step.arithmetic) for step in suggestion.steps] == [
        ("Loket", "4 loket × 30 menit ÷ 10 menit"),
        ("Luas ruang", "60 m² ÷ 4 m² per orang"),
        ("Persentase", "40 orang × 50 %"),
        ("Ruang per sesi", "15 orang ÷ 2 sesi bersamaan"),
    ]
    assert suggestion.limit_in_words == "ruangan yang membatasi"


def test_the_reasons_can_be_read_in_english() -> None:
    with translation.override("en"):
        suggestion = suggest(**HEAD_OFFICE)
        assert suggestion.steps[1].label == "Floor area"
        assert suggestion.steps[1].arithmetic == "60 m² ÷ 4 m² per person"


def test_a_broken_number_is_written_as_people_write_it() -> None:
    step = suggest(**HEAD_OFFICE | {"square_metres_each": Decimal("1.5")}).steps[1]
    assert step.arithmetic == "60 m² ÷ 1,5 m² per orang"
    with translation.override("en"):
        assert step.arithmetic == "60 m² ÷ 1.5 m² per person"


def test_one_counter_in_a_large_room_is_limited_by_the_counter() -> None:
    suggestion = suggest(**HEAD_OFFICE | {"counters": 1})
    assert (suggestion.capacity, suggestion.limited_by) == (3, "counters")


def test_a_low_percentage_limits_before_the_area_does() -> None:
    suggestion = suggest(**HEAD_OFFICE | {"percent": 25})
    assert (suggestion.capacity, suggestion.limited_by) == (5, "percent")


def test_a_room_too_small_for_one_person_suggests_nobody() -> None:
    assert suggest(**HEAD_OFFICE | {"room_square_metres": Decimal("3.9")}).capacity == 0


def test_slots_longer_than_a_stay_have_the_room_to_themselves() -> None:
    assert suggest(**HEAD_OFFICE | {"slot_minutes": 60}).capacity == 15


def test_the_reserve_is_a_fifth_and_at_least_one() -> None:
    assert [usual_reserve(n) for n in (0, 1, 2, 3, 7, 10, 12)] == [0, 0, 1, 1, 1, 2, 2]


@pytest.mark.django_db
def test_a_location_reckons_with_its_own_active_counters_and_its_level() -> None:
    here = location(protocol=protocol("siaga"))
    for number in (1, 2):
        counter(here, number)
    here.counters.filter(number=2).update(active=False)
    assert inside_limit(here) == 15
    assert suggest_for(here, slot_minutes=30).capacity == 3


@pytest.mark.django_db
def test_a_level_can_be_tried_before_it_is_in_force() -> None:
    here = location(protocol=protocol("siaga"))
    awas = protocol("awas", rank=4, square_metres_each=Decimal("6.0"), percent=25)
    assert inside_limit(here, awas) == 10
    assert suggest_for(here, protocol=awas, counters=4).capacity == 5


numbers = st.fixed_dictionaries(
    {
        "counters": st.integers(0, 20),
        "slot_minutes": st.integers(5, 480),
        "minutes_per_person": st.integers(1, 120),
        "room_square_metres": st.decimals(0, 2000, places=1),
        "square_metres_each": st.decimals("0.1", 50, places=1),
        "normal_capacity": st.integers(0, 500),
        "percent": st.integers(1, 100),
        "minutes_in_room": st.integers(0, 300),
    }
)


@given(numbers)
def test_the_suggestion_never_passes_any_limit(values: dict[str, Any]) -> None:
    suggestion = suggest(**values)
    assert suggestion.capacity >= 0
    assert suggestion.capacity * values["minutes_per_person"] <= (
        values["counters"] * values["slot_minutes"]
    )
    assert suggestion.inside_limit * values["square_metres_each"] <= values["room_square_metres"]
    assert suggestion.inside_limit * 100 <= values["normal_capacity"] * values["percent"]


@given(numbers)
def test_slots_filled_as_suggested_never_overfill_the_room(values: dict[str, Any]) -> None:
    suggestion = suggest(**values)
    at_once = 1 + max(0, (values["minutes_in_room"] - 1)) // values["slot_minutes"]
    assert suggestion.capacity * at_once <= suggestion.inside_limit


@given(numbers)
def test_a_stricter_level_never_suggests_more(values: dict[str, Any]) -> None:
    stricter = values | {
        "percent": max(1, values["percent"] // 2),
        "square_metres_each": values["square_metres_each"] * 2,
    }
    assert suggest(**stricter).capacity <= suggest(**values).capacity


@given(numbers)
def test_the_named_limit_is_the_one_that_binds(values: dict[str, Any]) -> None:
    suggestion = suggest(**values)
    by_key = {step.key: step.result for step in suggestion.steps}
    if suggestion.limited_by == "counters":
        assert suggestion.capacity == by_key["counters"]
    else:
        assert suggestion.capacity == by_key["share"] < by_key["counters"]
        assert suggestion.inside_limit == by_key[suggestion.limited_by]
