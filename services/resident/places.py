"""The places to choose from, in the groups that somebody looks through: own district first."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.utils.translation import gettext as _

from locations.models import Location
from services.availability import NextFree
from services.models import Service

SHOWN_AT_ONCE = 12  # of the other districts; the rest is one tap away
FAR_OFF = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """A row: `next` is the next free time, None where nothing is free."""

    name: str
    address: str
    is_example: bool
    district_code: str
    district: str
    in_town: bool
    url: str
    next: datetime | None
    free_week: int


@dataclass(slots=True)
class Group:
    """Rows under a heading; `more` are folded away."""

    heading: str
    places: list[Place]
    more: list[Place] = field(default_factory=list)

    @property
    def last(self) -> str:
        return self.more[-1].district if self.more else ""


def offering(service: Service) -> list[Location]:
    """Active locations with this service, by district; one statement."""
    found = Location.objects.filter(active=True, offering__service=service)
    return list(found.select_related("district").order_by("district__name", "name"))


def rows(
    locations: Iterable[Location],
    free: Mapping[int, NextFree],
    url_of: Callable[[Location], str],
) -> list[Place]:
    return [
        Place(
            name=location.name,
            address=location.address,
            is_example=location.address_is_example,
            district_code=location.district_id,
            district=location.district.name,
            in_town=location.kind != Location.Kind.DISTRICT_OFFICE,
            url=url_of(location),
            next=free[location.pk].starts_at if location.pk in free else None,
            free_week=free[location.pk].free_week if location.pk in free else 0,
        )
        for location in locations
    ]


def grouped(places: list[Place], *, own: str | None, only: str, soonest_first: bool) -> list[Group]:
    """`own`: code of the district of residence; `only`: show this district alone."""
    if only:
        here = [place for place in places if place.district_code == only]
        return [Group(here[0].district, here)] if here else []
    if soonest_first:
        by_time = sorted(places, key=lambda place: place.next or FAR_OFF)
        return [_folded(_("Paling cepat ada tempat"), by_time)]
    at_home = [place for place in places if place.district_code == own]
    in_town = [place for place in places if place.in_town and place not in at_home]
    others = [place for place in places if place not in at_home and place not in in_town]
    groups = [Group(_("Di kota Jember"), in_town), _folded(_("Kecamatan lain"), others)]
    if at_home:
        heading = _("Kecamatan Anda: %(name)s") % {"name": at_home[0].district}
        groups.insert(0, Group(heading, at_home))
    return [group for group in groups if group.places]


def _folded(heading: str, places: list[Place]) -> Group:
    return Group(heading, places[:SHOWN_AT_ONCE], places[SHOWN_AT_ONCE:])
