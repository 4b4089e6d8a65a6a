"""What the API answers: every field named, so nothing goes out that nobody thought of.

Times are ISO 8601 with the offset of Jember (+07:00).
"""

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import override
from rest_framework import serializers

from locations.models import District, Location, Slot
from services.models import Booking, Service
from services.tokens import token_for


class DistrictAnswer(serializers.ModelSerializer[District]):
    class Meta:
        model = District
        fields = ["code", "name"]


class ServiceAnswer(serializers.ModelSerializer[Service]):
    """`documents`: what to bring, one each, in the reader's language."""

    documents = serializers.ListField(child=serializers.CharField(), source="bring_list")

    class Meta:
        model = Service
        fields = ["slug", "name", "description", "duration_minutes", "minimum_age", "documents"]


class LocationAnswer(serializers.ModelSerializer[Location]):
    """A place, and the beginning of the first slot in which the public finds room."""

    district = DistrictAnswer()
    latitude = serializers.FloatField(allow_null=True)
    longitude = serializers.FloatField(allow_null=True)
    next_available = serializers.DateTimeField(allow_null=True)

    class Meta:
        model = Location
        fields = [
            "slug",
            "name",
            "kind",
            "address",
            "address_is_example",
            "district",
            "latitude",
            "longitude",
            "next_available",
        ]


class SlotAnswer(serializers.Serializer[Any]):
    """`available`: how many places the public may still book."""

    id = serializers.IntegerField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    capacity = serializers.IntegerField()
    available = serializers.IntegerField()


class ShortPlaceAnswer(serializers.ModelSerializer[Location]):
    class Meta:
        model = Location
        fields = ["slug", "name"]


class AlternativeAnswer(serializers.ModelSerializer[Slot]):
    """A free slot near the one that was refused."""

    available = serializers.IntegerField()
    location = ShortPlaceAnswer()

    class Meta:
        model = Slot
        fields = ["id", "starts_at", "ends_at", "available", "location"]


class ShortServiceAnswer(serializers.ModelSerializer[Service]):
    class Meta:
        model = Service
        fields = ["slug", "name"]


class PlaceAnswer(serializers.ModelSerializer[Location]):
    class Meta:
        model = Location
        fields = ["slug", "name", "address"]


class TakenSlotAnswer(serializers.ModelSerializer[Slot]):
    class Meta:
        model = Slot
        fields = ["id", "starts_at", "ends_at"]


class ProtocolAnswer(serializers.Serializer[Any]):
    """The level of the health protocol in force at the place, sentence by sentence."""

    name = serializers.CharField()
    instructions = serializers.ListField(child=serializers.CharField())


class BookingAnswer(serializers.ModelSerializer[Booking]):
    """A booking for whom its token opens it. Needs service, slot, place and protocol loaded.

    It names nobody. `change_until`: until when it may be moved or cancelled.
    """

    code = serializers.CharField(source="shown_code")
    service = ShortServiceAnswer()
    location = PlaceAnswer(source="slot.location")
    slot = TakenSlotAnswer()
    protocol = ProtocolAnswer(source="slot.location.protocol")
    bring = serializers.ListField(child=serializers.CharField(), source="service.bring_list")
    change_until = serializers.DateTimeField()
    ticket_url = serializers.SerializerMethodField()
    calendar_url = serializers.SerializerMethodField()

    class Meta:
        model = Booking
        fields = [
            "code",
            "status",
            "service",
            "location",
            "slot",
            "protocol",
            "bring",
            "change_until",
            "ticket_url",
            "calendar_url",
        ]

    def get_ticket_url(self, booking: Booking) -> str:
        return page_of(booking, "ticket")

    def get_calendar_url(self, booking: Booking) -> str:
        return page_of(booking, "calendar")


class BookingMadeAnswer(BookingAnswer):
    """The same for its maker alone, with the token that opens it from now on.

    The addresses carry the token and leave it behind: they open in any browser or program.
    """

    token = serializers.SerializerMethodField()
    manage_url = serializers.SerializerMethodField()

    class Meta(BookingAnswer.Meta):
        fields = [*BookingAnswer.Meta.fields, "token", "manage_url"]

    def get_token(self, booking: Booking) -> str:
        return token_for(booking.id, booking.token_version)

    def get_manage_url(self, booking: Booking) -> str:
        return page_of(booking, "manage", token=self.get_token(booking))

    def get_ticket_url(self, booking: Booking) -> str:
        return self.get_manage_url(booking)

    def get_calendar_url(self, booking: Booking) -> str:
        return page_of(booking, "calendar_link", token=self.get_token(booking))


def page_of(booking: Booking, name: str, **parts: str) -> str:
    """The address of a booking's page, in the language of the person who booked.

    From SITE_URL, never from the request: a forged Host must not end up in a link.
    """
    with override(booking.language):
        return settings.SITE_URL + reverse(
            f"resident:{name}", kwargs={"code": booking.shown_code, **parts}
        )


class OneErrorAnswer(serializers.Serializer[Any]):
    """`code` never changes; `detail` is for people, in the language of `Accept-Language`; `attr`
    is the field, dotted for nested ones, or null."""

    code = serializers.CharField()
    detail = serializers.CharField()
    attr = serializers.CharField(allow_null=True)


class ErrorAnswer(serializers.Serializer[Any]):
    """The one shape of whatever went wrong. Nothing was written."""

    type = serializers.ChoiceField(choices=["validation_error", "client_error", "server_error"])
    errors = OneErrorAnswer(many=True)  # type: ignore[assignment]


class PlaceErrorAnswer(ErrorAnswer):
    """A place was refused: up to five free slots nearby, the same location first."""

    alternatives = AlternativeAnswer(many=True, required=False)
