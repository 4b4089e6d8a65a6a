"""What the API takes from staff, field by field. One instance of each is shared by all requests."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from services.api.base import Given, field_error
from services.api.fields import (
    Secret,
    StrictBoolean,
    StrictChoice,
    StrictDate,
    StrictDecimal,
    StrictInteger,
    StrictList,
    StrictText,
    StrictTime,
)
from services.api.requests import check_span
from services.capacity import CAPACITY_MAX, REASON_MAX
from services.models import Visit
from services.screening import COLDEST, HOTTEST
from services.visit import COMPANIONS_MAX

#: Longer ones are no password of a person, and hashing one would cost.
PASSWORD_MAX = 200
LONGEST_CHANGE = 366  # days


class LoginGiven(Given):
    username = StrictText(max_length=150)
    password = Secret(max_length=PASSWORD_MAX)


class CheckInGiven(Given):
    """`code` as typed or scanned. Temperature and mask: where the level in force asks for them."""

    code = StrictText(max_length=400)
    temperature_c = StrictDecimal(least=COLDEST, most=HOTTEST, allow_null=True, default=None)
    mask = StrictBoolean(allow_null=True, default=None)
    symptoms = StrictBoolean(allow_null=True, default=None)
    companions = StrictInteger(least=0, most=COMPANIONS_MAX, allow_null=True, default=None)


class CallNextGiven(Given):
    """`counter`: its number at this location."""

    counter = StrictInteger(most=999)


class NotRecordedGiven(Given):
    reason = StrictChoice(choices=Visit.NotRecorded.choices)


class ChangeGiven(Given):
    """What a change of capacity and a closure share. Both days are in the span."""

    reason = StrictText(max_length=REASON_MAX)
    on_excess = StrictChoice(choices=["keep", "move", "cancel"], default="keep")
    dry_run = StrictBoolean(default=False)

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of Python, so it can't be an attribute.
        return {"from": StrictDate(), "to": StrictDate(), **super().get_fields()}

    def validate_on_excess(self, on_excess: str) -> str:
        if on_excess != "keep":
            raise serializers.ValidationError(
                str(_('Memindahkan atau membatalkan otomatis belum tersedia; pakai "keep".')),
                code="not_available_yet",
            )
        return on_excess

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        check_span(given["from"], given["to"], most=LONGEST_CHANGE)
        return given


class CapacityGiven(ChangeGiven):
    """The slots of a rule, and what each of them is to hold. Weekdays: 1 = Monday … 7 = Sunday."""

    capacity = StrictInteger(least=0, most=CAPACITY_MAX)
    weekdays = StrictList(child=StrictInteger(least=1, most=7), most=7, default=list)
    start_time = StrictTime(allow_null=True, default=None)
    end_time = StrictTime(allow_null=True, default=None)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        starts, ends = given["start_time"], given["end_time"]
        if starts is not None and ends is not None and starts >= ends:
            raise field_error("end_time", "invalid", _("Jam akhir harus sesudah jam awal."))
        return super().validate(given)
