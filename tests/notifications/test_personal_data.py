"""Sealing: what is stored opens only in its own place, under a key that is still there."""

import base64
import os
from uuid import uuid4

import pytest

from notifications.personal_data import (
    CannotOpen,
    lookup_hash,
    mask,
    open_sealed,
    seal,
    sealed_with_first_key,
)


def key(number: int) -> str:
    return f"{number}:{base64.b64encode(os.urandom(32)).decode()}"


def test_a_sealed_value_opens_in_its_place_and_is_different_each_time():
    row = uuid4()
    sealed = [seal("Siti Romlah", table="booking", column="full_name", row=row) for _ in range(2)]
    assert sealed[0] != sealed[1]
    assert b"Siti" not in sealed[0]
    for value in sealed:
        assert open_sealed(value, table="booking", column="full_name", row=row) == "Siti Romlah"


def test_a_sealed_value_does_not_open_in_another_row_column_or_table():
    row = uuid4()
    sealed = seal("Siti", table="booking", column="full_name", row=row)
    for place in [
        {"table": "booking", "column": "full_name", "row": uuid4()},
        {"table": "booking", "column": "phone", "row": row},
        {"table": "other", "column": "full_name", "row": row},
    ]:
        with pytest.raises(CannotOpen):
            open_sealed(sealed, **place)


def test_an_altered_or_cut_value_does_not_open():
    place = {"table": "booking", "column": "phone", "row": uuid4()}
    sealed = seal("+6281234567890", **place)
    for position in range(len(sealed)):
        altered = bytearray(sealed)
        altered[position] ^= 1
        with pytest.raises(CannotOpen):
            open_sealed(bytes(altered), **place)
    for cut in (b"", sealed[:1], sealed[:13], sealed[:-1]):
        with pytest.raises(CannotOpen):
            open_sealed(cut, **place)


def test_a_new_key_seals_while_the_old_one_still_opens(settings):
    place = {"table": "booking", "column": "phone", "row": uuid4()}
    old, new = key(1), key(2)
    settings.PERSONAL_DATA_KEYS = [old]
    sealed = seal("x", **place)
    settings.PERSONAL_DATA_KEYS = [new, old]
    assert open_sealed(sealed, **place) == "x"
    assert not sealed_with_first_key(sealed)
    again = seal("x", **place)
    assert sealed_with_first_key(again)
    settings.PERSONAL_DATA_KEYS = [new]
    assert open_sealed(again, **place) == "x"
    with pytest.raises(CannotOpen):
        open_sealed(sealed, **place)


def test_looking_up_needs_the_pepper_and_has_one_purpose_each(settings):
    nik = "3509210101099001"
    found = lookup_hash("nik", nik)
    assert len(found) == 32 and found == lookup_hash("nik", nik)
    assert found != lookup_hash("phone", nik)
    settings.LOOKUP_PEPPER = "another"
    assert found != lookup_hash("nik", nik)


def test_masking_shows_the_last_four():
    assert mask("3509210101099001") == "•••• 9001"
    assert mask("") == ""
