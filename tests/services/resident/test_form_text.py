"""Whatever is typed into the forms, they answer; nothing is kept that its field does not allow."""

import unicodedata
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from services.resident.forms import FindForm, PlaceFilter, SlotForm, problems
from services.resident.identity_form import IdentityForm
from tests.services.resident.town import ADULT

TODAY = date(2026, 11, 24)
DISTRICTS = [("35.09.11", "Ambulu")]
FIELDS = sorted(IdentityForm.base_fields)

ANY_TEXT = st.text(st.characters(codec=None), max_size=80)
LIKELY = st.one_of(
    ANY_TEXT,
    st.text("0123456789 .-+", max_size=20),
    st.dates().map(str),
    st.sampled_from(["on", "1", "luar", "35.09.11", "mother", "wheelchair", "a@b.id", "\x00"]),
)


def form(data: dict[str, object]) -> IdentityForm:
    return IdentityForm(data, districts=DISTRICTS, minimum_age=16, today=TODAY)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), LIKELY))
def test_the_first_step_answers_to_any_text(typed: dict[str, str]) -> None:
    filled = form(ADULT | typed)
    if filled.is_valid():
        person = filled.person
        assert person is not None
        assert person.nik.isascii() and person.nik.isdigit() and len(person.nik) == 16
        assert not any(unicodedata.category(c).startswith("C") for c in person.full_name)
        assert person.birth_date <= TODAY
        assert person.phone == "" or person.phone.startswith("+62")
        assert "\n" not in person.email
    else:
        assert problems(filled)
        assert filled.person is None or filled.errors


@settings(max_examples=200, deadline=None)
@given(ANY_TEXT, ANY_TEXT)
def test_the_small_forms_answer_to_any_text(one: str, other: str) -> None:
    FindForm({"code": one, "nik": other}).is_valid()
    chosen = PlaceFilter({"kecamatan": one, "urut": other}, districts=DISTRICTS)
    assert chosen.district in ("", "35.09.11")
    tapped = SlotForm({"slot": one})
    assert not tapped.is_valid() or 0 <= tapped.slot_id < 10**18
