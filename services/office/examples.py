"""What fills a text when staff look at it: invented people, the region's own places and services.

`longest` has for each placeholder the longest value that can come, `typical` an ordinary one.
Three statements for both languages and all kinds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import override

from locations.models import HealthProtocol, Location
from notifications import sms, texts
from services.models import Service
from services.tokens import TOKEN_LENGTH

# Nobody's: two of the most common names there are, and a code that was never given out.
NAME, LONGEST_NAME = "Siti Aminah", "Muhammad Syarifuddin"
CODE = "HW3P-8MT4"
LINK_TOKEN = "contoh" + "x" * (TOKEN_LENGTH - len("contoh"))
# A Tuesday; and a week of September, the longest month in both languages.
USUAL = datetime(2026, 11, 24, 2, 20, tzinfo=UTC)
LONG_DAYS = [datetime(2026, 9, 20, 2, 20, tzinfo=UTC) + timedelta(days=day) for day in range(7)]
MOMENT = {"id": r"j F \p\u\k\u\l H.i", "en": "j F, H:i"}


@dataclass(frozen=True)
class Examples:
    longest: dict[str, str]
    typical: dict[str, str]


def examples() -> dict[str, Examples]:
    """By language."""
    services = list(Service.objects.filter(active=True))
    places = list(Location.objects.filter(active=True).values_list("name", flat=True))
    protocols = list(HealthProtocol.objects.all())
    return {language: _in(language, services, places, protocols) for language in texts.LANGUAGES}


def _in(
    language: str, services: list[Service], places: list[str], protocols: list[HealthProtocol]
) -> Examples:
    with override(language):
        names = [service.name for service in services]
        papers = [service.bring for service in services]
        short = [protocol.short for protocol in protocols]
        reasons = texts.reasons(language)
        longest = {
            "name": LONGEST_NAME,
            "service": _longest(names),
            "location": _longest(places),
            "bring": _longest(papers),
            "protocol": _longest(short),
            "reason": _longest(reasons),
        } | _times(LONG_DAYS, language)
        typical = {
            "name": NAME,
            "service": _first(names),
            "location": _first(places),
            "bring": _first(papers),
            "protocol": _first(short),
            "reason": _first(reasons),
        } | _times([USUAL], language)
    return Examples(longest=longest | _fixed(), typical=typical | _fixed())


def _fixed() -> dict[str, str]:
    return {"code": CODE, "link": f"{settings.SITE_URL}/m/{CODE.replace('-', '')}/{LINK_TOKEN}/"}


def _times(days: list[datetime], language: str) -> dict[str, str]:
    local = [timezone.localtime(day) for day in days]
    day = _longest(date_format(one, "DATE_FORMAT") for one in local)
    hour = _longest(date_format(one, "TIME_FORMAT") for one in local)
    moment = _longest(date_format(one, MOMENT[language]) for one in local)
    return {
        "date": day,
        "old_date": day,
        "earliest": day,
        "time": hour,
        "old_time": hour,
        "cutoff": moment,
        "deadline": moment,
    }


def _longest(found: Iterable[str]) -> str:
    """By what it costs in an SMS. Without data something to look at."""
    return max(found, key=lambda one: sms.length(sms.plain(one)), default="…")


def _first(found: list[str]) -> str:
    return found[0] if found else "…"
