"""The admin, for IT alone: reference data, rules and accounts. Nobody at a counter works here.

Slots and closures are only shown: slots are changed by the supervisor's pages, which know whom it
hits. A changed opening rule goes through `save_rule`, so booked slots are left and named here too.
Every change says who made it, for the history.
"""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext as _

from locations.history import note_change
from locations.models import (
    Assignment,
    Closure,
    Counter,
    District,
    HealthProtocol,
    Location,
    OpeningException,
    OpeningPattern,
    Slot,
    Staff,
    Village,
)
from locations.opening import Reconciled, check_rule, remove_rule, save_rule


def _who(request: HttpRequest) -> str:
    return f"staff:{request.user.pk}"


class NotedAdmin(admin.ModelAdmin):
    """Changes carry who made them into the history."""

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        note_change(who=_who(request), why="admin")
        super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        note_change(who=_who(request), why="admin")
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        note_change(who=_who(request), why="admin")
        super().delete_queryset(request, queryset)


class ShownAdmin(admin.ModelAdmin):
    """Rows that are looked at here and changed elsewhere."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class AssignmentInline(admin.TabularInline):
    model = Assignment
    extra = 0


@admin.register(Staff)
class StaffAdmin(UserAdmin):
    inlines = [AssignmentInline]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        note_change(who=_who(request), why="admin")
        super().save_related(request, form, formsets, change)


@admin.register(District)
class DistrictAdmin(NotedAdmin):
    list_display = ["code", "name", "obliged", "recorded", "coverage_date", "coverage_is_example"]
    search_fields = ["name", "code"]


@admin.register(Village)
class VillageAdmin(NotedAdmin):
    list_display = ["code", "name", "district"]
    list_select_related = ["district"]
    search_fields = ["name", "code"]


@admin.register(HealthProtocol)
class HealthProtocolAdmin(NotedAdmin):
    list_display = ["code", "name_id", "square_metres_each", "percent", "mask", "temperature_limit"]


class CounterInline(admin.TabularInline):
    model = Counter
    extra = 0


@admin.register(Location)
class LocationAdmin(NotedAdmin):
    list_display = ["slug", "name", "kind", "district", "protocol", "active"]
    list_filter = ["kind", "protocol", "active"]
    list_select_related = ["district", "protocol"]
    search_fields = ["name", "slug"]
    inlines = [CounterInline]


@admin.register(Assignment)
class AssignmentAdmin(NotedAdmin):
    list_display = ["staff", "role", "location", "valid_from", "valid_until"]
    list_filter = ["role"]
    list_select_related = ["staff", "location"]


class RuleForm(ModelForm):
    """Says in a sentence which other rule is in the way."""

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if not self.errors:
            try:
                check_rule(self.instance)
            except ValidationError as error:
                self.add_error(None, error)


class RuleAdmin(admin.ModelAdmin):
    """Opening rules: saving one brings the slots ahead in line, and says which ones it left."""

    form = RuleForm
    list_filter = ["location"]
    list_select_related = ["location"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        _tell(request, save_rule(obj, who=_who(request), why="admin"))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        _tell(request, remove_rule(obj, who=_who(request), why="admin"))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for rule in queryset:
            self.delete_model(request, rule)


def _tell(request: HttpRequest, done: Reconciled) -> None:
    messages.info(
        request,
        _("Sesi: %(made)s dibuat, %(changed)s diubah, %(removed)s dihapus.")
        % {
            "made": done.made,
            "changed": done.changed,
            "removed": done.removed + done.emptied,
        },
    )
    if done.kept:
        messages.warning(
            request,
            _("%(count)s sesi dibiarkan karena sudah ada pendaftar atau diubah petugas: %(slots)s")
            % {
                "count": len(done.kept),
                "slots": ", ".join(str(kept.slot) for kept in done.kept[:20]),
            },
        )


@admin.register(OpeningPattern)
class OpeningPatternAdmin(RuleAdmin):
    list_display = ["location", "weekday", "starts", "ends", "capacity", "reserve", "valid_until"]


@admin.register(OpeningException)
class OpeningExceptionAdmin(RuleAdmin):
    list_display = ["location", "date", "starts", "ends", "capacity", "reason"]


@admin.register(Closure)
class ClosureAdmin(ShownAdmin):
    list_display = ["reason", "kind", "location", "starts_at", "ends_at", "confirmed_at"]
    list_filter = ["kind"]
    list_select_related = ["location"]


@admin.register(Slot)
class SlotAdmin(ShownAdmin):
    list_display = ["location", "starts_at", "capacity", "reserve", "booked", "excess", "closure"]
    list_filter = ["location"]
    list_select_related = ["location", "closure"]
    date_hierarchy = "starts_at"
