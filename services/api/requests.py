"""What the API takes: bodies and queries, field by field, before anything is looked up.

One instance of each is shared by all requests (base.given).
"""

from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from services.api.base import Given, field_error
from services.api.fields import (
    Cleaned,
    MustBeTrue,
    NikField,
    StrictBoolean,
    StrictChoice,
    StrictDate,
    StrictInteger,
    StrictList,
    StrictSlug,
    StrictText,
)
from services.identity import (
    Guardian,
    Person,
    Relation,
    Support,
    clean_birth_date,
    clean_name,
    clean_phone,
)
from services.refusals import FieldRefusal

LANGUAGES = ["id", "en"]
LONGEST_SPAN = 62  # days
EARLIEST, LATEST = timedelta(days=366), timedelta(days=2 * 366)


def clean_email(typed: str) -> str:
    """An address that mail can be sent to; empty stays empty."""
    address = typed.strip()
    if address:
        try:
            EmailValidator()(address)
        except ValidationError:
            raise FieldRefusal("email", "invalid", _("Periksa alamat surel ini.")) from None
    return address


class GuardianGiven(Given):
    """Who consents for somebody under 18 (UU 27/2022 Pasal 25)."""

    full_name = Cleaned(clean_name, most=400)
    relation = StrictChoice(choices=Relation.choices)
    consent = MustBeTrue(
        code="guardian_required",
        message=_("Orang tua atau wali perlu menyetujui pemesanan ini."),
    )

    def validate(self, given: dict[str, Any]) -> Guardian:
        return Guardian(full_name=given["full_name"], relation=given["relation"])


class PersonGiven(Given):
    """The identity fields of a booking or a walk-in, each cleaned."""

    nik = NikField()
    confirm_nik = StrictBoolean(default=False)
    full_name = Cleaned(clean_name, most=400)
    birth_date = StrictDate()
    ever_married = StrictBoolean(default=False)
    guardian = GuardianGiven(allow_null=True, default=None)
    residence_district = StrictText(max_length=8, allow_null=True, default=None)
    phone = Cleaned(clean_phone, most=40, allow_null=True, allow_blank=True, default="")
    email = Cleaned(clean_email, most=254, allow_null=True, allow_blank=True, default="")
    language = StrictChoice(choices=LANGUAGES, default="id")
    whatsapp = StrictBoolean(default=False)
    companions = StrictInteger(least=0, most=1, default=0)
    support = StrictList(child=StrictChoice(choices=Support.choices), most=5, default=list)
    notice_read = MustBeTrue(
        code="notice_required", message=_("Baca dulu pemberitahuan privasi, lalu tandai.")
    )

    def validate_birth_date(self, birth_date: date) -> date:
        try:
            return clean_birth_date(birth_date, timezone.localdate())
        except FieldRefusal as refusal:
            raise serializers.ValidationError(str(refusal.message), code=refusal.code) from None


class BookingGiven(PersonGiven):
    """`POST bookings/`."""

    service = StrictSlug()
    slot = StrictInteger()


class RescheduleGiven(Given):
    slot = StrictInteger()


class PlacesAsked(Given):
    """`GET locations/?service=&district=`."""

    service = StrictSlug(required=False)
    district = StrictText(max_length=8, required=False)


class SlotsAsked(Given):
    """`GET locations/{slug}/slots/?service=&from=&to=`: at most 62 days, both ends in."""

    service = StrictSlug(required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # `from` is a word of Python, so it can't be an attribute.
        return {**super().get_fields(), "from": StrictDate(), "to": StrictDate()}

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        check_span(given["from"], given["to"], most=LONGEST_SPAN)
        return given


def check_span(first: date, last: date, most: int) -> None:
    """From one day to another: in order, not too long, and near enough to be meant."""
    today = timezone.localdate()
    for name, day in (("from", first), ("to", last)):
        if not today - EARLIEST <= day <= today + LATEST:
            raise field_error(name, "invalid", _("Tanggal ini terlalu jauh dari hari ini."))
    if first > last:
        raise field_error("to", "invalid", _("Tanggal akhir mendahului tanggal awal."))
    if (last - first).days >= most:
        raise field_error("to", "invalid", _("Rentang tanggal ini terlalu panjang."))


def person_from(given: dict[str, Any]) -> Person:
    """The person that checked fields describe."""
    return Person(
        nik=given["nik"],
        full_name=given["full_name"],
        birth_date=given["birth_date"],
        ever_married=given["ever_married"],
        guardian=given["guardian"],
        residence_district=given["residence_district"],
        phone=given["phone"] or "",
        email=given["email"] or "",
        language=given["language"],
        whatsapp=given["whatsapp"],
        companions=given["companions"],
        support=tuple(given["support"]),
        confirm_nik=given["confirm_nik"],
    )
