"""What a text of the office must keep to, rule by rule."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.translation import override

from notifications import texts
from notifications.models import Kind, Text
from notifications.wording_rules import (
    REQUIRED,
    SUBJECT_LETTERS,
    Draft,
    allowed,
    problems,
    tidy,
)

from .test_texts import LONG, LONG_BY_LANGUAGE

GOOD = texts.shipped("confirmed", "id").wording


def draft(wording: str = GOOD, **changes: Any) -> Draft:
    values = {
        "kind": "confirmed",
        "language": "id",
        "channel": "",
        "subject": "",
        "longest": LONG | LONG_BY_LANGUAGE["id"],
    }
    return Draft(wording=wording, **(values | changes))


def found(wording: str = GOOD, **changes: Any) -> dict[str, str]:
    """What is wrong: code → what it stops."""
    return {problem.code: problem.stops for problem in problems(draft(wording, **changes))}


def with_words(words: str) -> str:
    """The good text with further words before its last ones."""
    return GOOD.replace("Layanan ini gratis.", f"{words} Layanan ini gratis.")


def test_a_good_text_has_no_problem() -> None:
    assert found() == found(channel="whatsapp") == {}


@pytest.mark.parametrize(
    ("wording", "code"),
    [
        ("", "empty"),
        ("x" * 1025, "too_long_to_keep"),
        (with_words("a\x00b"), "unseen_letters"),
        (with_words("a\x1bb"), "unseen_letters"),
        (with_words("a\tb"), "unseen_letters"),
        (with_words("a\u202eb"), "unseen_letters"),
        (with_words("a\u200bb"), "unseen_letters"),
        (with_words("a\u2028b"), "unseen_letters"),
        (with_words("a\ue000b"), "unseen_letters"),
        (with_words("a\nb"), "line_break"),
    ],
)
def test_what_nobody_can_read_is_not_even_kept(wording: str, code: str) -> None:
    assert found(wording) == {code: "draft"}


@pytest.mark.parametrize(
    ("wording", "code"),
    [
        (with_words("{horoscope}."), "unknown_placeholder"),
        (with_words("{reason}."), "unknown_placeholder"),  # of other kinds
        (GOOD.replace("{code}", "HW3P"), "missing_placeholder"),
        (GOOD.replace("{link}", ""), "missing_placeholder"),
        (with_words("{name}."), "placeholder_twice"),
        (GOOD.replace("{name}", "{{name}}"), "braces"),
        (with_words("{ name }"), "braces"),
        (with_words("{Nama}"), "braces"),
        (with_words("}"), "braces"),
        (GOOD.replace("pada {date} pukul {time}", "{date} {time}"), "placeholders_touch"),
        (GOOD.removeprefix("Dispendukcapil Jember: "), "opening"),
        ("{name}: " + GOOD.replace("{name}", "Anda"), "opening"),
        (GOOD.replace(" Layanan ini gratis.", ""), "ending"),
        (GOOD.replace(" Layanan ini gratis.", " ."), "ending"),
        (with_words("“Bagus”"), "letters"),
        (with_words("37 °C"), "letters"),
        (with_words("08.00–09.00"), "letters"),
        (with_words("😀"), "letters"),
        (with_words("https://x.id/a"), "links"),
        (with_words("http://{code}"), "links"),
        (with_words("www.contoh.go.id"), "links"),
        (with_words("bit.ly/abc"), "links"),
        (with_words("Hubungi wa.me/62812"), "links"),
        (with_words("surel a@contoh.id"), "links"),
        (with_words("10.0.0.1/a"), "links"),
        (with_words("datang.Lalu"), "links"),  # a phone makes a link of it
        (GOOD.replace("{link} ", "{link}.evil.com "), "link_glued"),
        (GOOD.replace("{link} ", "{link}. "), "link_glued"),
        (GOOD.replace(" {link}", "({link}"), "link_glued"),
        (with_words("x" * 300), "too_long"),
    ],
)
def test_what_would_hurt_or_mislead_is_not_published(wording: str, code: str) -> None:
    assert found(wording).get(code) == "publish"


def test_what_looks_like_the_swindlers_is_pointed_out() -> None:
    for words in ("Balas dengan NIK Anda.", "Siapkan uang.", "Kirim OTP", "bayar di loket"):
        assert found(with_words(words)) == {"asks": ""}
    assert found(with_words("Bawa KK, ke Bank Sampah")).get("asks") == ""
    assert found(with_words("Pintu utara, unik, biayai")) == {}  # whole words only


def test_ordinary_words_with_dots_are_no_links() -> None:
    assert found(with_words("Pukul 08.00-14.30, Jl. Jawa No. 1, Rp 0, F-1.02, KTP-el.")) == {}


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        ("Jadwal Anda", "subject_opening"),
        ("Dispendukcapil Jember: {name}", "subject_placeholder"),
        ("Dispendukcapil Jember: lihat bit.ly/a", "subject_link"),
        ("Dispendukcapil Jember: a\r\nBcc: b@c.id", "unseen_letters"),
        ("Dispendukcapil Jember: " + "a" * SUBJECT_LETTERS, "subject_too_long"),
    ],
)
def test_a_subject_is_fixed_words_with_the_offices_name_first(subject: str, code: str) -> None:
    assert code in found(subject=subject)
    assert "Dispendukcapil Jember: Siap" and found(subject="Dispendukcapil Jember: Siap") == {}


def test_whatsapp_takes_fancy_letters_and_lines_and_up_to_1024_letters() -> None:
    assert found(with_words("“Bagus” 😀\nBaris"), channel="whatsapp") == {}
    assert found(with_words("x" * 500), channel="whatsapp") == {}
    assert found(with_words("x" * 640), channel="whatsapp") == {"too_long": "publish"}


def test_the_length_counts_the_longest_values_and_letters_that_count_two() -> None:
    """459 fit, with 23 of € 23 more are needed."""
    room = 459 - len(texts.fill(GOOD, LONG | LONG_BY_LANGUAGE["id"])) - 1
    assert found(with_words("x" * room)) == {}
    assert found(with_words("x" * (room - 1) + "€")) != {}


def test_where_only_the_papers_are_too_long_the_page_behind_the_link_says_them() -> None:
    longest = LONG | LONG_BY_LANGUAGE["id"] | {"bring": "b" * 60}
    room = 459 - len(texts.fill(GOOD, longest))
    assert found(with_words("x" * room), longest=longest) == {"bring_at_link": ""}


def test_names_the_letters_and_what_to_write_instead() -> None:
    (problem,) = problems(draft(with_words("“a” 😀")))
    assert '“ (U+201C), ganti dengan "; ' in problem.message
    assert "😀 (U+1F600), hapus" in problem.message
    with override("en"):
        (problem,) = problems(draft(with_words("“a”")))
    assert '“ (U+201C), write " instead' in problem.message


def test_every_kind_requires_only_what_it_may_speak_of() -> None:
    for kind in Kind.values:
        assert REQUIRED[kind] <= allowed(kind) <= texts.PLACEHOLDERS
        assert "link" in REQUIRED[kind] and "name" in REQUIRED[kind]


def test_what_a_form_sends_is_tidied() -> None:
    assert tidy("  a  b \r\n c\r") == "a b\nc"


def test_rules_hold_for_every_channel_of_the_model() -> None:
    for channel in Text.Channel:
        assert "links" in found(with_words("bit.ly/a"), channel=channel)
