"""The times of one day, in the parts of the day that people speak of."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext as _

from services.availability import SlotRoom

NOON = 12


@dataclass(frozen=True, slots=True)
class Time:
    """A slot as a button; without `free` places it is only shown, with the `word` that says why."""

    id: int
    label: str
    free: int
    word: str


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    times: list[Time]


def parts_of_day(slots: Iterable[SlotRoom], now: datetime) -> list[Part]:
    """Morning and afternoon; what has begun is left out."""
    morning: list[Time] = []
    afternoon: list[Time] = []
    for slot in slots:
        if slot.starts_at <= now:
            continue
        begins = timezone.localtime(slot.starts_at)
        word = "" if slot.free else _("penuh") if slot.open else _("tutup")
        (morning if begins.hour < NOON else afternoon).append(
            Time(slot.id, time_format(begins.time()), slot.free, word)
        )
    parts = [Part(_("Pagi"), morning), Part(_("Siang"), afternoon)]
    return [part for part in parts if part.times]


def day_heading(day: date) -> str:
    return date_format(day, "l, j F")


def moment_words(moment: datetime) -> str:
    """`Selasa, 24 November 2026 pukul 09.20 WIB`, in the reader's language."""
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")


def short_words(moment: datetime) -> str:
    """`Rab, 25 Nov 10.00`."""
    local = timezone.localtime(moment)
    return f"{date_format(local, 'D, j M')} {time_format(local.time())}"
