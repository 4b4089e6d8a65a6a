"""What a text of the office must keep to before anybody gets it, each rule with its reason.

A problem stops publishing, or even keeping a draft (`stops`), or only warns. Lengths are those with
the longest values that the region's data know; the caller gives them, since services are not
known here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from . import sms, texts
from .models import Kind, Text
from .texts import PLACEHOLDER

DRAFT, PUBLISH, NOTHING = "draft", "publish", ""

# What Meta takes as the body of a template.
WHATSAPP_LETTERS = 1024
WORDING_LETTERS = 1024
SUBJECT_LETTERS = 100

_OF_ALL = frozenset(
    {"name", "service", "date", "time", "location", "code", "bring", "protocol", "link", "cutoff"}
)
_VISIT = frozenset({"name", "date", "time", "location", "code", "link"})
# What a kind may speak of beside what every kind may; nothing else has a value when it is sent.
_MORE: dict[str, frozenset[str]] = {
    Kind.MOVED_BY_OFFICE: frozenset({"reason", "old_date", "old_time"}),
    Kind.CANCELLED: frozenset({"reason"}),
    Kind.DEFERRED: frozenset({"reason", "earliest"}),
    Kind.PLACE_OFFERED: frozenset({"deadline"}),
}
# Who, when, where, with which code, where to change it; and what keeps people safe.
REQUIRED: dict[str, frozenset[str]] = {
    Kind.CONFIRMED: _VISIT | {"bring", "protocol"},
    Kind.REMINDER_DAY_BEFORE: _VISIT | {"bring", "protocol"},
    Kind.REMINDER_TWO_HOURS: _VISIT - {"date"} | {"bring", "protocol"},
    Kind.MOVED_BY_OFFICE: _VISIT | {"protocol"},
    Kind.CANCELLED: frozenset({"name", "date", "time", "link"}),
    Kind.DEFERRED: frozenset({"name", "earliest", "code", "link"}),
    Kind.PLACE_OFFERED: _VISIT - {"code"} | {"deadline"},
    Kind.LINK_AGAIN: _VISIT,
    Kind.PROTOCOL_CHANGED: _VISIT | {"protocol"},
}

_BRACES = re.compile(r"[{}]")
# `https://`, `www.`, `bit.ly`, `1.2.3.4/x`: what a phone makes a link of.
_ADDRESS = re.compile(
    r"[a-z][a-z0-9+]*://\S*|www\.\S+|(?<![\w.])[\w-]+(?:\.[a-z][\w-]+)+(?:/\S*)?"
    r"|\d{1,3}(?:\.\d{1,3}){3}\S*",
    re.I,
)
_ASKS = re.compile(
    r"\b(NIK|OTP|PIN|kata sandi|sandi|password|kode verifikasi|verification code|rekening|transfer"
    r"|bayar|dibayar|membayar|pembayaran|biaya|uang|rupiah|pulsa|pay|payment|fee|money|bank)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a text and why it matters, in the reader's language.

    `stops`: "draft" (not even kept), "publish", or "" (only to think about).
    """

    code: str
    message: str
    stops: str = PUBLISH


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A text as somebody wrote it, and the longest value that each placeholder may get."""

    kind: str
    language: str
    channel: str
    wording: str
    subject: str
    longest: Mapping[str, str]

    @property
    def fixed(self) -> str:
        """The fixed words alone."""
        return PLACEHOLDER.sub(" ", self.wording)


Rule = Callable[[Draft], Iterator[Problem]]


def problems(draft: Draft) -> list[Problem]:
    """Everything that is wrong, what stops most first."""
    found = list(_unreadable(draft))
    if not found:
        found = [problem for rule in RULES for problem in rule(draft)]
    return sorted(found, key=lambda problem: (DRAFT, PUBLISH, NOTHING).index(problem.stops))


def allowed(kind: str) -> frozenset[str]:
    return _OF_ALL | _MORE.get(kind, frozenset())


def tidy(wording: str) -> str:
    """As typed into a form: one kind of line end, single spaces, nothing around."""
    lines = wording.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(re.sub(r" {2,}", " ", line).strip(" ") for line in lines).strip()


def _unreadable(draft: Draft) -> Iterator[Problem]:
    """Empty, endless, or with letters that nobody sees: not even a draft."""
    if not draft.wording:
        yield Problem("empty", _("Teks belum diisi."), DRAFT)
    if len(draft.wording) > WORDING_LETTERS:
        yield Problem(
            "too_long_to_keep",
            _("Teks paling panjang %(limit)s huruf.") % {"limit": WORDING_LETTERS},
            DRAFT,
        )
    if len(draft.subject) > SUBJECT_LETTERS:
        yield Problem(
            "subject_too_long",
            _("Judul surel paling panjang %(limit)s huruf.") % {"limit": SUBJECT_LETTERS},
            DRAFT,
        )
    breaks = "\n" if draft.channel == Text.Channel.WHATSAPP else ""
    unseen = [
        letter
        for letter in dict.fromkeys(draft.wording + draft.subject)
        if unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp", "Co", "Cs", "Cn")
        and letter not in breaks
    ]
    if unseen == ["\n"]:
        yield Problem(
            "line_break", _("Tulis dalam satu baris: SMS dan judul tidak memuat baris baru."), DRAFT
        )
    elif unseen:
        yield Problem(
            "unseen_letters",
            _("Ada huruf yang tidak terlihat (%(letters)s); dengan itu teks dapat terbaca lain.")
            % {"letters": ", ".join(f"U+{ord(letter):04X}" for letter in unseen)},
            DRAFT,
        )


def _placeholders(draft: Draft) -> Iterator[Problem]:
    """Unknown ones would go out as they stand or stop the sending; missing ones send people off."""
    used = texts.placeholders(draft.wording)
    unknown = sorted(set(used) - allowed(draft.kind))
    if unknown:
        yield Problem(
            "unknown_placeholder",
            _("Isian %(names)s tidak dikenal pada jenis pesan ini.") % {"names": _named(unknown)},
        )
    missing = sorted(REQUIRED[draft.kind] - set(used))
    if missing:
        yield Problem(
            "missing_placeholder",
            _("Isian %(names)s harus ada: tanpa itu orang tidak tahu yang perlu diketahui.")
            % {"names": _named(missing)},
        )
    twice = sorted({name for name in used if used.count(name) > 1})
    if twice:
        yield Problem(
            "placeholder_twice",
            _("Isian %(names)s cukup satu kali: SMS pendek, dan WhatsApp menomori isian.")
            % {"names": _named(twice)},
        )


def _braces(draft: Draft) -> Iterator[Problem]:
    """`{{name}}`, `{ name }`: would be read as something else than meant."""
    if _BRACES.search(draft.fixed) or "{{" in draft.wording or "}}" in draft.wording:
        yield Problem(
            "braces", _("Kurung kurawal hanya untuk isian, ditulis seperti {name} tanpa spasi.")
        )
    if re.search(r"\}[ \n]*\{", draft.wording):
        yield Problem(
            "placeholders_touch",
            _("Di antara dua isian harus ada kata atau tanda baca: Meta menolak yang berdempetan."),
        )


def _first_and_last(draft: Draft) -> Iterator[Problem]:
    """People know the office by its first words; Meta wants fixed words first and last."""
    opening = texts.opening(draft.language)
    if not draft.wording.startswith(opening):
        yield Problem(
            "opening",
            _("Awali dengan “%(opening)s”: dari situ orang mengenali pesan kantor.")
            % {"opening": opening.strip()},
        )
    last = PLACEHOLDER.split(draft.wording)[-1]
    if not any(letter.isalpha() for letter in last):
        yield Problem(
            "ending",
            _("Akhiri dengan kata tetap, bukan isian: Meta menolaknya, dan isian mudah terpotong."),
        )


def _subject(draft: Draft) -> Iterator[Problem]:
    """Nothing that a person typed gets into a header, so no placeholder does."""
    if not draft.subject or draft.channel == Text.Channel.WHATSAPP:
        return
    if _BRACES.search(draft.subject):
        yield Problem("subject_placeholder", _("Judul surel hanya kata tetap, tanpa isian."))
    if not draft.subject.startswith(texts.opening(draft.language)):
        yield Problem(
            "subject_opening",
            _("Judul surel harus diawali “%(opening)s”.")
            % {"opening": texts.opening(draft.language).strip()},
        )
    if _ADDRESS.search(draft.subject):
        yield Problem("subject_link", _("Judul surel tidak memuat tautan."))


def _letters(draft: Draft) -> Iterator[Problem]:
    """One letter from outside GSM-7 halves what an SMS holds, so it costs twice."""
    if draft.channel == Text.Channel.WHATSAPP:
        return
    found = sms.outside(draft.fixed)
    if found:
        yield Problem(
            "letters",
            _("Huruf ini menggandakan biaya SMS: %(letters)s.")
            % {"letters": "; ".join(_instead(letter) for letter in found)},
        )


def _instead(letter: str) -> str:
    name = f"{letter} (U+{ord(letter):04X})"
    plain = sms.suggestion(letter)
    if plain is None:
        return _("%(letter)s, hapus") % {"letter": name}
    if plain == "":
        return _("%(letter)s, hapus saja") % {"letter": name}
    return _("%(letter)s, ganti dengan %(plain)s") % {
        "letter": name,
        "plain": _("spasi biasa") if plain == " " else plain,
    }


def _links(draft: Draft) -> Iterator[Problem]:
    """Swindlers send links in the office's name; the office sends only its own."""
    found = [match.group().rstrip("”\"'.,;)") for match in _ADDRESS.finditer(draft.fixed)]
    if found:
        yield Problem(
            "links",
            _(
                "Tautan hanya lewat isian {link}, tanpa pemendek: %(found)s. Bila bukan tautan,"
                " beri spasi sesudah titik."
            )
            % {"found": ", ".join(found[:3])},
        )
    if re.search(r"\S\{link\}|\{link\}\S", draft.wording):
        yield Problem(
            "link_glued",
            _("Beri spasi sebelum dan sesudah {link}: tanda yang menempel merusak tautannya."),
        )


def _asks(draft: Draft) -> Iterator[Problem]:
    """The office tells people that it never asks for these; its texts should not look like it."""
    found = sorted({match.group().lower() for match in _ASKS.finditer(draft.fixed)})
    if found:
        yield Problem(
            "asks",
            _(
                "Periksa lagi: teks menyebut %(words)s. Kantor tidak pernah meminta NIK,"
                " kode rahasia, atau uang lewat pesan."
            )
            % {"words": ", ".join(found)},
            NOTHING,
        )


def _length(draft: Draft) -> Iterator[Problem]:
    """Three parts of an SMS, 1,024 letters for Meta, with the longest values."""
    if draft.channel == Text.Channel.WHATSAPP:
        letters = len(filled(draft))
        if letters > WHATSAPP_LETTERS:
            yield Problem(
                "too_long",
                _("Dengan isian terpanjang %(letters)s huruf; WhatsApp menerima %(limit)s.")
                % {"letters": letters, "limit": WHATSAPP_LETTERS},
            )
        return
    if sms.outside(draft.fixed):
        return  # said already, and counts double until it is gone
    whole, short = filled(draft), filled(draft, bring_at_link=True)
    if sms.parts(short) > sms.MAX_PARTS:
        yield Problem(
            "too_long",
            _("Dengan isian terpanjang %(letters)s huruf; SMS memuat %(limit)s (3 bagian).")
            % {"letters": sms.length(short), "limit": sms.MAX_SEPTETS},
        )
    elif sms.parts(whole) > sms.MAX_PARTS:
        yield Problem(
            "bring_at_link",
            _("Dengan isian terpanjang, SMS menulis “lihat tautan” untuk {bring}."),
            NOTHING,
        )


def filled(
    draft: Draft, values: Mapping[str, str] | None = None, *, bring_at_link: bool = False
) -> str:
    """The text with these values (the longest); what has none stands as it is written."""
    given = dict(draft.longest if values is None else values)
    if draft.channel != Text.Channel.WHATSAPP:
        given = {name: sms.plain(value) for name, value in given.items()}
    if bring_at_link and "bring" in given:
        given["bring"] = texts.bring_at_link(draft.language)
    return PLACEHOLDER.sub(lambda match: given.get(match.group(1)) or match.group(), draft.wording)


def _named(names: list[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)


RULES: tuple[Rule, ...] = (
    _placeholders,
    _braces,
    _first_and_last,
    _subject,
    _letters,
    _links,
    _asks,
    _length,
)
