"""The words: whole, plain, short enough, and never a template engine for what people type."""

from __future__ import annotations

import pytest

from notifications import texts
from notifications.models import Kind

# As long as they come; {bring}, {service} and {location} have their own test with Jember's data.
LONG = {
    "name": "Muhammad Syarifuddin",
    "service": "Perekaman KTP-el pertama",
    "time": "09.20",
    "old_time": "13.30",
    "location": "Kantor Kecamatan Sumberjambe",
    "code": "HW3P-8MT4",
    "link": "https://dispendukcapil.jemberkab.go.id/m/HW3P8MT4/" + "x" * 32 + "/",
}
LONG_BY_LANGUAGE = {
    "id": {
        "date": "Minggu, 30 September 2026",
        "old_date": "Kamis, 24 September 2026",
        "bring": "KK asli dan dokumen nikah",
        "protocol": "Wajib masker, suhu di bawah 37,3 C, jaga jarak 1 meter.",
        "reason": "karena kuota dikurangi sesuai protokol kesehatan",
        "cutoff": "30 September pukul 07.20",
        "earliest": "Minggu, 30 September 2026",
        "deadline": "30 September pukul 07.20",
    },
    "en": {
        "date": "Wednesday, 30 September 2026",
        "old_date": "Wednesday, 23 September 2026",
        "bring": "original family card (KK)",
        "protocol": "Mask required, below 37.3 C, keep 1 m apart.",
        "reason": "because the health protocol allows fewer people",
        "cutoff": "30 September, 07:20",
        "earliest": "Wednesday, 30 September 2026",
        "deadline": "30 September, 07:20",
    },
}
# The letters that GSM-7 shares with ASCII (those of its extension table count double: left out).
GSM_ASCII = set(
    "@$_ !\"#%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)
every_text = pytest.mark.parametrize(
    ("kind", "language"), [(kind, language) for kind in Kind for language in texts.LANGUAGES]
)


@every_text
def test_every_text_with_long_values_fits_three_sms_and_plain_letters(
    kind: str, language: str
) -> None:
    text = texts.render(kind, language, LONG | LONG_BY_LANGUAGE[language])
    assert len(text) <= texts.SMS_LIMIT, f"{len(text)}: {text}"
    assert set(text) <= GSM_ASCII


@every_text
def test_every_text_begins_and_ends_with_fixed_words(kind: str, language: str) -> None:
    """As WhatsApp demands, and so that people know the office's messages by their opening."""
    text = texts.render(kind, language, dict.fromkeys(texts.PLACEHOLDERS, "§"))
    opening = {"id": "Dispendukcapil Jember: ", "en": "Jember Civil Registry: "}[language]
    assert text.startswith(opening)
    assert not text.endswith("§")
    assert texts.subject(kind, language).startswith(opening)


@every_text
def test_both_languages_ask_for_the_same_values(kind: str, language: str) -> None:
    assert texts.placeholders(kind, language) == texts.placeholders(kind, "id")


def test_every_kind_has_its_text_and_every_text_its_kind() -> None:
    assert texts.kinds() == set(Kind.values)


@pytest.mark.parametrize(
    "typed", ["{{7*7}}", "{% debug %}", "%s{0}", "{link}", "{code}{code}", "${x}", "\\1 \\g<0>"]
)
def test_what_looks_like_a_template_stays_what_was_typed(typed: str) -> None:
    values = dict.fromkeys(texts.PLACEHOLDERS, "value") | {"name": typed}
    text = texts.render("confirmed", "id", values)
    assert f"untuk {typed} tercatat" in text
    assert text.count("value") == 8  # nothing was filled in a second time


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Siti\r\nBcc: all@example.test", "Siti Bcc: all@example.test"),
        ("Siti\u2028\u0085Aminah", "Siti Aminah"),
        ("Siti\u202egnihtemos", "Sitignihtemos"),
        ("Si\u200bti\x00\ufeff", "Siti"),
        ("  d'Arc  ", "d'Arc"),
    ],
)
def test_a_value_is_one_line_without_invisible_letters(typed: str, shown: str) -> None:
    assert texts.clean(typed) == shown


def test_a_missing_or_empty_value_is_refused_rather_than_sent() -> None:
    values = dict.fromkeys(texts.PLACEHOLDERS, "value")
    for incomplete in ({}, values | {"code": ""}, values | {"code": " \n"}):
        with pytest.raises(texts.MissingValue):
            texts.render("confirmed", "id", incomplete)


def test_an_unknown_kind_language_or_reason_is_refused() -> None:
    for ask in (
        lambda: texts.render("horoscope", "id", {}),
        lambda: texts.render("confirmed", "xx", {}),
        lambda: texts.reason("bad_mood", "id"),
    ):
        with pytest.raises(texts.UnknownText):
            ask()


def test_reasons_are_phrases_in_both_languages() -> None:
    for code in ("equipment", "closed", "protocol", "health", "own_request", "other"):
        assert texts.is_reason(code)
        assert texts.reason(code, "id") and texts.reason(code, "en")
