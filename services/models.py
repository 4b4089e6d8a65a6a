"""Who comes for what: services, bookings, and visits at the counter."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pghistory
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from locations.language import in_language
from locations.models import Counter, District, Location, Slot
from notifications.personal_data import mask, open_sealed, seal
from services.codes import show_code
from services.lifecycle import ACTIVE, Status


def new_id() -> UUID:
    """Ids ordered by time: new rows land side by side in the index."""
    return UUID(bytes=uuid7().bytes)


def check_documents(value: Any) -> None:
    """Shown on the front page: something else in the list would stop it for everybody."""
    if not isinstance(value, list) or not all(
        isinstance(one, dict) and all(isinstance(one.get(key), str) for key in ("id", "en"))
        for one in value
    ):
        raise ValidationError(
            _('Tulis daftar seperti [{"id": "KK asli", "en": "Family card"}].'), code="invalid"
        )


class Service(models.Model):
    """What is booked. The texts are those that a public service must publish (UU 25/2009).

    `minimum_age` in years on the day of the visit, lifted for who is or was married; `documents`
    is a list of `{"id": …, "en": …}`; `cutoff_hours` before the visit a resident may still move or
    cancel.
    """

    slug = models.SlugField(max_length=40, unique=True)
    order = models.PositiveSmallIntegerField(default=1)
    active = models.BooleanField(default=True)
    name_id = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)
    description_id = models.TextField(blank=True)
    description_en = models.TextField(blank=True)
    duration_minutes = models.PositiveSmallIntegerField(default=10)
    minimum_age = models.PositiveSmallIntegerField(default=16)
    cutoff_hours = models.PositiveSmallIntegerField(default=2)
    documents = models.JSONField(default=list, validators=[check_documents])
    bring_id = models.CharField(max_length=60, help_text=_("untuk pesan"))
    bring_en = models.CharField(max_length=60)
    procedure_id = models.TextField(blank=True)
    procedure_en = models.TextField(blank=True)
    product_id = models.CharField(max_length=200, blank=True)
    product_en = models.CharField(max_length=200, blank=True)
    locations = models.ManyToManyField(Location, through="Offering", related_name="services")

    class Meta:
        ordering = ["order"]
        verbose_name = _("layanan")
        verbose_name_plural = _("layanan")

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return in_language(self.name_id, self.name_en)

    @property
    def description(self) -> str:
        return in_language(self.description_id, self.description_en)

    @property
    def bring(self) -> str:
        return in_language(self.bring_id, self.bring_en)

    @property
    def procedure(self) -> str:
        return in_language(self.procedure_id, self.procedure_en)

    @property
    def product(self) -> str:
        return in_language(self.product_id, self.product_en)

    @property
    def bring_list(self) -> list[str]:
        """What to bring, one document each, in the reader's language."""
        return [in_language(text["id"], text["en"]) for text in self.documents]


class Offering(models.Model):
    """Which location offers which service: slots belong to the room, not to a service."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE)
    location = models.ForeignKey(Location, on_delete=models.CASCADE)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["service", "location"], name="offering_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.service_id} @ {self.location_id}"


class Sealed:
    """A personal value kept sealed in the column `<name>_sealed`; reads and writes as text."""

    def __init__(self, name: str = "") -> None:
        self.name = name

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = self.name or name
        self.column = f"{self.name}_sealed"

    def __get__(self, booking: "Booking | None", owner: type) -> str:
        if booking is None:
            return self  # type: ignore[return-value]
        sealed = getattr(booking, self.column)
        if not sealed:
            return ""
        return open_sealed(sealed, table="booking", column=self.name, row=booking.id)

    def __set__(self, booking: "Booking", value: str) -> None:
        sealed = seal(value, table="booking", column=self.name, row=booking.id) if value else None
        setattr(booking, self.column, sealed)


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(
        condition=pghistory.AnyChange("status", "slot", "token_version", "erased_at")
    ),
    model_name="BookingEvent",
    fields=["status", "slot", "token_version", "takes_reserve", "channel", "erased_at"],
    context_field=pghistory.ContextJSONField(),
    context_id_field=pghistory.ContextUUIDField(),
)
class Booking(models.Model):
    """One person's place in one slot.

    The place is counted by a trigger, the states move by a trigger's list (services/migrations).
    Personal values are sealed; `nik_hash` and `phone_hash` find them again. No column that names a
    person goes into the history.
    """

    class Channel(models.TextChoices):
        ONLINE = "online", _("daring")
        WALK_IN = "walk_in", _("datang langsung")
        ASSISTED = "assisted", _("dibantu petugas")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(max_length=8)
    service = models.ForeignKey(Service, on_delete=models.PROTECT, db_index=False)
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="bookings")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.BOOKED)
    channel = models.CharField(max_length=10, choices=Channel.choices, default=Channel.ONLINE)
    takes_reserve = models.BooleanField(default=False)
    moves = models.PositiveSmallIntegerField(default=0)
    token_version = models.PositiveSmallIntegerField(default=1)
    created_at = models.DateTimeField()
    # Turned away for health: the first day that may be chosen again (resting.py).
    not_before = models.DateField(null=True)

    nik_sealed = models.BinaryField(null=True)
    full_name_sealed = models.BinaryField(null=True)
    birth_date_sealed = models.BinaryField(null=True)
    phone_sealed = models.BinaryField(null=True)
    email_sealed = models.BinaryField(null=True)
    guardian_name_sealed = models.BinaryField(null=True)
    nik_hash = models.BinaryField(null=True, max_length=32)
    phone_hash = models.BinaryField(null=True, max_length=32)
    erased_at = models.DateTimeField(null=True)

    nik_doubtful = models.BooleanField(default=False)
    ever_married = models.BooleanField(default=False)
    guardian_relation = models.CharField(max_length=10, blank=True)
    guardian_consent_at = models.DateTimeField(null=True)
    residence_district = models.ForeignKey(
        District, on_delete=models.PROTECT, null=True, db_index=False
    )
    language = models.CharField(max_length=2, default="id")
    whatsapp = models.BooleanField(default=False)
    companions = models.PositiveSmallIntegerField(default=0)
    support = models.JSONField(default=list)
    notice_version = models.CharField(max_length=20)

    moment: datetime  # only on bookings that booking.py has locked

    nik = Sealed()
    full_name = Sealed()
    birth_date_text = Sealed("birth_date")
    phone = Sealed()
    email = Sealed()
    guardian_name = Sealed()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code"], name="booking_code_unique"),
            models.UniqueConstraint(
                fields=["service", "nik_hash"],
                condition=Q(status__in=ACTIVE),
                name="already_booked",
            ),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="booking_status"),
            models.CheckConstraint(
                condition=Q(nik_hash__isnull=False) | Q(erased_at__isnull=False),
                name="booking_nik_until_erased",
            ),
        ]
        indexes = [
            models.Index(
                fields=["phone_hash"], condition=Q(status__in=ACTIVE), name="booking_active_phone"
            ),
            models.Index(fields=["nik_hash"], name="booking_nik"),
        ]

    def __str__(self) -> str:
        return show_code(self.code)

    @property
    def shown_code(self) -> str:
        return show_code(self.code)

    @property
    def masked_nik(self) -> str:
        return mask(self.nik)

    @property
    def birth_date(self) -> date | None:
        text = self.birth_date_text
        return date.fromisoformat(text) if text else None

    @property
    def change_until(self) -> datetime:
        """Until when a resident may move or cancel. Needs `slot` and `service` loaded."""
        return self.slot.starts_at - timedelta(hours=self.service.cutoff_hours)


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    model_name="VisitEvent",
    fields=["booking", "location", "day", "queue_number", "verdict", "outcome_reason", "counter"],
    context_field=pghistory.ContextJSONField(),
    context_id_field=pghistory.ContextUUIDField(),
)
class Visit(models.Model):
    """What happens at the door and the counter to one booking.

    Of the screening only the verdict is kept; `temperature_c` is erased at the end of the day and
    never enters the history (docs/domain.md section 3). `inside` people are those checked in or
    called, with their companions.
    """

    class Verdict(models.TextChoices):
        PASSED = "passed", _("lolos")
        RECHECK = "recheck", _("ukur ulang")
        DEFERRED = "deferred", _("ditunda")

    class NotRecorded(models.TextChoices):
        DATA_PROBLEM = "data_problem", _("masalah data")
        EQUIPMENT = "equipment", _("alat rusak")
        BIOMETRICS = "biometrics", _("sidik jari atau iris tidak terbaca")

    booking = models.OneToOneField(Booking, on_delete=models.CASCADE, related_name="visit")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, db_index=False)
    day = models.DateField()
    queue_number = models.PositiveSmallIntegerField(null=True)
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    recheck_at = models.DateTimeField(null=True)
    temperature_c = models.DecimalField(max_digits=3, decimal_places=1, null=True)
    companions = models.PositiveSmallIntegerField(default=0)
    priority = models.BooleanField(default=False)
    checked_in_at = models.DateTimeField(null=True)
    called_at = models.DateTimeField(null=True)
    calls = models.PositiveSmallIntegerField(default=0)
    counter = models.ForeignKey(Counter, on_delete=models.PROTECT, null=True)
    finished_at = models.DateTimeField(null=True)
    outcome_reason = models.CharField(max_length=12, choices=NotRecorded.choices, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["location", "day", "queue_number"], name="queue_number_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.location_id} {self.day} {self.queue_number}"


class QueueDay(models.Model):
    """A location's day at the door. Its row is the lock under which numbers are given and the room
    is counted, so that two doors never give the same number or the same last place.
    """

    location = models.ForeignKey(Location, on_delete=models.CASCADE, db_index=False)
    day = models.DateField()
    last_number = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["location", "day"], name="queue_day_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.location_id} {self.day}"


class ProtocolSwitch(models.Model):
    """A location whose level of the protocol was switched, and whose visitors are not told yet.

    Written by a trigger on locations, whoever switches; gone when it is done (protocol_news.py).
    """

    location = models.OneToOneField(Location, on_delete=models.CASCADE, primary_key=True)
    switched_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.location_id)


class IdempotencyKey(models.Model):
    """A request that made a booking: repeating it shows the same booking again.

    Only hashes are kept. The row commits with the booking; refusals leave none.
    """

    key_hash = models.BinaryField(primary_key=True, max_length=32)
    body_hash = models.BinaryField(max_length=32)
    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, db_index=False)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.booking_id)


class RateCount(models.Model):
    """How often something was asked in a window of time. Unlogged: a crash may forget it."""

    key = models.CharField(max_length=80)
    window = models.DateTimeField(help_text=_("awal jendela waktu"))
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "window"], name="rate_unique")]
        indexes = [models.Index(F("window"), name="rate_window")]

    def __str__(self) -> str:
        return f"{self.key}: {self.count}"
