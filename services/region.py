"""What a region's file says about services and who offers them, read, checked and written.

The upper half of loading a region; places are in locations/region.py and region_loading.py.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from locations.history import note_change
from locations.models import Location
from locations.region import Places, length, read_places
from locations.region_files import Folder, Problems, Row, no_doubles
from locations.region_loading import Tally, bring, write_places
from services.models import Offering, Service

TEXTS = {
    "name_id", "name_en", "description_id", "description_en", "documents", "bring_id", "bring_en",
    "procedure_id", "procedure_en", "product_id", "product_en",
}  # fmt: skip
DECIDED = {"order", "duration_minutes", "minimum_age", "cutoff_hours"}


@dataclass(frozen=True)
class Offer:
    """A service that is not saved yet, and where it is offered: "all", kinds of place, slugs."""

    service: Service
    places: tuple[str, ...]

    def is_at(self, location: Location) -> bool:
        return not {"all", location.kind, location.slug}.isdisjoint(self.places)


def load_region(path: Path, *, overwrite: bool = False) -> Iterator[Tally]:
    """Load a region's folder in one transaction; gives the tally of each kind as it goes.

    Raises RegionRefused with every problem of every file; then nothing was written.
    """
    problems = Problems()
    folder = Folder(path, problems)
    places = read_places(folder)
    offers = read_services(folder, places)
    problems.refuse()
    with transaction.atomic():
        note_change(who="system", why=f"load_region {path.name}")
        known = set(Location.objects.values_list("slug", flat=True))
        yield from write_places(places, overwrite=overwrite)
        yield from write_services(offers, known, overwrite=overwrite)


def read_services(folder: Folder, places: Places) -> list[Offer]:
    """The services of a region; what is wrong is noted in `folder.problems`."""
    keys = ["slug", "offered_at", *sorted(TEXTS | DECIDED)]
    rows = folder.entries("services.toml", "service", keys)
    known = {"all", *Location.Kind.values, *(location.slug for location in places.locations)}
    offers = [Offer(_read_service(row), _read_offered_at(row, known)) for row in rows]
    no_doubles(rows, "slug", [offer.service.slug for offer in offers])
    return offers


def _read_service(row: Row) -> Service:
    service = Service(
        slug=row.slug("slug", length(Service, "slug")),
        order=row.whole("order", 1, 99),
        duration_minutes=row.whole("duration_minutes", 1, 480),
        minimum_age=row.whole("minimum_age", 0, 100),
        cutoff_hours=row.whole("cutoff_hours", 0, 240),
        documents=_read_documents(row),
        procedure_id="\n".join(row.texts("procedure_id")),
        procedure_en="\n".join(row.texts("procedure_en")),
    )
    for name in ("name", "bring", "product"):
        for column in (f"{name}_id", f"{name}_en"):
            setattr(service, column, row.text(column, length(Service, column)))
    for column in ("description_id", "description_en"):
        setattr(service, column, row.text(column, 1000))
    return service


def _read_documents(row: Row) -> list[dict[str, str]]:
    documents = row.values.get("documents")
    good = isinstance(documents, list) and all(
        isinstance(text, dict)
        and set(text) == {"id", "en"}
        and all(isinstance(words, str) and words.strip() for words in text.values())
        for text in documents
    )
    if not good:
        row.wrong("documents", "must be a list of { id = …, en = … }")
        return []
    return list(documents or [])


def _read_offered_at(row: Row, known: Collection[str]) -> tuple[str, ...]:
    places = row.texts("offered_at")
    for place in places:
        if place not in known:
            row.wrong("offered_at", f"{place!r} is neither all, nor a kind of place, nor a slug")
    return tuple(places)


def write_services(
    offers: Sequence[Offer], known_locations: Collection[str], *, overwrite: bool
) -> Iterator[Tally]:
    """Write services, and offer them where service or location is new (with overwrite: everywhere).

    `known_locations`: slugs that were there before this load. What the office took off offer stays
    off.
    """
    known_services = set(Service.objects.values_list("slug", flat=True))
    follows = TEXTS | (DECIDED if overwrite else set())
    services = [offer.service for offer in offers]
    yield bring("services", Service, "slug", services, lambda old, new: follows)

    ids = dict(Service.objects.values_list("slug", "pk"))
    there = set(Offering.objects.values_list("service_id", "location_id"))
    wanted = [
        (ids[offer.service.slug], location.pk)
        for offer in offers
        for location in Location.objects.all()
        if offer.is_at(location)
        and (
            overwrite
            or offer.service.slug not in known_services
            or location.slug not in known_locations
        )
    ]
    missing = [pair for pair in wanted if pair not in there]
    Offering.objects.bulk_create(
        Offering(service_id=service, location_id=location) for service, location in missing
    )
    yield Tally("offerings", made=len(missing), unchanged=len(wanted) - len(missing))
