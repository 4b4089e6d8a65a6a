"""With all that Jember's region folder says, every text fits three SMS in plain letters."""

from __future__ import annotations

import csv
import itertools
import tomllib
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from notifications import sms, texts
from notifications.models import Kind

REGION = Path(settings.BASE_DIR) / "locations" / "regions" / "jember"


def longest_values(language: str) -> list[dict[str, str]]:
    """All combinations of Jember's services, protocols and reasons at the longest place."""
    services = tomllib.loads((REGION / "services.toml").read_text())
    protocols = tomllib.loads((REGION / "protocols.toml").read_text())
    places = [row["name"] for row in csv.DictReader((REGION / "locations.csv").open())]
    codes = ("equipment", "closed", "protocol", "health", "own_request", "other")
    day = {"id": "Minggu, 30 September 2026", "en": "Wednesday, 30 September 2026"}[language]
    moment = {"id": "30 September pukul 07.20", "en": "30 September, 07:20"}[language]
    return [
        {
            "name": "Muhammad Syarifuddin",
            "service": service[f"name_{language}"],
            "bring": service[f"bring_{language}"],
            "protocol": protocol[f"short_{language}"],
            "location": max(places, key=len),
            "reason": texts.reason(code, language),
            "date": day,
            "old_date": day,
            "earliest": day,
            "time": "09.20",
            "old_time": "09.20",
            "cutoff": moment,
            "deadline": moment,
            "code": "HW3P-8MT4",
            "link": "https://dispendukcapil.jemberkab.go.id/m/HW3P8MT4/" + "x" * 32 + "/",
        }
        for service, protocol, code in itertools.product(
            _entries(services), _entries(protocols), codes
        )
    ]


def _entries(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The tables of a file, whether it names or lists them."""
    tables: list[dict[str, Any]] = []
    for value in found.values():
        tables += value if isinstance(value, list) else [value]
    return tables


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("kind", Kind)
def test_with_all_of_jembers_words_every_text_fits_three_sms(kind: str, language: str) -> None:
    wording = texts.shipped(kind, language).wording
    for values in longest_values(language):
        text = texts.fill_for("sms", kind, language, wording, values)
        assert sms.length(text) <= sms.MAX_SEPTETS, f"{sms.length(text)}: {text}"
        assert sms.parts(text) <= 3
        assert text.isascii()
        assert text.endswith(wording.rpartition("}")[2])  # not the short form


def test_what_would_be_too_long_points_to_the_page_for_what_to_bring() -> None:
    values = max(longest_values("id"), key=lambda values: sum(map(len, values.values())))
    wording = texts.shipped(Kind.MOVED_BY_OFFICE, "id").wording
    assert sms.parts(texts.fill(wording, values)) > 3
    short = texts.fill_for("sms", Kind.MOVED_BY_OFFICE, "id", wording, values)
    assert sms.parts(short) == 3
    assert "Bawa: lihat tautan." in short
