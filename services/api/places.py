"""What there is, where and when: services, districts, places and their free slots."""

import hashlib
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http import HttpResponse
from django.utils.cache import get_conditional_response
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework.generics import ListAPIView
from rest_framework.request import Request

from locations.models import District, Location, Slot
from services.api.answers import DistrictAnswer, LocationAnswer, ServiceAnswer, SlotAnswer
from services.api.base import ApiView, asked, field_error
from services.api.paging import Pages
from services.api.requests import PlacesAsked, SlotsAsked
from services.availability import slots_as_json
from services.models import Offering, Service

PLACES_ASKED, SLOTS_ASKED = PlacesAsked(), SlotsAsked()


class Services(ApiView, ListAPIView[Service]):
    """The services that can be booked, with what to bring."""

    serializer_class = ServiceAnswer
    pagination_class = Pages
    queryset = Service.objects.filter(active=True).order_by("order", "slug")


class Districts(ApiView, ListAPIView[District]):
    """The districts (kecamatan), for the residence of a person and for finding a place."""

    serializer_class = DistrictAnswer
    pagination_class = Pages
    queryset = District.objects.order_by("name")


class Locations(ApiView, ListAPIView[Location]):
    """The places, with the beginning of the next slot in which the public finds room."""

    serializer_class = LocationAnswer
    pagination_class = Pages
    codes = {400: ("blank", "does_not_exist", "duplicate", "max_length", "invalid_characters")}

    @extend_schema(parameters=[PlacesAsked])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Location]:
        wanted = asked(PLACES_ASKED, self.request)
        places = Location.objects.filter(active=True).select_related("district")
        if service := wanted.get("service"):
            if not Service.objects.filter(slug=service, active=True).exists():
                raise field_error("service", "does_not_exist")
            places = places.filter(offering__service__slug=service)
        if district := wanted.get("district"):
            if not District.objects.filter(code=district).exists():
                raise field_error("district", "does_not_exist")
            places = places.filter(district=district)
        soonest = Slot.objects.bookable().filter(location=OuterRef("pk")).order_by("starts_at")
        return places.annotate(next_available=Subquery(soonest.values("starts_at")[:1])).order_by(
            "name", "slug"
        )


class Slots(ApiView):
    """The slots of a place that the public can see: to come, and not closed; full ones too.

    Not paginated; at most 62 days. The body is made by the database, whole; a client that shows
    its `ETag` again (`If-None-Match`) gets 304 while nothing has changed.
    """

    codes = {400: ("required", "does_not_exist", "duplicate")}

    @extend_schema(parameters=[SlotsAsked], responses={200: SlotAnswer(many=True), 304: None})
    def get(self, request: Request, slug: str) -> HttpResponse:
        wanted = asked(SLOTS_ASKED, request)
        place, offers = _place_and_offer(slug, wanted.get("service"))
        body = slots_as_json(place, first=wanted["from"], last=wanted["to"]) if offers else "[]"
        etag = f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
        response = HttpResponse(body, content_type="application/json")
        response["Cache-Control"], response["ETag"] = "no-cache", etag
        unchanged = get_conditional_response(request._request, etag=etag, response=response)
        return unchanged or response


def _place_and_offer(slug: str, service: str | None) -> tuple[int, bool]:
    """The id of a place and whether it offers a service (any, where None); one statement."""
    known = Service.objects.filter(slug=service or "", active=True)
    offered = Offering.objects.filter(location=OuterRef("pk"), service__in=known)
    row = (
        Location.objects.filter(slug=slug, active=True)
        .values_list("pk", Exists(known), Exists(offered))
        .first()
    )
    if row is None:
        raise exceptions.NotFound()
    place, is_known, is_offered = row
    if service is not None and not is_known:
        raise field_error("service", "does_not_exist")
    return place, service is None or is_offered
