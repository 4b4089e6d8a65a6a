"""What a NIK says, and what it can't: only its shape blocks, everything else is a doubt."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.nik import clean_nik, read_nik

ACCEPTED = [
    ("3509210101099001", date(2009, 1, 1)),
    ("3509214101099002", date(2009, 1, 1)),
    ("3509192902089003", date(2008, 2, 29)),
    ("3509207112999004", date(1999, 12, 31)),
    ("9202011505009005", date(2000, 5, 15)),
    ("6501016505869006", date(1986, 5, 25)),
]
DOUBTED = [
    ("3509993101099007", date(2009, 1, 31), ("region",)),
    ("3509213202099008", date(2009, 2, 3), ("date",)),
    ("3509218101099009", date(2009, 1, 1), ("date",)),
    ("3509212902099010", date(2009, 2, 28), ("date",)),
    ("3509210101090000", date(2009, 1, 1), ("serial",)),
    ("9909210101099011", date(2009, 1, 1), ("region",)),
    ("3509210101099001", date(2009, 1, 2), ("birth_date",)),
    ("3509210101099001", date(2008, 1, 1), ("birth_date",)),
]
BLOCKED = [
    "350921010109900",
    "35092101010990011",
    "3509O10101099001",
    "1111111111111111",
    "٣٥٠٩٢١٠١٠١٠٩٩٠٠١",
    "",
    "3509 2101 0109 900",
    "+509210101099001",
]


@pytest.mark.parametrize(("digits", "born"), ACCEPTED)
def test_numbers_of_any_region_and_either_sex_are_read_without_a_doubt(digits, born):
    assert clean_nik(digits) == digits
    assert read_nik(digits, born).doubts == ()


@pytest.mark.parametrize(("digits", "born", "doubts"), DOUBTED)
def test_what_looks_odd_is_doubted_and_not_blocked(digits, born, doubts):
    assert clean_nik(digits) == digits
    assert read_nik(digits, born).doubts == doubts


@pytest.mark.parametrize("typed", BLOCKED)
def test_only_the_shape_blocks(typed):
    assert clean_nik(typed) is None


def test_spaces_dots_and_hyphens_are_left_out():
    assert clean_nik(" 3509-2101.0109 9001 ") == "3509210101099001"


@given(
    st.dates(min_value=date(1910, 1, 1), max_value=date(2030, 12, 31)),
    st.booleans(),
    st.integers(min_value=1, max_value=31),
    st.integers(min_value=1, max_value=9999),
)
def test_a_number_made_from_a_birth_date_agrees_with_it(born, woman, district, serial):
    day = born.day + (40 if woman else 0)
    digits = f"3509{district:02d}{day:02d}{born:%m%y}{serial:04d}"
    assert read_nik(digits, born).doubts == ()


@given(st.text(max_size=30))
def test_no_text_breaks_the_reading(typed):
    digits = clean_nik(typed)
    if digits is not None:
        assert len(digits) == 16 and digits.isascii() and digits.isdigit()
        read_nik(digits, date(2009, 1, 1))
