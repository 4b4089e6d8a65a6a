"""The words: whole, plain, short enough, and never a template engine for what people type."""

from __future__ import annotations

from typing import Any

import pytest

from notifications import sms, texts
from notifications.in_force import InForce, published
from notifications.models import Kind, Text
from notifications.wording_rules import Draft, problems

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
every_text = pytest.mark.parametrize(
    ("kind", "language"), [(kind, language) for kind in Kind for language in texts.LANGUAGES]
)


def shipped(kind: str, language: str) -> str:
    return texts.shipped(kind, language).wording


def render(kind: str, language: str, values: dict[str, str]) -> str:
    return texts.fill(shipped(kind, language), values)


@every_text
def test_every_text_with_long_values_fits_three_sms_and_plain_letters(
    kind: str, language: str
) -> None:
    text = render(kind, language, LONG | LONG_BY_LANGUAGE[language])
    assert sms.length(text) <= sms.MAX_SEPTETS, f"{sms.length(text)}: {text}"
    assert sms.parts(text) <= 3
    assert text.isascii()


@every_text
def test_every_shipped_text_keeps_the_rules_for_texts(kind: str, language: str) -> None:
    for channel in Text.Channel:
        draft = Draft(
            kind=kind,
            language=language,
            channel=channel,
            wording=shipped(kind, language),
            subject=texts.subject(kind, language),
            longest=LONG | LONG_BY_LANGUAGE[language],
        )
        assert problems(draft) == []


@every_text
def test_both_languages_ask_for_the_same_values(kind: str, language: str) -> None:
    asked = texts.placeholders(shipped(kind, language))
    assert set(asked) == set(texts.placeholders(shipped(kind, "id")))


@every_text
def test_a_name_in_javanese_script_gets_a_short_form_of_three_parts(
    kind: str, language: str
) -> None:
    """One such letter makes every letter count double; the name is not taken from anybody."""
    values = LONG | LONG_BY_LANGUAGE[language] | {"name": "ꦱꦶꦠꦶꦲꦩꦶꦤꦃꦱꦶꦠꦶꦲꦩꦶꦤꦃ"[:20]}
    text = texts.fill_for("sms", kind, language, shipped(kind, language), values)
    assert values["name"] in text and values["link"] in text
    assert text.startswith(texts.opening(language))
    assert sms.parts(text) <= 3, sms.length(text)


def test_by_sms_curly_letters_become_plain_ones_elsewhere_they_stay() -> None:
    values = LONG | LONG_BY_LANGUAGE["id"] | {"name": "Nisa’ – Putri…"}
    wording = shipped("confirmed", "id")
    assert "Nisa' - Putri... " in texts.fill_for("sms", "confirmed", "id", wording, values)
    assert "Nisa’ – Putri… " in texts.fill_for("whatsapp", "confirmed", "id", wording, values)


def test_too_long_for_three_sms_points_to_the_page_first_for_papers_then_for_the_protocol() -> None:
    values = LONG | LONG_BY_LANGUAGE["id"]
    wording = shipped("confirmed", "id")
    for more, expected in (
        ({"bring": "x" * 200}, "Bawa: lihat tautan. Wajib masker"),
        ({"bring": "x" * 200, "protocol": "y" * 300}, "lihat tautan. Protokol: lihat tautan."),
    ):
        text = texts.fill_for("sms", "confirmed", "id", wording, values | more)
        assert expected in text and sms.parts(text) <= 3
        assert "x" * 200 in texts.fill_for("email", "confirmed", "id", wording, values | more)


# --- WhatsApp's templates -------------------------------------------------------------------------


def test_placeholders_are_numbered_in_the_order_of_the_words() -> None:
    wording = "Kantor: {name} pada {date}. {link} Gratis."
    assert texts.template_body(wording) == "Kantor: {{1}} pada {{2}}. {{3}} Gratis."
    values = {"link": "L", "date": "D", "name": "{date}\n{{9}}"}
    assert texts.template_values(wording, values) == ("{date} {{9}}", "D", "L")


@every_text
def test_the_template_filled_by_meta_reads_as_the_text_filled_by_us(
    kind: str, language: str
) -> None:
    values = LONG | LONG_BY_LANGUAGE[language]
    body = texts.template_body(shipped(kind, language))
    for number, value in enumerate(texts.template_values(shipped(kind, language), values), 1):
        body = body.replace(f"{{{{{number}}}}}", value)
    assert body == render(kind, language, values)


# --- What is in force -----------------------------------------------------------------------------


def row(**changes: str) -> Text:
    values = {
        "kind": "confirmed",
        "language": "id",
        "version": 3,
        "wording": "Dispendukcapil Jember: {name}, gratis.",
        "state": "published",
    }
    return Text.objects.create(**(values | changes))


@pytest.mark.django_db
def test_what_the_office_published_replaces_what_is_shipped() -> None:
    assert published("confirmed", "id", "sms") == texts.shipped("confirmed", "id")
    row()
    row(kind="cancelled", state="draft")
    row(kind="deferred", state="replaced")
    found = published("confirmed", "id", "email")
    assert found == texts.Wording(
        3, "Dispendukcapil Jember: {name}, gratis.", texts.subject("confirmed", "id")
    )
    for kind, language in (("confirmed", "en"), ("cancelled", "id"), ("deferred", "id")):
        assert published(kind, language, "sms") == texts.shipped(kind, language)


@pytest.mark.django_db
def test_whatsapp_has_no_words_until_meta_has_approved_some() -> None:
    row()
    row(channel="whatsapp", state="draft", approval="asked", template="confirmed_id_v3")
    assert published("confirmed", "id", "whatsapp") is None
    Text.objects.filter(channel="whatsapp").update(approval="approved", state="published")
    found = published("confirmed", "id", "whatsapp")
    assert found is not None and found.template == "confirmed_id_v3"


@pytest.mark.django_db
def test_all_words_of_a_batch_are_read_in_one_statement(
    django_assert_num_queries: Any,
) -> None:
    row()
    with django_assert_num_queries(1):
        words = InForce()
        for kind in Kind:
            for channel in ("sms", "email", "whatsapp", "telegram"):
                words.get(kind, "id", channel)


def test_every_kind_has_its_text_and_every_text_its_kind() -> None:
    assert texts.kinds() == set(Kind.values)


@pytest.mark.parametrize(
    "typed", ["{{7*7}}", "{% debug %}", "%s{0}", "{link}", "{code}{code}", "${x}", "\\1 \\g<0>"]
)
def test_what_looks_like_a_template_stays_what_was_typed(typed: str) -> None:
    values = dict.fromkeys(texts.PLACEHOLDERS, "value") | {"name": typed}
    text = render("confirmed", "id", values)
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
            render("confirmed", "id", incomplete)


def test_an_unknown_kind_language_or_reason_is_refused() -> None:
    for ask in (
        lambda: texts.shipped("horoscope", "id"),
        lambda: texts.shipped("confirmed", "xx"),
        lambda: texts.reason("bad_mood", "id"),
    ):
        with pytest.raises(texts.UnknownText):
            ask()


def test_reasons_are_phrases_in_both_languages() -> None:
    for code in ("equipment", "closed", "protocol", "health", "own_request", "other"):
        assert texts.is_reason(code)
        assert texts.reason(code, "id") and texts.reason(code, "en")
