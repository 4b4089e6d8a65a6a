"""Where and when: districts, places, who works there, and the slots that can be booked."""

from datetime import datetime

import pghistory
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Greatest
from django.utils.translation import gettext_lazy as _

from locations.history import tracked
from locations.language import check_sentences, in_language
from locations.slots import SlotQuerySet


class Staff(AbstractUser):
    """Somebody who signs in: counter staff, supervisors, the head of the registry, IT."""

    class Meta:
        verbose_name = _("petugas")
        verbose_name_plural = _("petugas")


class District(models.Model):
    """A kecamatan, with its official code and the numbers of its coverage.

    `obliged` and `recorded` are people; `coverage_source` and `coverage_date` say where they come
    from, and `coverage_is_example` marks a split that nobody has published.
    """

    code = models.CharField(max_length=8, primary_key=True)
    name = models.CharField(max_length=60)
    obliged = models.PositiveIntegerField(default=0)
    recorded = models.PositiveIntegerField(default=0)
    coverage_source = models.CharField(max_length=200, blank=True)
    coverage_date = models.DateField(null=True, blank=True)
    coverage_is_example = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("kecamatan")
        verbose_name_plural = _("kecamatan")

    def __str__(self) -> str:
        return self.name


class Village(models.Model):
    """A desa or kelurahan."""

    code = models.CharField(max_length=13, primary_key=True)
    name = models.CharField(max_length=60)
    district = models.ForeignKey(District, on_delete=models.PROTECT, related_name="villages")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


@tracked
class HealthProtocol(models.Model):
    """A level of the health protocol (docs/domain.md section 3): what it asks, the room it takes.

    `square_metres_each` is the floor area per person, `percent` the share of the people whom the
    room takes in ordinary times; `temperature_limit` in °C is the first figure that is too high.
    """

    class Mask(models.TextChoices):
        IF_COUGHING = "if_coughing", _("jika batuk")
        ADVISED = "advised", _("disarankan")
        REQUIRED = "required", _("wajib")

    code = models.SlugField(max_length=20, primary_key=True)
    rank = models.PositiveSmallIntegerField(unique=True, help_text=_("1 = paling longgar"))
    name_id = models.CharField(max_length=40)
    name_en = models.CharField(max_length=40)
    square_metres_each = models.DecimalField(max_digits=4, decimal_places=1)
    percent = models.PositiveSmallIntegerField()
    mask = models.CharField(max_length=12, choices=Mask.choices)
    temperature_limit = models.DecimalField(max_digits=3, decimal_places=1, null=True, blank=True)
    asks_symptoms = models.BooleanField(default=False)
    companions_max = models.PositiveSmallIntegerField(null=True, blank=True)
    instructions_id = models.JSONField(
        default=list, validators=[check_sentences], help_text=_("satu kalimat per butir")
    )
    instructions_en = models.JSONField(default=list, validators=[check_sentences])
    short_id = models.CharField(max_length=90, help_text=_("untuk pesan, paling banyak 90 huruf"))
    short_en = models.CharField(max_length=90)

    class Meta:
        ordering = ["rank"]
        constraints = [
            models.CheckConstraint(
                condition=Q(square_metres_each__gt=0), name="protocol_area_positive"
            ),
            models.CheckConstraint(
                condition=Q(percent__gte=1, percent__lte=100), name="protocol_percent"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return in_language(self.name_id, self.name_en)

    @property
    def instructions(self) -> list[str]:
        return in_language(self.instructions_id, self.instructions_en)  # type: ignore[return-value]

    @property
    def short(self) -> str:
        return in_language(self.short_id, self.short_en)


@tracked
class Location(models.Model):
    """A place where recording happens. What isn't published is marked as an example."""

    class Kind(models.TextChoices):
        OFFICE = "office", _("kantor dinas")
        DISTRICT_OFFICE = "district_office", _("kantor kecamatan")
        MALL = "mall", _("mal pelayanan publik")
        MOBILE = "mobile", _("mobil keliling")

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    district = models.ForeignKey(District, on_delete=models.PROTECT, related_name="locations")
    address = models.CharField(max_length=200)
    address_is_example = models.BooleanField(default=True)
    latitude = models.DecimalField(max_digits=8, decimal_places=5, null=True, blank=True)
    longitude = models.DecimalField(max_digits=8, decimal_places=5, null=True, blank=True)
    room_square_metres = models.DecimalField(max_digits=6, decimal_places=1)
    normal_capacity = models.PositiveSmallIntegerField(
        help_text=_("orang yang muat di ruang tunggu pada masa biasa")
    )
    room_is_example = models.BooleanField(default=True)
    minutes_per_person = models.PositiveSmallIntegerField(default=10)
    minutes_in_room = models.PositiveSmallIntegerField(
        default=45, help_text=_("berapa menit seseorang berada di ruangan, dengan menunggu")
    )
    protocol = models.ForeignKey(HealthProtocol, on_delete=models.PROTECT)
    early_minutes = models.PositiveSmallIntegerField(
        default=30, help_text=_("berapa menit sebelum jadwal orang boleh masuk")
    )
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("lokasi pelayanan")
        verbose_name_plural = _("lokasi pelayanan")
        constraints = [
            # Capacities are suggested by dividing by it.
            models.CheckConstraint(
                condition=Q(minutes_per_person__gte=1),
                name="location_minutes_per_person",
                violation_error_message=_("Menit per orang paling sedikit 1."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Counter(models.Model):
    """A desk that records people."""

    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="counters")
    number = models.PositiveSmallIntegerField()
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["location", "number"]
        constraints = [
            models.UniqueConstraint(fields=["location", "number"], name="counter_number_unique"),
        ]

    def __str__(self) -> str:
        return f"{_('Loket')} {self.number}"


@tracked
class Assignment(models.Model):
    """Who works where, as what, and when. `location` is empty only for the head: all, read only."""

    class Role(models.TextChoices):
        COUNTER = "counter", _("petugas loket")
        SUPERVISOR = "supervisor", _("pengawas")
        HEAD = "head", _("kepala dinas")

    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="assignments")
    location = models.ForeignKey(Location, on_delete=models.CASCADE, null=True, blank=True)
    role = models.CharField(max_length=12, choices=Role.choices)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(role="head", location__isnull=True)
                | (~Q(role="head") & Q(location__isnull=False)),
                name="assignment_location_unless_head",
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="assignment_ends_after_start",
            ),
            models.UniqueConstraint(
                fields=["staff", "location", "role", "valid_from"],
                name="assignment_unique",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.staff} · {self.get_role_display()}"


class OpeningHours(models.Model):
    """What a weekly rule and an exception share: from, until, how long a slot, how many people."""

    starts = models.TimeField()
    ends = models.TimeField()
    slot_minutes = models.PositiveSmallIntegerField(default=30)
    capacity = models.PositiveSmallIntegerField()
    reserve = models.PositiveSmallIntegerField(
        default=0, help_text=_("bagian kuota untuk yang datang langsung")
    )

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(ends__gt=F("starts")), name="%(class)s_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(slot_minutes__gte=5, slot_minutes__lte=480),
                name="%(class)s_slot_minutes",
            ),
            models.CheckConstraint(
                condition=Q(capacity__lte=1000, reserve__lte=F("capacity")),
                name="%(class)s_capacity",
            ),
        ]


@tracked
class OpeningPattern(OpeningHours):
    """A weekly rule from which slots are made. Weekday as in ISO: 1 = Monday … 7 = Sunday."""

    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="patterns")
    weekday = models.PositiveSmallIntegerField()
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)

    class Meta(OpeningHours.Meta):
        ordering = ["location", "weekday", "starts"]
        constraints = [
            *OpeningHours.Meta.constraints,
            models.CheckConstraint(
                condition=Q(weekday__gte=1, weekday__lte=7), name="openingpattern_weekday"
            ),
            models.UniqueConstraint(
                fields=["location", "weekday", "starts", "valid_from"],
                name="openingpattern_unique",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.location} {self.weekday} {self.starts:%H.%M}–{self.ends:%H.%M}"


@tracked
class OpeningException(OpeningHours):
    """Other hours for one date: on that date they take the place of the weekly rule."""

    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="exceptions")
    date = models.DateField()
    reason = models.CharField(max_length=200)

    class Meta(OpeningHours.Meta):
        ordering = ["location", "date", "starts"]
        constraints = [
            *OpeningHours.Meta.constraints,
            models.UniqueConstraint(
                fields=["location", "date", "starts"], name="openingexception_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.location} {self.date}"


@tracked
class Closure(models.Model):
    """A span in which a location (all of them when empty) takes nobody.

    A holiday comes from the calendar as a draft (`confirmed_at` empty) and closes nothing until a
    supervisor confirms it: the office has opened on holidays (docs/domain.md section 4).
    """

    class Kind(models.TextChoices):
        CLOSURE = "closure", _("penutupan")
        HOLIDAY = "holiday", _("libur nasional")
        COLLECTIVE_LEAVE = "collective_leave", _("cuti bersama")

    location = models.ForeignKey(
        Location, on_delete=models.CASCADE, null=True, blank=True, related_name="closures"
    )
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.CLOSURE)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=200)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(Staff, on_delete=models.PROTECT, null=True, blank=True)

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="closure_ends_after_start"
            ),
            models.UniqueConstraint(
                fields=["location", "kind", "starts_at", "ends_at"],
                name="closure_unique",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reason} ({self.starts_at:%Y-%m-%d})"


@pghistory.track(
    pghistory.UpdateEvent(condition=pghistory.AnyChange("capacity", "reserve", "closure")),
    pghistory.DeleteEvent(),
    model_name="SlotEvent",
    fields=["location", "starts_at", "capacity", "reserve", "booked", "closure"],
    context_field=pghistory.ContextJSONField(),
    context_id_field=pghistory.ContextUUIDField(),
)
class Slot(models.Model):
    """A location's arrival window with a capacity.

    `booked` and `excess` are kept by triggers alone (services/migrations): the application's role
    may not write them. `excess` is how many people a cut left above the capacity; while it is not
    zero the slot drains, and nobody new comes in. `edited` marks a slot that somebody changed by
    hand: a changed pattern leaves it as it is.
    """

    location = models.ForeignKey(
        Location, on_delete=models.PROTECT, related_name="slots", db_index=False
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    capacity = models.PositiveSmallIntegerField()
    reserve = models.PositiveSmallIntegerField(default=0)
    booked = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    excess = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    closure = models.ForeignKey(
        Closure, on_delete=models.PROTECT, null=True, blank=True, related_name="slots"
    )
    pattern = models.ForeignKey(OpeningPattern, on_delete=models.SET_NULL, null=True, blank=True)
    edited = models.BooleanField(default=False)

    objects = SlotQuerySet.as_manager()

    # Only on slots that were read with them: `with_available()`, booking.py.
    available: int
    moment: datetime
    already_booked: bool

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            # Without btree_gist, a location is the range of its own id (docs/decisions.md).
            ExclusionConstraint(
                name="slot_overlaps",
                expressions=[
                    (
                        models.Func(
                            F("location_id"),
                            F("location_id"),
                            Value("[]"),
                            function="int8range",
                        ),
                        "&&",
                    ),
                    (models.Func(F("starts_at"), F("ends_at"), function="tstzrange"), "&&"),
                ],
            ),
            models.UniqueConstraint(fields=["location", "starts_at"], name="slot_unique"),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="slot_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(capacity__lte=1000, reserve__lte=F("capacity")), name="slot_capacity"
            ),
            models.CheckConstraint(
                condition=Q(booked__lte=F("capacity") + F("excess")), name="slot_full"
            ),
            # Makes `excess` a function of the row: whoever raises `booked` alone is refused.
            models.CheckConstraint(
                condition=Q(excess=Greatest(Value(0), F("booked") - F("capacity"))),
                name="slot_excess",
            ),
        ]
        indexes = [models.Index(fields=["starts_at"], name="slot_starts_at")]

    def __str__(self) -> str:
        return f"{self.location_id} {self.starts_at:%Y-%m-%d %H:%M}"
