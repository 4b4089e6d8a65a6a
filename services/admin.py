"""The admin of services, for IT alone: reference data to change, bookings and history to look at.

What names a person is shown masked, and nothing of a booking is changed here: bookings are moved by
the verbs that tell people about it.
"""

from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from locations.admin import NotedAdmin, ShownAdmin
from notifications.personal_data import mask
from services.models import Booking, Offering, Service, Visit


class OfferingInline(admin.TabularInline):
    model = Offering
    extra = 0


@admin.register(Service)
class ServiceAdmin(NotedAdmin):
    list_display = ["slug", "name_id", "minimum_age", "duration_minutes", "cutoff_hours", "active"]
    inlines = [OfferingInline]


@admin.register(Booking)
class BookingAdmin(ShownAdmin):
    """Found by its whole code; listed by the newest, without a count over millions of rows."""

    fields = [
        "shown_code",
        "service",
        "slot",
        "status",
        "channel",
        "takes_reserve",
        "moves",
        "created_at",
        "masked_name",
        "masked_nik",
        "masked_phone",
        "has_email",
        "nik_doubtful",
        "residence_district",
        "language",
        "companions",
        "support",
        "notice_version",
        "erased_at",
    ]
    list_display = ["shown_code", "service", "slot", "status", "channel", "created_at"]
    list_filter = ["status", "channel", "service"]
    list_select_related = ["service", "slot__location"]
    search_fields = ["code__exact"]
    show_full_result_count = False
    ordering = ["-id"]

    @admin.display(description=_("nama"))
    def masked_name(self, booking: Booking) -> str:
        name = booking.full_name
        return f"{name[0]}•••" if name else ""

    @admin.display(description="NIK")
    def masked_nik(self, booking: Booking) -> str:
        return booking.masked_nik

    @admin.display(description=_("ponsel"))
    def masked_phone(self, booking: Booking) -> str:
        return mask(booking.phone, shown=3)

    @admin.display(description=_("surel"), boolean=True)
    def has_email(self, booking: Booking) -> bool:
        return bool(booking.email_sealed)


@admin.register(Visit)
class VisitAdmin(ShownAdmin):
    """The figure of a screening is not shown: who looks here is not at the door."""

    fields = [
        "booking",
        "location",
        "day",
        "queue_number",
        "verdict",
        "companions",
        "priority",
        "checked_in_at",
        "called_at",
        "calls",
        "counter",
        "finished_at",
        "outcome_reason",
    ]
    list_display = ["booking", "location", "day", "queue_number", "verdict", "counter"]
    list_filter = ["location", "verdict"]
    list_select_related = ["booking", "location", "counter__location"]
    date_hierarchy = "day"
    show_full_result_count = False


class HistoryAdmin(ShownAdmin):
    """Who changed what, when, and why; in the database too nobody can edit it."""

    list_display = ["pgh_created_at", "pgh_obj", "what", "who", "why"]
    list_select_related = ["pgh_obj"]
    show_full_result_count = False
    ordering = ["-pgh_id"]

    @admin.display(description=_("menjadi"))
    def what(self, event: Model) -> str:
        """The state after the change, in short."""
        skip = {"id", "location", "starts_at", "booking"}
        fields = [
            field
            for field in event._meta.concrete_fields
            if not field.name.startswith("pgh_") and field.name not in skip
        ]
        return ", ".join(f"{field.name}={getattr(event, field.attname)}" for field in fields)

    @admin.display(description=_("siapa"))
    def who(self, event: Model) -> str:
        return (getattr(event, "pgh_context", None) or {}).get("who", "")

    @admin.display(description=_("mengapa"))
    def why(self, event: Model) -> str:
        return (getattr(event, "pgh_context", None) or {}).get("why", "")

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)


@admin.register(apps.get_model("services", "BookingEvent"))
class BookingHistoryAdmin(HistoryAdmin):
    list_filter = ["status", "channel"]


@admin.register(apps.get_model("services", "VisitEvent"))
class VisitHistoryAdmin(HistoryAdmin):
    list_filter = ["location", "verdict"]
    list_select_related = ["pgh_obj__location"]


@admin.register(apps.get_model("locations", "SlotEvent"))
class SlotHistoryAdmin(HistoryAdmin):
    list_filter = ["location"]


#: Rules, places and who works where: their history is looked at in the same way.
for name in ("Location", "HealthProtocol", "OpeningPattern", "OpeningException", "Closure"):
    admin.site.register(apps.get_model("locations", f"{name}Event"), HistoryAdmin)


@admin.register(apps.get_model("locations", "AssignmentEvent"))
class AssignmentHistoryAdmin(HistoryAdmin):
    list_select_related = ["pgh_obj__staff"]
