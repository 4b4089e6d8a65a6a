"""What a supervisor changes at his own locations; and how far the recording has come."""

from datetime import datetime, time, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, status
from rest_framework.request import Request
from rest_framework.response import Response

from locations import access
from locations.closures import ClosureHasBookings, close_slots
from locations.models import Location, Slot
from locations.slots import LOCAL
from services.api.base import StaffView, field_error, given
from services.api.staff_answers import ChangeAnswer, CoverageAnswer, HasBookings
from services.api.staff_requests import CapacityGiven, ChangeGiven
from services.capacity import (
    SLOTS_MAX,
    Change,
    apply_change,
    people_in,
    preview_change,
    slots_by_rule,
)
from services.coverage import coverage

CAPACITY_GIVEN, CLOSURE_GIVEN = CapacityGiven(), ChangeGiven()


class CapacityChanges(StaffView):
    """Change what slots hold. Who is above the new number stays, and the slot drains."""

    codes = {400: ("no_slots", "too_many_slots", "not_available_yet")}

    @extend_schema(request=CapacityGiven, responses={200: ChangeAnswer, 201: ChangeAnswer})
    def post(self, request: Request, slug: str) -> Response:
        place = self.place(slug, "supervise")
        wish = given(CAPACITY_GIVEN, request)
        slots = slots_by_rule(
            place, wish["from"], wish["to"], wish["weekdays"], wish["start_time"], wish["end_time"]
        )
        if wish["dry_run"]:
            return Response(ChangeAnswer(preview_change(slots, wish["capacity"], None)).data)
        change = apply_change(
            location=place,
            slot_ids=_some(list(slots.values_list("pk", flat=True)[: SLOTS_MAX + 1])),
            capacity=wish["capacity"],
            reserve=None,
            reason=wish["reason"],
            staff=self.staff,
        )
        return Response(ChangeAnswer(change).data, status.HTTP_201_CREATED)


class Closures(StaffView):
    """Close whole days. Refused, with the bookings, while somebody has a place in them."""

    codes = {400: ("not_available_yet",), 409: ("has_bookings",)}

    @extend_schema(request=ChangeGiven, responses={200: ChangeAnswer, 201: ChangeAnswer})
    def post(self, request: Request, slug: str) -> Response:
        place = self.place(slug, "supervise")
        wish = given(CLOSURE_GIVEN, request)
        preview = _closing(place, wish)
        if wish["dry_run"]:
            return Response(ChangeAnswer(preview).data)
        try:
            close_slots(place, *_span(wish), reason=wish["reason"], staff=self.staff)
        except ClosureHasBookings as refusal:
            raise HasBookings(people_in([slot.pk for slot in refusal.slots])) from None
        except ValidationError as error:
            raise field_error("to", "invalid", error.messages[0]) from None
        return Response(ChangeAnswer(preview).data, status.HTTP_201_CREATED)


class Coverage(StaffView):
    """Recorded and obliged per district, for supervisors and the head of the registry."""

    @extend_schema(responses=CoverageAnswer(many=True))
    def get(self, request: Request) -> Response:
        oversight = {access.Role.SUPERVISOR, access.Role.HEAD}
        if not access.assignments(self.staff).filter(role__in=oversight).exists():
            raise exceptions.PermissionDenied()
        return Response(CoverageAnswer(coverage(), many=True).data)


def _some(slot_ids: list[int]) -> list[int]:
    """At least one slot, and not more than one change may touch."""
    if not slot_ids:
        raise field_error("from", "no_slots", _("Tidak ada sesi pada rentang ini."))
    if len(slot_ids) > SLOTS_MAX:
        raise field_error("to", "too_many_slots", _("Terlalu banyak sesi untuk satu perubahan."))
    return slot_ids


def _span(wish: dict[str, Any]) -> tuple[datetime, datetime]:
    """From midnight of the first day to midnight after the last, in Jember."""
    first = datetime.combine(wish["from"], time.min, tzinfo=LOCAL)
    return first, datetime.combine(wish["to"], time.min, tzinfo=LOCAL) + timedelta(days=1)


def _closing(place: Location, wish: dict[str, Any]) -> Change:
    """What closing would shut, and who has a place in it; nothing is written."""
    starts_at, ends_at = _span(wish)
    touched = Slot.objects.filter(location=place, starts_at__lt=ends_at, ends_at__gt=starts_at)
    slots = list(touched.filter(closure__isnull=True).values_list("pk", "booked"))
    booked = [(pk, people) for pk, people in slots if people]
    return Change(
        slots=len(slots),
        booked=sum(people for _pk, people in booked),
        affected=sum(people for _pk, people in booked),
        draining=0,
        people=people_in([pk for pk, _people in booked]),
    )
