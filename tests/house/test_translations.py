"""English is complete, and says the same with the same values."""

import gettext
import io
from pathlib import Path

import pytest

from ektp_booking import translations


def test_every_text_has_its_english() -> None:
    missing = translations.missing()
    assert not missing, "\n".join(f"{place}: {text}" for text, place in missing.items())


def test_the_english_has_the_placeholders_of_the_indonesian() -> None:
    assert not translations.differing_placeholders()


@pytest.mark.parametrize("file", translations.catalogue_files(), ids=lambda file: str(file)[-60:])
def test_compiled_catalogues_are_current(file: Path) -> None:
    with file.with_suffix(".mo").open("rb") as source:
        committed = gettext.GNUTranslations(source)
    fresh = gettext.GNUTranslations(io.BytesIO(translations.compiled(file)))
    for catalogue in (committed, fresh):
        del catalogue._catalog[""]  # type: ignore[attr-defined]  (dates)
    assert committed._catalog == fresh._catalog, "make messages"  # type: ignore[attr-defined]


def test_texts_are_found_in_code_and_in_templates() -> None:
    places = set(translations.texts().values())
    assert any(place.startswith("ektp_booking/errors.py") for place in places)
    assert any("/templates/" in place for place in places)
