"""What a message says: one text per kind and language, filled in with plain values.

The words are data (wording/<language>.json). Placeholders are replaced in one pass by a function
of our own and never by a template engine: what a person typed as a name stays what they typed,
also when it looks like `{{ 7*7 }}`, `%s` or `{link}`.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("id", "en")
# fmt: off
PLACEHOLDERS = frozenset({
    "name", "service", "date", "time", "location", "code", "bring", "protocol", "link", "reason",
    "old_date", "old_time", "cutoff", "earliest", "deadline",
})
# fmt: on
# Three joined SMS of 153 letters each (docs/domain.md section 7).
SMS_LIMIT = 459

_WORDING = Path(__file__).parent / "wording"
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class UnknownText(LookupError):
    """There is no text for this kind or language."""


class MissingValue(LookupError):
    """The text has a placeholder for which no value, or an empty one, was given.

    An empty value is refused too: WhatsApp rejects a template with an empty variable, and
    "Bawa: ." helps nobody.
    """


def render(kind: str, language: str, values: Mapping[str, str], limit: int | None = None) -> str:
    """The text of `kind` in `language` with its placeholders filled.

    Where it comes out longer than `limit` letters, `{bring}` points to the page behind the link,
    which says it in full. Raises UnknownText, MissingValue.
    """
    wording = _wording(language)
    template = wording["texts"].get(kind)
    if template is None:
        raise UnknownText(kind)
    text = _filled(template, values)
    if limit is not None and len(text) > limit:
        text = _filled(template, {**values, "bring": wording["bring_at_link"]})
    return text


def _filled(template: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: _value(values, match.group(1)), template)


def subject(kind: str, language: str) -> str:
    """The subject line of an e-mail: fixed words, so nothing a person typed gets into a header."""
    found = _wording(language)["subjects"].get(kind)
    if found is None:
        raise UnknownText(kind)
    return found


def reason(code: str, language: str) -> str:
    """The phrase for a reason's code: `closed` -> "karena kantor tutup". Raises UnknownText."""
    found = _wording(language)["reasons"].get(code)
    if found is None:
        raise UnknownText(code)
    return found


def is_reason(code: str) -> bool:
    return code in _wording("id")["reasons"]


def kinds() -> frozenset[str]:
    return frozenset(_wording("id")["texts"])


def placeholders(kind: str, language: str) -> frozenset[str]:
    return frozenset(_PLACEHOLDER.findall(_wording(language)["texts"][kind]))


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
    for kind, template in wording["texts"].items():
        unknown = set(_PLACEHOLDER.findall(template)) - PLACEHOLDERS
        if unknown:
            raise UnknownText(f"{language}.json: {kind}: placeholder {', '.join(sorted(unknown))}")
    return wording
