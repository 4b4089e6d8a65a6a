"""Texts of the code and templates, and their English.

Source texts are Indonesian. English stands in a catalogue near the code; settings.LOCALE_PATHS
names them all. Needs Babel, which only development has.
"""

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.translation.template import templatize

FLOORS = ("ektp_booking", "services", "notifications", "locations")
Message = str | tuple[str, ...]

KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    **dict.fromkeys(("_", "_l", "gettext", "gettext_lazy", "gettext_noop")),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")


def catalogue_files() -> list[Path]:
    """The English catalogue of each of LOCALE_PATHS that has one."""
    files = [Path(path) / "en" / "LC_MESSAGES" / "django.po" for path in settings.LOCALE_PATHS]
    return [file for file in files if file.exists()]


#: Babel would write the moment of compiling into a catalogue that names none.
NO_DATE = datetime(2020, 1, 1, tzinfo=UTC)


def read(file: Path) -> Catalog:
    with file.open("rb") as source:
        catalog = read_po(source, locale="en")
    catalog.creation_date = catalog.revision_date = NO_DATE
    return catalog


def compiled(file: Path) -> bytes:
    """What belongs into the .mo beside `file`."""
    catalogue = read(file)
    # Without a date of its own a catalogue gets the present moment, and is new at every look.
    catalogue.creation_date = catalogue.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    target = io.BytesIO()
    write_mo(target, catalogue)
    return target.getvalue()


def texts() -> dict[Message, str]:
    """Each text that is marked for translation → where it stands first (`file:line`)."""
    found: dict[Message, str] = {}
    for path in _sources():
        for line, message in _extract(path):
            found.setdefault(message, f"{path.relative_to(settings.BASE_DIR)}:{line}")
    return found


def _sources() -> Iterator[Path]:
    for floor in FLOORS:
        for path in sorted((settings.BASE_DIR / floor).rglob("*")):
            # Migrations carry copies of texts of their day.
            if path.suffix in (".py", ".html", ".txt") and "migrations" not in path.parts:
                yield path


def _extract(path: Path) -> Iterator[tuple[int, Message]]:
    source = path.read_text()
    method = "python"
    if path.suffix != ".py":
        # Django turns a template into calls of gettext between lines of X; the extractor for
        # JavaScript is the one that does not mind them.
        source, method = templatize(source, origin=str(path)), "javascript"
    for line, message, _comments, _context in extract(
        method, io.BytesIO(source.encode()), keywords=KEYWORDS, options={"encoding": "utf-8"}
    ):
        yield line, message


def english() -> dict[Message, Message]:
    """Every text that has an English one → that one."""
    known: dict[Message, Message] = {}
    for file in catalogue_files():
        for entry in read(file):
            if entry.id and entry.string and not entry.fuzzy and all(_strings(entry.string)):
                known[_message(entry.id)] = _message(entry.string)
    return known


def missing() -> dict[Message, str]:
    """Texts without English → where they stand."""
    known = english()
    return {text: place for text, place in texts().items() if text not in known}


def differing_placeholders() -> list[str]:
    """Texts whose English names other values than the Indonesian does."""
    wrong = []
    for text, translation in english().items():
        wanted = set(PLACEHOLDER.findall(" ".join(_strings(text))))
        if set(PLACEHOLDER.findall(" ".join(_strings(translation)))) != wanted:
            wrong.append(str(text))
    return wrong


def _message(value: str | list[str] | tuple[str, ...]) -> Message:
    return value if isinstance(value, str) else tuple(value)


def _strings(message: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return (message,) if isinstance(message, str) else tuple(message)
