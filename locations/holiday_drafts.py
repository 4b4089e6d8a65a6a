"""Holidays from the calendar, as drafts that a supervisor confirms.

A draft closes nothing: the office has opened in part on holidays, and the day that is set by
sighting the moon may shift (docs/domain.md section 4). The library marks such days "(perkiraan)",
estimated.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import holidays
from django.conf import settings

from locations.models import Closure
from locations.opening import local_today, span

#: Categories of the library → kinds of closure. `government` is cuti bersama.
CATEGORIES = {
    "public": Closure.Kind.HOLIDAY,
    "government": Closure.Kind.COLLECTIVE_LEAVE,
}


@dataclass
class Drafted:
    made: int = 0
    changed: int = 0


def draft_holidays(year: int | None = None, *, today: date | None = None) -> Drafted:
    """Make the drafts that are missing, for a year or (None) from today over the horizon.

    A draft that the library names anew ("(perkiraan)" gone) is renamed unless it is confirmed;
    none is ever taken away. A second time changes nothing.
    """
    if year is not None:
        first, last = date(year, 1, 1), date(year, 12, 31)
    else:
        first = today or local_today()
        last = first + timedelta(days=settings.SLOT_HORIZON_DAYS)
    drafted = Drafted()
    there = {
        (draft.kind, draft.starts_at): draft
        for draft in Closure.objects.filter(
            location__isnull=True, kind__in=CATEGORIES.values(), starts_at__range=span(first, last)
        )
    }
    new = []
    for draft in _from_library(first, last):
        known = there.get((draft.kind, draft.starts_at))
        if known is None:
            new.append(draft)
        elif known.confirmed_at is None and known.reason != draft.reason:
            known.reason = draft.reason
            known.save(update_fields=["reason"])
            drafted.changed += 1
    Closure.objects.bulk_create(new, ignore_conflicts=True)
    drafted.made = len(new)
    return drafted


def _from_library(first: date, last: date) -> list[Closure]:
    drafts = []
    for category, kind in CATEGORIES.items():
        days = holidays.country_holidays(
            "ID",
            years=range(first.year, last.year + 1),
            categories=(category,),
            language="id",
        )
        for day, name in sorted(days.items()):
            if first <= day <= last:
                starts_at, ends_at = span(day, day)
                drafts.append(
                    Closure(kind=kind, starts_at=starts_at, ends_at=ends_at, reason=name[:200])
                )
    return drafts
