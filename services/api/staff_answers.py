"""What the API answers to staff: people of their own locations, and no others."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from services.api.answers import (
    DistrictAnswer,
    ErrorAnswer,
    ShortServiceAnswer,
    TakenSlotAnswer,
)
from services.arrival import visit_of
from services.capacity import Over
from services.models import Booking
from services.refusals import Refusal


class TokenAnswer(serializers.Serializer[Any]):
    """`token` is shown this once; the database keeps only its hash."""

    token = serializers.CharField()
    expiry = serializers.DateTimeField()


class VisitorAnswer(serializers.ModelSerializer[Booking]):
    """Somebody with a place today, as a counter needs to see them. The NIK stays masked.

    `queue_number`, `counter`, `priority`: of the visit, null before the door. `companions`: who
    came along; before the door, who was announced. `nik_doubtful`: to be compared with the family
    card.
    """

    code = serializers.CharField(source="shown_code")
    full_name = serializers.CharField()
    nik = serializers.CharField(source="masked_nik")
    service = ShortServiceAnswer()
    slot = TakenSlotAnswer()
    companions = serializers.SerializerMethodField()
    queue_number = serializers.SerializerMethodField()
    counter = serializers.SerializerMethodField()
    priority = serializers.SerializerMethodField()

    class Meta:
        model = Booking
        fields = [
            "code",
            "status",
            "full_name",
            "nik",
            "nik_doubtful",
            "service",
            "slot",
            "companions",
            "support",
            "queue_number",
            "counter",
            "priority",
        ]

    def get_companions(self, booking: Booking) -> int:
        visit = visit_of(booking)
        return visit.companions if visit and visit.queue_number else booking.companions

    def get_queue_number(self, booking: Booking) -> int | None:
        visit = visit_of(booking)
        return visit.queue_number if visit else None

    def get_counter(self, booking: Booking) -> int | None:
        visit = visit_of(booking)
        return visit.counter.number if visit and visit.counter else None

    def get_priority(self, booking: Booking) -> bool:
        visit = visit_of(booking)
        return bool(visit and visit.priority)


class DayAnswer(serializers.Serializer[Any]):
    """A location's day. `waiting` stand in the order in which they will be called."""

    date = serializers.DateField()
    inside = serializers.IntegerField()
    inside_limit = serializers.IntegerField()
    waiting = VisitorAnswer(many=True)
    called = VisitorAnswer(many=True)
    upcoming = VisitorAnswer(many=True)


class VerdictAnswer(serializers.Serializer[Any]):
    """What the door says. `inside` of `inside_limit`: where the room was counted, else null."""

    verdict = serializers.ChoiceField(
        source="code",
        choices=["admitted", "already_in", "recheck", "mask_required", "room_full", "deferred"],
    )
    queue_number = serializers.IntegerField(allow_null=True)
    recheck_at = serializers.DateTimeField(allow_null=True)
    inside = serializers.IntegerField(allow_null=True)
    inside_limit = serializers.IntegerField(allow_null=True)
    booking = VisitorAnswer()


class CalledAnswer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    counter = serializers.IntegerField()


class BoardAnswer(serializers.Serializer[Any]):
    """What a display shows: numbers and counters, no names. `called`: the latest first."""

    date = serializers.DateField()
    called = CalledAnswer(many=True)
    waiting = serializers.ListField(child=serializers.IntegerField())
    inside = serializers.IntegerField()
    inside_limit = serializers.IntegerField()


class OverAnswer(serializers.Serializer[Any]):
    """Somebody whom a change hits. Not `reachable`: no message gets there, so somebody calls."""

    code = serializers.CharField(source="booking.shown_code")
    slot = serializers.IntegerField(source="booking.slot_id")
    reachable = serializers.BooleanField()


class OverErrorAnswer(ErrorAnswer):
    """Refused for the sake of people who have a place there; `over` are their bookings."""

    over = OverAnswer(many=True)


class MoveAnswer(serializers.Serializer[Any]):
    code = serializers.CharField()
    from_slot = serializers.IntegerField()
    to_slot = serializers.IntegerField(allow_null=True)


class ChangeAnswer(serializers.Serializer[Any]):
    """What a change does, or has done.

    `slots` are changed, `affected` people are above the new number (`over` names their bookings),
    `unreachable` of them get no message, `moves` are those given another slot: none yet.
    """

    slots = serializers.IntegerField()
    affected = serializers.IntegerField()
    unreachable = serializers.IntegerField()
    moves = MoveAnswer(many=True, default=list)
    over = OverAnswer(many=True, source="people")


class CoverageAnswer(serializers.Serializer[Any]):
    """People of one district: obliged to hold a card, recorded, left; percent of the obliged."""

    district = DistrictAnswer()
    obliged = serializers.IntegerField()
    recorded = serializers.IntegerField()
    remaining = serializers.IntegerField()
    percent = serializers.FloatField()


class HasBookings(Refusal):
    """A place can't be closed over people who have a booking there; `people` are they."""

    code = "has_bookings"
    message = _("Masih ada orang yang punya jadwal pada waktu itu. Pindahkan mereka dulu.")

    def __init__(self, people: Sequence[Over]) -> None:
        super().__init__()
        self.people = list(people)
