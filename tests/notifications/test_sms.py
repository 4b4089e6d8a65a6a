"""Counting an SMS as the operator does, and plain letters in place of fancy ones."""

from __future__ import annotations

import pytest

from notifications import sms


@pytest.mark.parametrize(
    ("text", "length", "parts"),
    [
        ("a" * 160, 160, 1),
        ("a" * 161, 161, 2),
        ("a" * 459, 459, 3),
        ("a" * 460, 460, 4),
        ("é@ñ£_", 5, 1),  # of the alphabet
        ("€[]{}~^\\|", 18, 1),  # of its extension: two each
        ("€" * 80, 160, 1),
        ("a" * 152 + "€" + "a" * 152, 306, 3),  # a part does not end within €: 152 + 153 + 1
        ("–" + "a" * 69, 70, 1),
        ("–" + "a" * 70, 71, 2),
        ("–" + "a" * 200, 201, 3),
        ("😀" * 35, 70, 1),  # two units each
        ("😀" * 36, 72, 2),
        ("a" * 66 + "😀" * 3, 72, 2),
        ("", 0, 1),
    ],
)
def test_length_and_parts_are_the_operators(text: str, length: int, parts: int) -> None:
    assert (sms.length(text), sms.parts(text)) == (length, parts)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("Nisa’", "Nisa'"),
        ("“Siti” – ibu…", '"Siti" - ibu...'),
        ("Ágnes Đ", "Agnes Đ"),
        ("é ñ ü à", "é ñ ü à"),
        ("e\u0301", "é"),
        ("a\u00a0b", "a b"),
        ("ꦱꦶꦠꦶ", "ꦱꦶꦠꦶ"),
        ("37,3 °C", "37,3 °C"),
    ],
)
def test_plain_letters_stand_for_fancy_ones_and_the_rest_stays(typed: str, sent: str) -> None:
    assert sms.plain(typed) == sent


def test_for_each_letter_outside_the_alphabet_a_plain_one_is_suggested() -> None:
    assert sms.outside("“a–b°€é😀“") == ["“", "–", "°", "😀"]
    assert [sms.suggestion(letter) for letter in "“–°😀"] == ['"', "-", "", None]


def test_an_escape_is_no_letter() -> None:
    assert not sms.is_gsm("\x1b")
