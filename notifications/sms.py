"""How long a text is as an SMS, and the letters that an SMS carries.

An SMS takes 160 letters of the GSM alphabet (3GPP TS 23.038), or 153 in each of several joined
parts; a few of them (`{ } [ ] ~ ^ \\ | €`) count two. One letter from outside the alphabet makes
the whole text UCS-2: 70, or 67 a part. What an operator bills, and a phone joins, is parts.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import gsm0338  # noqa: F401 (registers the codec)

# Three parts: longer ones arrive torn on some phones (docs/domain.md section 7).
MAX_PARTS = 3
MAX_SEPTETS = 459

# What people and word processors write in place of a plain letter.
_PLAIN = {
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "ʼ": "'", "ʻ": "'", "′": "'", "`": "'", "´": "'",
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "″": '"',
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-",
    "…": "...", "•": "-", "·": ".", "×": "x", "½": "1/2", "№": "No.",
    "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u2007": " ",
}  # fmt: skip
# Only where somebody writes a text and can choose: a temperature reads well without.
_SUGGESTED = {"°": "", "✓": "", "→": "ke"}


def is_gsm(text: str) -> bool:
    try:
        text.encode("gsm03.38")
    except UnicodeEncodeError:
        return False
    return "\x1b" not in text


def outside(text: str) -> list[str]:
    """The letters that no GSM-7 text can carry, each once, in their order."""
    return [letter for letter in dict.fromkeys(text) if not is_gsm(letter)]


def plain(text: str) -> str:
    """The same with plain letters where there are any: curly quotes, dashes, é for ĕ.

    What the GSM alphabet has stays (é, ñ, ü); what has no equivalent (Javanese script) stays too.
    """
    return "".join(_plain(letter) for letter in unicodedata.normalize("NFC", text))


def suggestion(letter: str) -> str | None:
    """What to write instead of a letter; empty: leave it out; None: nothing comes near."""
    if letter in _SUGGESTED:
        return _SUGGESTED[letter]
    found = _plain(letter)
    return found if is_gsm(found) else None


def _plain(letter: str) -> str:
    if is_gsm(letter):
        return letter
    if letter in _PLAIN:
        return _PLAIN[letter]
    decomposed = unicodedata.normalize("NFKD", letter)
    bare = "".join(_PLAIN.get(c, c) for c in decomposed if not unicodedata.combining(c))
    return bare if bare and is_gsm(bare) else letter


def length(text: str) -> int:
    """Septets of a GSM text, UTF-16 units of any other."""
    return sum(_widths(text))


def parts(text: str) -> int:
    """How many SMS it takes. A letter of two units is never cut in half."""
    alone, joined = (160, 153) if is_gsm(text) else (70, 67)
    if length(text) <= alone:
        return 1
    count, room = 1, joined
    for width in _widths(text):
        if width > room:
            count, room = count + 1, joined
        room -= width
    return count


def _widths(text: str) -> Iterable[int]:
    if is_gsm(text):
        return (len(letter.encode("gsm03.38")) for letter in text)
    return (2 if ord(letter) > 0xFFFF else 1 for letter in text)
