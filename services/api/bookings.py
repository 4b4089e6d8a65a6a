"""A booking from its making to its end, for who holds its token."""

import re
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from locations.models import District
from notifications.personal_data import lookup_hash
from services import limits
from services.api.answers import BookingAnswer, BookingMadeAnswer
from services.api.authentication import BookingToken
from services.api.base import ApiView, field_error, given, nothing_given
from services.api.requests import BookingGiven, RescheduleGiven, person_from
from services.booking import book, cancel, find_by_token, reschedule
from services.lifecycle import Actor
from services.limits import TooManyRequests, Use
from services.models import Booking, IdempotencyKey, Service
from services.refusals import AlreadyBooked, PlaceRefusal, Refusal, TooSoon

IDENTITY_CODES = (
    "invalid_nik",
    "nik_doubtful",
    "invalid_name",
    "invalid_phone",
    "in_future",
    "too_old",
    "under_age",
    "guardian_required",
    "notice_required",
)
PLACE_CODES = ("slot_full", "slot_closed", "too_soon")

# already_booked: who was deferred has booked anew.
MOVE_CODES = ("already_booked", "invalid_transition")

BOOKING_GIVEN, RESCHEDULE_GIVEN = BookingGiven(), RescheduleGiven()
KEY = re.compile(r"[!-~]{8,64}", re.ASCII)


class Bookings(ApiView):
    """Give a person a place in a slot.

    With an `Idempotency-Key` the same request may be sent again until an answer arrives: it finds
    the booking that it made, with the header `Idempotent-Replayed: true`.
    """

    limit = None  # counted below, once it is known to be a whole request
    codes = {
        400: IDENTITY_CODES,
        409: (*PLACE_CODES, "already_booked"),
        422: ("idempotency_key_reused",),
    }

    @extend_schema(
        request=BookingGiven,
        responses={201: BookingMadeAnswer},
        parameters=[OpenApiParameter("Idempotency-Key", str, "header", pattern="^[!-~]{8,64}$")],
    )
    def post(self, request: Request) -> Response:
        wish, key = given(BOOKING_GIVEN, request), idempotency_key(request)
        person = person_from(wish)
        contacts = limits.contacts(person.phone, person.email)
        self.count_try(key, contacts)
        service = find_service(wish["service"])
        check_district(person.residence_district)
        try:
            booked = book(service=service, slot_id=wish["slot"], person=person, key=key)
        except Refusal as refusal:
            limits.give_back(*contacts)
            if isinstance(refusal, AlreadyBooked | TooSoon):
                limits.take(Use("already-booked", person.nik))  # kept hashed; the pages count too
            elif isinstance(refusal, PlaceRefusal):  # a lost race is no try to take places
                limits.give_back(Use("booking", self.address))
            raise
        if booked.replayed:
            limits.give_back(*contacts)
        headers = {"Idempotent-Replayed": "true"} if booked.replayed else {}
        answer = BookingMadeAnswer(booked.booking).data
        return Response(answer, status.HTTP_201_CREATED, headers=headers)

    def count_try(self, key: str | None, contacts: tuple[Use, ...]) -> None:
        """Past the limit only a repeated request goes on: it makes nothing that isn't there."""
        try:
            limits.take(Use("booking", self.address), *contacts)
        except TooManyRequests:
            if key is None or not made_before(key):
                raise


class HeldBooking(ApiView):
    """What one booking is asked for by who holds its token; 404 for everybody else."""

    authentication_classes: Any = [BookingToken]

    def booking(self, code: str) -> Booking:
        return find_by_token(code, str(self.request.auth or ""))

    def answer(self, booking: Booking) -> Response:
        return Response(BookingAnswer(booking).data)


class OneBooking(HeldBooking):
    """The booking as it stands."""

    @extend_schema(responses=BookingAnswer)
    def get(self, request: Request, code: str) -> Response:
        return self.answer(self.booking(code))


class Cancel(HeldBooking):
    """Give the place back. A second time changes nothing and answers the same."""

    limit = "change"
    codes = {409: ("invalid_transition",)}

    @extend_schema(request=None, responses=BookingAnswer)
    def post(self, request: Request, code: str) -> Response:
        nothing_given(request)
        booking = self.booking(code)
        cancelled = cancel(
            booking_id=booking.id, actor=Actor.RESIDENT, who="resident", why="cancelled online"
        )
        return self.answer(cancelled)


class Reschedule(HeldBooking):
    """Move to another slot. The new place is taken before the old one is freed."""

    limit = "change"
    codes = {400: ("under_age", "guardian_required"), 409: (*PLACE_CODES, *MOVE_CODES)}

    @extend_schema(request=RescheduleGiven, responses=BookingAnswer)
    def post(self, request: Request, code: str) -> Response:
        wish = given(RESCHEDULE_GIVEN, request)
        booking = self.booking(code)
        contacts = limits.contacts(booking.phone, booking.email)
        limits.take(*contacts)
        try:
            moved = reschedule(
                booking_id=booking.id,
                slot_id=wish["slot"],
                actor=Actor.RESIDENT,
                who="resident",
                why="moved online",
            )
        except Refusal:
            limits.give_back(*contacts)
            raise
        return self.answer(moved)


def idempotency_key(request: Request) -> str | None:
    """The header's key: 8 to 64 visible ASCII characters; None where there is none."""
    key: str | None = request.META.get("HTTP_IDEMPOTENCY_KEY")
    if key is not None and not KEY.fullmatch(key):
        raise field_error("Idempotency-Key", "invalid")
    return key


def made_before(key: str) -> bool:
    """Whether a booking was made under this key; with which content, `book` will ask."""
    key_hash = lookup_hash("idempotency-key", key)
    return IdempotencyKey.objects.filter(key_hash=key_hash).exists()


def find_service(slug: str) -> Service:
    service = Service.objects.filter(slug=slug, active=True).first()
    if service is None:
        raise field_error("service", "does_not_exist")
    return service


def check_district(code: str | None) -> None:
    if code is not None and not District.objects.filter(code=code).exists():
        raise field_error("residence_district", "does_not_exist")
