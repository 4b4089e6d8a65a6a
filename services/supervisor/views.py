"""The week of a location, and changing what its slots take: choose, look at the effect, confirm."""

from collections.abc import Collection
from datetime import date, datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from locations.access import Role
from locations.clock import database_now
from locations.distancing import suggest_for
from locations.models import Location, Slot
from locations.slots import LOCAL
from services import capacity
from services.refusals import FieldRefusal, Refusal
from services.staff import OVERSIGHT, SUPERVISOR, at_location, signed_in
from services.supervisor import words
from services.supervisor.forms import ChangeForm, RuleForm, read_ids
from services.supervisor.people import shown_people
from services.supervisor.week import Week, read_monday, week_of

at_supervised = at_location(reads=OVERSIGHT, changes=SUPERVISOR)
only_supervisors = at_location(reads=SUPERVISOR, changes=SUPERVISOR)


@at_supervised
def week(request: HttpRequest, location: Location) -> HttpResponse:
    """The grid; with a rule in the address, the slots that it names are ticked."""
    now = database_now()
    shown = _week(request.GET.get("mulai", ""), location, now)
    rule = _rule_form(request, shown)
    named = _named_by(rule, location, shown, now) if rule.is_bound else frozenset[int]()
    return _render_week(request, location, shown, rule, named)


def _week(typed: str, location: Location, now: datetime) -> Week:
    return week_of(location, read_monday(typed, now.astimezone(LOCAL).date()), now)


def _rule_form(request: HttpRequest, shown: Week) -> RuleForm:
    usual = {
        "hari": "1-5",
        "dari": f"{shown.starts[0]:%H:%M}" if shown.starts else None,
        "sampai": f"{shown.ends[-1]:%H:%M}" if shown.ends else None,
        "hingga": shown.last_day,
    }
    given = request.GET if "hari" in request.GET else None
    return RuleForm(given, initial=usual, starts=shown.starts, ends=shown.ends, monday=shown.monday)


def _named_by(rule: RuleForm, location: Location, shown: Week, now: datetime) -> frozenset[int]:
    """The slots that a rule names, from the week shown onward; none where the rule is wrong."""
    if not rule.is_valid():
        return frozenset()
    slots = capacity.slots_by_rule(
        location,
        shown.monday,
        rule.cleaned_data["hingga"],
        rule.weekdays,
        rule.cleaned_data["dari"],
        rule.cleaned_data["sampai"],
        now,
    )
    open_ones = slots.filter(closure__isnull=True)[: capacity.SLOTS_MAX]
    return frozenset(open_ones.values_list("pk", flat=True))


def _render_week(
    request: HttpRequest,
    location: Location,
    shown: Week,
    rule: RuleForm,
    chosen: Collection[int],
    form: ChangeForm | None = None,
) -> HttpResponse:
    """The grid with what is ticked; chosen slots of other weeks go along in a hidden field."""
    shown.choose(chosen)
    here = {cell.slot.pk for cell in shown.cells}
    others = sorted(set(chosen) - here)
    bound = form is not None
    return render(
        request,
        "supervisor/week.html",
        {
            "location": location,
            "week": shown,
            "rule": rule,
            "chosen": len(chosen),
            "others": len(others),
            "form": form or ChangeForm(initial={"others": ",".join(map(str, others))}),
            "suggestion": suggest_for(location, slot_minutes=shown.slot_minutes),
            "may_change": Role.SUPERVISOR in request.roles,  # type: ignore[attr-defined]
        },
        status=400 if bound else 200,
    )


@only_supervisors
def preview(request: HttpRequest, location: Location) -> HttpResponse:
    """Step 1: whom the change would hit. Nothing is written."""
    if request.method != "POST":
        return redirect("supervisor:week", location=location.slug)
    form = ChangeForm(request.POST)
    ids = _ids(request, form)
    if not (form.is_valid() and _holds(form, ids)):
        return _week_again(request, location, form, ids)
    now = database_now()
    slots = Slot.objects.filter(location=location, pk__in=ids, ends_at__gt=now)
    given = form.cleaned_data
    change = capacity.preview_change(slots, given["capacity"], given["reserve"])
    old = sorted(set(slots.values_list("capacity", flat=True)))
    context = {
        "location": location,
        "form": form,
        "ids": ids,
        "change": change,
        "people": shown_people(change.people),
        "headline": words.headline(change, old, given["capacity"]),
        "effect": words.effect(change),
        "monday": request.POST.get("mulai", "")[:10],
        "now": now,
    }
    return render(request, "supervisor/preview.html", context)


def _ids(request: HttpRequest, form: ChangeForm) -> list[int]:
    return read_ids(request.POST.getlist("slot"), str(form.data.get("others", "")))


def _holds(form: ChangeForm, ids: list[int]) -> bool:
    """Whether numbers, reason and selection can be taken; what is wrong stands in the form."""
    given = form.cleaned_data
    try:
        capacity.check_change(given["capacity"], given["reserve"], given["reason"])
    except FieldRefusal as refusal:
        form.add_refusal(refusal)
    if not ids:
        form.add_error(None, _("Pilih dahulu sesinya: centang di kisi, atau pakai aturan."))
    return not form.errors


def _week_again(
    request: HttpRequest, location: Location, form: ChangeForm, ids: list[int]
) -> HttpResponse:
    """The grid once more, with what was ticked and typed, and what is wrong beside it."""
    shown = _week(request.POST.get("mulai", ""), location, database_now())
    return _render_week(request, location, shown, _rule_form(request, shown), ids, form)


@only_supervisors
def apply(request: HttpRequest, location: Location) -> HttpResponse:
    """Step 2: make the change, and say what it did: the fact, not what the preview said."""
    if request.method != "POST":
        return redirect("supervisor:week", location=location.slug)
    form = ChangeForm(request.POST)
    ids = _ids(request, form)
    if not (form.is_valid() and _holds(form, ids)):
        return _week_again(request, location, form, ids)
    given = form.cleaned_data
    try:
        change = capacity.apply_change(
            location=location,
            slot_ids=ids,
            capacity=given["capacity"],
            reserve=given["reserve"],
            reason=given["reason"],
            staff=signed_in(request),
        )
    except Refusal as refusal:
        form.add_error(None, str(refusal.message))
        return _week_again(request, location, form, ids)
    messages.success(request, words.done(change))
    return redirect(_week_address(location, request.POST.get("mulai", "")))


def _week_address(location: Location, monday: str) -> str:
    address = reverse("supervisor:week", kwargs={"location": location.slug})
    try:
        return f"{address}?mulai={date.fromisoformat(monday)}"
    except ValueError:
        return address


@only_supervisors
def over(request: HttpRequest, location: Location) -> HttpResponse:
    """Who is above the capacity at present: they come, and their slots drain."""
    change = capacity.over_capacity(location)
    context = {"location": location, "change": change, "people": shown_people(change.people)}
    return render(request, "supervisor/over.html", context)
