"""Closing a place for a while, and confirming holidays. Nobody is dropped by either."""

from datetime import datetime, timedelta

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.views.decorators.http import require_POST

from locations.access import Role
from locations.clock import database_now
from locations.closures import (
    ClosureHasBookings,
    close_slots,
    closures_for,
    confirm_closure,
    drafts_for,
)
from locations.models import Location
from locations.slots import LOCAL
from services import capacity
from services.capacity import REASON_MAX
from services.refusals import FieldRefusal
from services.staff import OVERSIGHT, SUPERVISOR, at_location, signed_in
from services.supervisor.people import Touched, shown_people

#: How far ahead closures and holidays are listed.
AHEAD = timedelta(days=366)


class ClosureForm(forms.Form):
    """From when until when nobody is taken, and why. Whole days where no times are given."""

    first = forms.DateField(
        label=_l("Dari tanggal"), widget=forms.DateInput(attrs={"type": "date", "class": "input"})
    )
    start = forms.TimeField(
        label=_l("Mulai pukul"),
        help_text=_l("Kosong: sejak pagi."),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time", "class": "input"}),
    )
    last = forms.DateField(
        label=_l("Sampai tanggal"), widget=forms.DateInput(attrs={"type": "date", "class": "input"})
    )
    end = forms.TimeField(
        label=_l("Sampai pukul"),
        help_text=_l("Kosong: sampai malam."),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time", "class": "input"}),
    )
    reason = forms.CharField(
        label=_l("Alasan"),
        max_length=REASON_MAX,
        help_text=_l("Terlihat di kisi minggu dan tersimpan di riwayat."),
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )

    def clean_reason(self) -> str:
        try:
            return capacity.check_reason(self.cleaned_data["reason"])
        except FieldRefusal as refusal:
            raise ValidationError(str(refusal.message), code=refusal.code) from None

    def clean(self) -> dict[str, object]:
        given = super().clean() or {}
        if "first" not in given or "last" not in given:
            return given
        try:
            starts, ends = self.span()
        except OverflowError:  # until the last day of the year 9999
            self.add_error("last", _("Paling lama setahun."))
            return given
        if ends <= starts:
            self.add_error("last", _("Akhir penutupan harus sesudah awalnya."))
        elif ends - starts > AHEAD:
            self.add_error("last", _("Paling lama setahun."))
        return given

    def span(self) -> tuple[datetime, datetime]:
        """From the first moment to the last, on Jember's clock."""
        given = self.cleaned_data
        starts = datetime.combine(
            given["first"], given.get("start") or datetime.min.time(), tzinfo=LOCAL
        )
        if given.get("end"):
            return starts, datetime.combine(given["last"], given["end"], tzinfo=LOCAL)
        midnight = datetime.combine(given["last"], datetime.min.time(), tzinfo=LOCAL)
        return starts, midnight + timedelta(days=1)


@at_location(reads=OVERSIGHT, changes=SUPERVISOR)
def closures(request: HttpRequest, location: Location) -> HttpResponse:
    """What is closed and which holidays wait for a decision; closing a further span."""
    form = ClosureForm(request.POST if request.method == "POST" else None)
    in_the_way: list[Touched] = []
    if form.is_bound and form.is_valid():
        try:
            close_slots(location, *form.span(), form.cleaned_data["reason"], signed_in(request))
        except ClosureHasBookings as refusal:
            in_the_way = _people(refusal)
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            messages.success(request, _("Penutupan tercatat. Tidak ada orang yang terkena."))
            return redirect("supervisor:closures", location=location.slug)
    return _render(request, location, form, in_the_way)


@require_POST
@at_location(reads=SUPERVISOR, changes=SUPERVISOR)
def confirm(request: HttpRequest, location: Location, closure: int) -> HttpResponse:
    """Let a holiday close this place. Refused with the list of people where somebody is booked."""
    now = database_now()
    draft = get_object_or_404(drafts_for(location, now, now + AHEAD), pk=closure)
    try:
        confirm_closure(draft, signed_in(request), location)
    except ClosureHasBookings as refusal:
        return _render(request, location, ClosureForm(), _people(refusal))
    messages.success(request, _("Libur dikonfirmasi. Tidak ada orang yang terkena."))
    return redirect("supervisor:closures", location=location.slug)


def _people(refusal: ClosureHasBookings) -> list[Touched]:
    return shown_people(capacity.people_in([slot.pk for slot in refusal.slots]))


def _render(
    request: HttpRequest, location: Location, form: ClosureForm, in_the_way: list[Touched]
) -> HttpResponse:
    now = database_now()
    context = {
        "location": location,
        "form": form,
        "people": in_the_way,
        "closures": list(closures_for(location, now, now + AHEAD)),
        "drafts": list(drafts_for(location, now, now + AHEAD)),
        "may_change": Role.SUPERVISOR in request.roles,  # type: ignore[attr-defined]
    }
    status = 409 if in_the_way else 400 if form.is_bound and form.errors else 200
    return render(request, "supervisor/closures.html", context, status=status)
