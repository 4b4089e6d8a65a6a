"""How many of the people who must hold a KTP-el have been recorded, by district of residence.

The published figures do not add up (docs/domain.md section 4), so each district keeps its source
and date, and what is left is never forced to be obliged − recorded of another source.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from locations.models import District


@dataclass(frozen=True)
class Coverage:
    """People of one district, or of all together (`district` None). `percent` of the obliged."""

    district: District | None
    obliged: int
    recorded: int

    @property
    def remaining(self) -> int:
        return max(0, self.obliged - self.recorded)

    @property
    def percent(self) -> float:
        return round(100 * self.recorded / self.obliged, 2) if self.obliged else 0.0


def coverage() -> list[Coverage]:
    """One row per district that has figures, by code; one statement."""
    return [
        Coverage(district, district.obliged, district.recorded)
        for district in District.objects.filter(obliged__gt=0).order_by("code")
    ]


def total(rows: Sequence[Coverage]) -> Coverage:
    return Coverage(None, sum(row.obliged for row in rows), sum(row.recorded for row in rows))
