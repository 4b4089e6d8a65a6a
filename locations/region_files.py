"""Reading the files of a region: plain tables (CSV) and texts (TOML), checked row by row.

A file is read into rows. A row gives its values through checks (`text`, `whole`, `flag` …); what is
wrong is noted with file, line and reason, and reading goes on, so that whoever wrote the files
sees everything at once. Only `Problems.refuse()` raises.
"""

import csv
import re
import tomllib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal, InvalidOperation
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from django.utils.dateparse import parse_date, parse_time

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
MISSING = object()
T = TypeVar("T")


class Problem(NamedTuple):
    """One thing that is wrong. Line 0: the file as a whole."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{where}: {self.reason}"


class RegionRefused(Exception):
    """The files of a region have problems; nothing was loaded."""

    def __init__(self, problems: Collection[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass
class Problems:
    """Everything that was found wrong so far."""

    found: list[Problem] = field(default_factory=list)

    def add(self, file: str, line: int, reason: str) -> None:
        self.found.append(Problem(file, line, reason))

    def refuse(self) -> None:
        """Raise RegionRefused if anything is wrong."""
        if self.found:
            raise RegionRefused(self.found)


class Row:
    """One row of a table or one entry of a text file, with the line on which it stands."""

    def __init__(
        self,
        file: str,
        line: int,
        values: dict[str, Any],
        problems: Problems,
        lines: dict[str, int],
    ) -> None:
        self.file, self.line, self.values = file, line, values
        self.problems, self.lines = problems, lines

    def wrong(self, name: str, reason: str) -> None:
        """Note that the value `name` is wrong, on its own line where that is known."""
        self.problems.add(self.file, self.lines.get(name, self.line), f"{name} {reason}")

    def _get(self, name: str, default: Any) -> Any:
        value = self.values.get(name)
        if isinstance(value, str):
            value = value.strip()
        if value is None or value == "":
            if default is MISSING:
                self.wrong(name, "is missing")
            return None
        return value

    def text(self, name: str, longest: int, default: Any = MISSING) -> str:
        value = self._get(name, default)
        if value is None:
            return "" if default is MISSING else str(default)
        if not isinstance(value, str):
            self.wrong(name, f"must be a text, not {value!r}")
        elif len(value) > longest:
            self.wrong(name, f"has {len(value)} letters, at most {longest} fit")
        return str(value)

    def texts(self, name: str) -> list[str]:
        value = self._get(name, MISSING)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(t, str) and t.strip() for t in value):
            self.wrong(name, "must be a list of texts")
            return []
        return [text.strip() for text in value]

    def slug(self, name: str, longest: int) -> str:
        value = self.text(name, longest)
        if value and not SLUG.fullmatch(value):
            self.wrong(name, f"{value!r} may hold a-z, 0-9 and single hyphens only")
        return value

    def whole(self, name: str, least: int, most: int, default: Any = MISSING) -> int:
        value = self._get(name, default)
        if value is None:
            return least if default is MISSING else default
        if isinstance(value, bool) or not re.fullmatch(r"-?[0-9]{1,12}", str(value)):
            self.wrong(name, f"{value!r} is no whole number")
            return least
        if not least <= int(value) <= most:
            self.wrong(name, f"{value} is not between {least} and {most}")
        return int(value)

    def decimal(
        self, name: str, least: str, most: str, places: int, default: Any = MISSING
    ) -> Decimal | None:
        value = self._get(name, default)
        if value is None:
            return None
        try:
            number = Decimal(str(value))
            in_range = Decimal(least) <= number <= Decimal(most)
        except InvalidOperation:
            self.wrong(name, f"{value!r} is no number")
            return None
        exponent = number.as_tuple().exponent
        if not in_range:
            self.wrong(name, f"{value} is not between {least} and {most}")
        elif isinstance(exponent, int) and -exponent > places:
            self.wrong(name, f"{value} has more than {places} decimal places")
        return number

    def flag(self, name: str, default: Any = MISSING) -> bool:
        value = self._get(name, default)
        if value is None:
            return False if default is MISSING else default
        if value not in (True, False, "yes", "no"):
            self.wrong(name, f"{value!r} must be yes or no")
        return value in (True, "yes")

    def day(self, name: str, default: Any = MISSING) -> date | None:
        value = self._get(name, default)
        return self._parsed(name, value, parse_date, "a date like 2026-11-24")

    def clock(self, name: str) -> time | None:
        value = self._get(name, MISSING)
        return self._parsed(name, value, parse_time, "a time like 08:00")

    def _parsed(self, name: str, value: Any, parse: Any, example: str) -> Any:
        if value is None:
            return None
        try:
            parsed = parse(str(value))
        except ValueError:
            parsed = None
        if parsed is None:
            self.wrong(name, f"{value!r} is not {example}")
        return parsed

    def one_of(self, name: str, choices: Iterable[T]) -> Any:
        value = self._get(name, MISSING)
        allowed = list(choices)
        if value is not None and value not in allowed:
            shown = ", ".join(map(str, allowed[:8])) + (", …" if len(allowed) > 8 else "")
            self.wrong(name, f"{value!r} is none of {shown}")
        return value


class Folder:
    """The files of one region, read with all their problems noted."""

    def __init__(self, path: Path, problems: Problems) -> None:
        self.path, self.problems = path, problems

    def table(self, file: str, columns: Collection[str]) -> list[Row]:
        """The rows of a CSV file with exactly these columns, in any order."""
        content = self._content(file)
        if content is None:
            return []
        reader = csv.DictReader(StringIO(content, newline=""), strict=True)
        rows: list[Row] = []
        try:
            header = reader.fieldnames or []
            if not self._same_columns(file, header, columns):
                return []
            for values in reader:
                line = reader.line_num
                if None in values or None in values.values():
                    self.problems.add(file, line, f"has not {len(header)} cells, as the header has")
                else:
                    rows.append(Row(file, line, values, self.problems, {}))
        except csv.Error as error:
            self.problems.add(file, reader.line_num, f"cannot be read: {error}")
        return rows

    def entries(self, file: str, name: str, keys: Collection[str]) -> list[Row]:
        """The entries `[[name]]` of a TOML file; other keys than these are refused."""
        content = self._content(file)
        if content is None:
            return []
        try:
            entries = tomllib.loads(content).get(name, [])
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"at line (\d+)", str(error))
            self.problems.add(file, int(found[1]) if found else 0, f"cannot be read: {error}")
            return []
        places = _lines_of_entries(content, name)
        rows = []
        for values, (line, lines) in zip(entries, places, strict=False):
            row = Row(file, line, values, self.problems, lines)
            for key in sorted(set(values) - set(keys)):
                row.wrong(key, "is not known here")
            rows.append(row)
        if len(rows) != len(entries) or not rows:
            self.problems.add(file, 0, f"must hold entries that begin with [[{name}]]")
        return rows

    def _content(self, file: str) -> str | None:
        try:
            return (self.path / file).read_text(encoding="utf-8-sig")
        except OSError as error:
            self.problems.add(file, 0, f"cannot be opened: {error.strerror}")
        except UnicodeDecodeError as error:
            before = error.object[: error.start]
            self.problems.add(file, before.count(b"\n") + 1, "is not written in UTF-8")
        return None

    def _same_columns(self, file: str, header: Iterable[str], columns: Collection[str]) -> bool:
        missing, unknown = set(columns) - set(header), set(header) - set(columns)
        if missing:
            self.problems.add(file, 1, f"lacks the columns {', '.join(sorted(missing))}")
        if unknown:
            self.problems.add(file, 1, f"has unknown columns {', '.join(sorted(unknown))}")
        return not missing and not unknown


def _lines_of_entries(content: str, name: str) -> list[tuple[int, dict[str, int]]]:
    """Where the n-th `[[name]]` begins, and the line of each of its keys (TOML does not say)."""
    places: list[tuple[int, dict[str, int]]] = []
    for number, line in enumerate(content.splitlines(), start=1):
        if re.fullmatch(rf"\s*\[\[\s*{re.escape(name)}\s*\]\]\s*(#.*)?", line):
            places.append((number, {}))
        elif places and (key := re.match(r"\s*([A-Za-z_][\w-]*)\s*=", line)):
            places[-1][1].setdefault(key[1], number)
    return places


def no_doubles(rows: Iterable[Row], key: str, values: Iterable[Any]) -> None:
    """Note every value of `key` that an earlier row has already."""
    seen: dict[Any, int] = {}
    for row, value in zip(rows, values, strict=True):
        if value in seen and value not in (None, ""):
            row.wrong(key, f"{value!r} stands on line {seen[value]} already")
        seen.setdefault(value, row.line)
