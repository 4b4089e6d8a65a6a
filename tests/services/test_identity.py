"""How the fields of a person are cleaned, and the rules about age, guardian and NIK."""

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity import (
    age_on,
    check_age,
    clean_birth_date,
    clean_name,
    clean_phone,
    is_mobile,
    needs_guardian,
    show_phone,
)
from services.refusals import FieldRefusal
from tests import factories


@pytest.mark.parametrize(
    "name",
    [
        "Slamet",
        "A",
        "d'Arc",
        "R. Adi Nugroho, S.Pd.",
        "Siti  Romlah",
        "Nur-Aini",
        "ꦱꦶꦠꦶ",
        "Ñ",
        "阿明",
    ],
)
def test_names_are_taken_as_people_have_them(name):
    assert clean_name(f" {name} ") == " ".join(name.split())


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "{{7*7}}", "%s{0}", "' OR 1=1--", "javascript:x", "=1+1"]
)
def test_plain_symbols_are_data_and_stay_as_they_are(name):
    assert clean_name(name) == name


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "required"),
        ("   ", "required"),
        ("a" * 101, "max_length"),
        ("Siti\u202e", "invalid_name"),
        ("Si\u200bti", "invalid_name"),
        ("\ufeffSiti", "invalid_name"),
        ("Siti\ue000", "invalid_name"),
        ("Siti 😀", "invalid_name"),
        ("Siti\r\nBcc: x", "invalid_name"),
        ("Siti\0", "invalid_name"),
        ("Siti\t", "invalid_name"),
        ("a" + "\u0301" * 40, "invalid_name"),
        ("- . -", "invalid_name"),
        ("Siti\ud800", "invalid_name"),
    ],
)
def test_invisible_control_and_picture_characters_are_refused(name, code):
    with pytest.raises(FieldRefusal) as refused:
        clean_name(name)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "typed",
    [
        "081234567890",
        "0812-3456-7890",
        "+62 812 3456 7890",
        "6281234567890",
        "81234567890",
        "+62 0812 3456 7890",
        " (0812) 3456.7890 ",
    ],
)
def test_a_phone_in_any_indonesian_notation_is_one_number(typed):
    assert clean_phone(typed) == "+6281234567890"
    assert show_phone(clean_phone(typed)) == "0812-3456-7890"


def test_no_phone_is_allowed_and_a_landline_takes_no_messages():
    assert clean_phone("  ") == ""
    assert clean_phone("0331 487733") == "+62331487733"
    assert is_mobile("+6281234567890") and not is_mobile("+62331487733")


@pytest.mark.parametrize(
    "typed",
    ["0812345x7890", "123", "0811;rm -rf", "08123456", "081234567890123", "+1 202 555 0100"]
    + ["٠٨١٢٣٤٥٦٧٨٩٠", "0812\n3456789", "++6281234567890", "a" * 1000, "0" * 24],
)
def test_what_is_no_phone_number_is_refused(typed):
    with pytest.raises(FieldRefusal):
        clean_phone(typed)


@given(st.text(max_size=40))
def test_no_text_breaks_the_cleaning(typed):
    for clean in (clean_name, clean_phone):
        with contextlib.suppress(FieldRefusal):
            clean(typed)


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(2009, 11, 25), date(2026, 11, 24), 16),
        (date(2009, 11, 25), date(2026, 11, 25), 17),
        (date(2008, 2, 29), date(2025, 2, 28), 16),
        (date(2008, 2, 29), date(2025, 3, 1), 17),
        (date(2008, 2, 29), date(2028, 2, 29), 20),
    ],
)
def test_age_is_counted_on_the_day_of_the_visit(born, day, age):
    assert age_on(born, day) == age


def test_marriage_lifts_the_minimum_age_and_the_guardian():
    born, day = date(2012, 1, 1), date(2026, 11, 25)
    married = factories.person(1, birth_date=born, ever_married=True)
    check_age(married, 16, day)
    assert not needs_guardian(married, day)
    with pytest.raises(FieldRefusal):
        check_age(factories.person(1, birth_date=born), 16, day)
    assert needs_guardian(factories.person(1, birth_date=date(2009, 1, 1)), day)


def test_a_birth_date_lies_in_the_past_and_within_a_life():
    today = date(2026, 11, 25)
    assert clean_birth_date(today, today) == today
    for wrong in (date(2026, 11, 26), date(1, 1, 1), date(9999, 12, 31)):
        with pytest.raises(FieldRefusal):
            clean_birth_date(wrong, today)
