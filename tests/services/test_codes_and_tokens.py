"""Booking codes are read out over a counter; tokens are derived and open one booking only."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.codes import ALPHABET, LENGTH, new_code, read_code, show_code
from services.tokens import TOKEN_LENGTH, token_for, token_opens


def test_a_code_has_no_look_alikes_and_at_least_32_bits():
    assert not set("ILOUZ") & set(ALPHABET)
    assert len(ALPHABET) ** (LENGTH - 1) > 2**32
    assert len({new_code() for _ in range(1000)}) == 1000


@given(st.integers())
def test_a_code_is_read_however_it_is_typed(seed):
    code = new_code()
    for typed in (
        code.lower(),
        show_code(code),
        f"  {code[:4]} {code[4:]} ",
        code.replace("0", "O").replace("1", "l"),
        code.replace("2", "z").replace("V", "u"),
    ):
        assert read_code(typed) == code


@given(st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET))
def test_every_single_wrong_character_is_found(place, other):
    code = new_code()
    wrong = code[:place] + other + code[place + 1 :]
    assert read_code(wrong) == (code if wrong == code else None)


@given(st.integers(0, LENGTH - 2))
def test_every_swap_of_neighbours_is_found(place):
    code = new_code()
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert read_code(swapped) == (code if swapped == code else None)


@given(st.text(max_size=50))
def test_no_text_breaks_the_reading_of_a_code(typed):
    code = read_code(typed)
    assert code is None or (len(code) == LENGTH and set(code) <= set(ALPHABET))


def test_a_token_opens_its_booking_and_version_and_nothing_else(settings):
    mine, other = uuid4(), uuid4()
    token = token_for(mine, 1)
    assert len(token) == TOKEN_LENGTH and token == token_for(mine, 1)
    assert token_opens(token, mine, 1)
    assert not token_opens(token, mine, 2)
    assert not token_opens(token, other, 1)
    for place in range(TOKEN_LENGTH):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert not token_opens(changed, mine, 1)
    settings.TOKEN_KEY = "another key"
    assert not token_opens(token, mine, 1)


@pytest.mark.parametrize("token", ["", "é" * 32, "\0" * 32, "a" * 31, "a" * 10**6])
def test_what_is_no_token_opens_nothing(token):
    assert not token_opens(token, uuid4(), 1)
