"""What a message says: one text per kind, language and channel, filled in with plain values.

The words are data: what the office has published (in_force.py), else what the product ships
(wording/<language>.json, version 0). Placeholders are replaced in one pass by a function of our
own and never by a template engine: what a person typed as a name stays what they typed, also when
it looks like `{{ 7*7 }}`, `%s` or `{link}`.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from . import sms

LANGUAGES = ("id", "en")
# fmt: off
PLACEHOLDERS = frozenset({
    "name", "service", "date", "time", "location", "code", "bring", "protocol", "link", "reason",
    "old_date", "old_time", "cutoff", "earliest", "deadline",
})
# fmt: on

_WORDING = Path(__file__).parent / "wording"
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class UnknownText(LookupError):
    """There is no text for this kind or language, or none that may go by this channel."""


class MissingValue(LookupError):
    """The text has a placeholder for which no value, or an empty one, was given.

    An empty value is refused too: WhatsApp rejects a template with an empty variable, and
    "Bawa: ." helps nobody.
    """


@dataclass(frozen=True, slots=True)
class Wording:
    """Words that go out. `version` 0 is what the product ships; `template` is Meta's name."""

    version: int
    wording: str
    subject: str
    template: str = ""


def shipped(kind: str, language: str) -> Wording:
    """Version 0. Raises UnknownText."""
    wording = _wording(language)["texts"].get(kind)
    if wording is None:
        raise UnknownText(kind)
    return Wording(0, wording, subject(kind, language))


def fill(wording: str, values: Mapping[str, str]) -> str:
    """The words with their placeholders filled, in one pass. Raises MissingValue."""
    return PLACEHOLDER.sub(lambda match: _value(values, match.group(1)), wording)


def fill_for(
    channel: str, kind: str, language: str, wording: str, values: Mapping[str, str]
) -> str:
    """As `fill`; for SMS in plain letters and, where it would take more than three parts, shorter.

    First `{bring}` points to the page behind the link, which says it in full, then `{protocol}`.
    Where even that is too long (a name in another script makes every letter count double), the
    short form of the kind: who, when and the link. Raises MissingValue, UnknownText.
    """
    if channel != "sms":
        return fill(wording, values)
    values = {name: sms.plain(value) for name, value in values.items()}
    wordings = _wording(language)
    bring = {"bring": bring_at_link(language)}
    protocol = {"protocol": wordings["protocol_at_link"]}
    for shorter in ({}, bring, bring | protocol):
        text = fill(wording, {**values, **shorter})
        if sms.parts(text) <= sms.MAX_PARTS:
            return text
    return fill(wordings["short"][kind], values)


def subject(kind: str, language: str) -> str:
    """The shipped subject line of an e-mail: fixed words, so nothing typed gets into a header."""
    found: str | None = _wording(language)["subjects"].get(kind)
    if found is None:
        raise UnknownText(kind)
    return found


def opening(language: str) -> str:
    """The words with which every message of the office begins, so that people know them."""
    return str(_wording(language)["opening"])


def bring_at_link(language: str) -> str:
    """What stands for `{bring}` where an SMS has no room for it."""
    return str(_wording(language)["bring_at_link"])


def email_footer(language: str, link: str) -> str:
    """What stands below each e-mail, with the link that ends them."""
    return "\n\n" + fill(str(_wording(language)["email_footer"]), {"link": link})


def reason(code: str, language: str) -> str:
    """The phrase for a reason's code: `closed` -> "karena kantor tutup". Raises UnknownText."""
    found: str | None = _wording(language)["reasons"].get(code)
    if found is None:
        raise UnknownText(code)
    return found


def reasons(language: str) -> list[str]:
    """All phrases for reasons."""
    return list(_wording(language)["reasons"].values())


def is_reason(code: str) -> bool:
    return code in _wording("id")["reasons"]


def kinds() -> frozenset[str]:
    return frozenset(_wording("id")["texts"])


def placeholders(wording: str) -> list[str]:
    """The names of the placeholders, in the order of the words."""
    return PLACEHOLDER.findall(wording)


# --- WhatsApp ------------------------------------------------------------------------------------


def template_body(wording: str) -> str:
    """The words as Meta wants them for approval: `{name}` → `{{1}}`, in their order."""
    numbers = _numbers(wording)
    return PLACEHOLDER.sub(lambda match: f"{{{{{numbers[match.group(1)]}}}}}", wording)


def template_values(wording: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """What fills `{{1}}`, `{{2}}` …; raises MissingValue."""
    return tuple(_value(values, name) for name in _numbers(wording))


def _numbers(wording: str) -> dict[str, int]:
    names = dict.fromkeys(placeholders(wording))
    return {name: number for number, name in enumerate(names, start=1)}


# --- Values --------------------------------------------------------------------------------------


def clean(value: str) -> str:
    """One line without control or direction marks: what is safe to put into any message.

    Line breaks become spaces (a header, an SMS and a WhatsApp variable allow none); invisible
    characters (category Cc, Cf: U+202E, zero width) go, as they can make a text read as another.
    """
    spaced = re.sub(r"[\s\x00-\x1f\x7f\x85\u2028\u2029]+", " ", value)
    visible = "".join(c for c in spaced if unicodedata.category(c) not in ("Cc", "Cf"))
    return visible.strip()


def _value(values: Mapping[str, str], name: str) -> str:
    value = clean(values.get(name, ""))
    if not value:
        raise MissingValue(name)
    return value


@cache
def _wording(language: str) -> dict[str, Any]:
    if language not in LANGUAGES:
        raise UnknownText(language)
    wording: dict[str, Any] = json.loads((_WORDING / f"{language}.json").read_text("utf-8"))
    return wording
