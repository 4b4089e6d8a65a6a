"""What a NIK says, and what it can't (docs/domain.md section 1).

Only the shape blocks: sixteen ASCII digits, not all the same. Everything else that looks wrong is a
doubt for the person to confirm and for the counter to see, because a NIK is permanent: it does not
follow a corrected birth date or a redrawn district, and no check digit proves one.
"""

import re
from dataclasses import dataclass
from datetime import date

SIXTEEN_DIGITS = re.compile(r"[0-9]{16}", re.ASCII)
SEPARATORS = re.compile(r"[ .\-\u2010-\u2015\u00a0]")

#: The 38 provinces with a code of their own (docs/domain.md section 1).
PROVINCES = frozenset(
    int(code)
    for code in [
        "11",
        "12",
        "13",
        "14",
        "15",
        "16",
        "17",
        "18",
        "19",
        "21",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "51",
        "52",
        "53",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
        "72",
        "73",
        "74",
        "75",
        "76",
        "81",
        "82",
        "91",
        "92",
        "93",
        "94",
        "95",
        "96",
    ]
)
JEMBER, JEMBER_DISTRICTS = "3509", 31


@dataclass(frozen=True)
class NikReading:
    """A NIK taken apart. `doubts` are short codes, empty where nothing looks odd."""

    digits: str
    doubts: tuple[str, ...]


def clean_nik(typed: str) -> str | None:
    """The sixteen digits of something typed with spaces, dots or hyphens; None if not a NIK."""
    digits = SEPARATORS.sub("", typed)
    if not SIXTEEN_DIGITS.fullmatch(digits) or len(set(digits)) == 1:
        return None
    return digits


def read_nik(digits: str, birth_date: date) -> NikReading:
    """Compare a clean NIK with the birth date that was typed, which decides the century.

    Doubts: `region` (no such province, or a district of Jember above 31), `date` (day or month
    impossible), `birth_date` (differs from what was typed), `serial` (0000).
    """
    doubts = []
    province, district = int(digits[:2]), int(digits[4:6])
    if province not in PROVINCES or (
        digits.startswith(JEMBER) and not 1 <= district <= JEMBER_DISTRICTS
    ):
        doubts.append("region")
    day, month, year = int(digits[6:8]), int(digits[8:10]), int(digits[10:12])
    if 41 <= day <= 71:  # women: day + 40
        day -= 40
    if not _is_a_date(day, month, year, birth_date):
        doubts.append("date")
    elif (day, month, year) != (birth_date.day, birth_date.month, birth_date.year % 100):
        doubts.append("birth_date")
    if digits[12:] == "0000":
        doubts.append("serial")
    return NikReading(digits, tuple(doubts))


def _is_a_date(day: int, month: int, year: int, birth_date: date) -> bool:
    """Whether day and month exist in that year of the typed century or the one beside it."""
    century = birth_date.year // 100 * 100
    for base in (century, century - 100, century + 100):
        try:
            date(base + year, month, day)
        except ValueError:
            continue
        return True
    return False
