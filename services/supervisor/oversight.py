"""What stands above a single week: all places of a supervisor, the protocol level, the coverage."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from locations.access import Role, assignments, visible_locations
from locations.distancing import inside_limit, suggest_for
from locations.models import HealthProtocol, Location
from services import capacity
from services.coverage import coverage as coverage_rows
from services.coverage import total
from services.refusals import FieldRefusal
from services.staff import OVERSIGHT, SUPERVISOR, at_location, signed_in, staff_page
from services.supervisor.forms import ProtocolForm


def _overseen(request: HttpRequest) -> list[Location]:
    """The places whose weeks somebody may open; Http404 where there is none."""
    staff = signed_in(request)
    roles = set(assignments(staff).values_list("role", flat=True))
    if roles.isdisjoint(OVERSIGHT):
        raise Http404
    role = None if Role.HEAD in roles else Role.SUPERVISOR
    return list(
        visible_locations(staff, role).select_related("district", "protocol").order_by("name")
    )


@staff_page
def places(request: HttpRequest) -> HttpResponse:
    """The places one is responsible for; who has one goes straight to its week."""
    found = _overseen(request)
    if len(found) == 1:
        return redirect("supervisor:week", location=found[0].slug)
    return render(request, "supervisor/places.html", {"places": found})


@staff_page
def coverage(request: HttpRequest) -> HttpResponse:
    """Obliged, recorded and left, by district, most left first."""
    places_seen = _overseen(request)
    rows = sorted(coverage_rows(), key=lambda row: -row.remaining)
    context = {
        "rows": rows,
        "total": total(rows),
        "most": max((row.remaining for row in rows), default=1) or 1,
        "is_example": any(row.district and row.district.coverage_is_example for row in rows),
        "date": next((row.district.coverage_date for row in rows if row.district), None),
        "location": places_seen[0] if len(places_seen) == 1 else None,
    }
    return render(request, "supervisor/coverage.html", context)


@dataclass(frozen=True)
class LevelHere:
    """What a level of the protocol means at one location."""

    protocol: HealthProtocol
    inside_limit: int
    suggested: int
    in_force: bool


@at_location(reads=OVERSIGHT, changes=SUPERVISOR)
def protocol(request: HttpRequest, location: Location) -> HttpResponse:
    """The level in force and what the others would mean here; switching it, with a reason."""
    form = ProtocolForm(request.POST or None, initial={"level": location.protocol_id})
    if form.is_valid() and _switch(request, location, form):
        return redirect("supervisor:protocol", location=location.slug)
    counters = location.counters.filter(active=True).count()
    levels = [
        LevelHere(
            level,
            inside_limit(location, level),
            suggest_for(location, protocol=level, counters=counters).capacity,
            level.pk == location.protocol_id,
        )
        for level in HealthProtocol.objects.all()
    ]
    context = {
        "location": location,
        "form": form,
        "levels": levels,
        "may_change": Role.SUPERVISOR in request.roles,  # type: ignore[attr-defined]
    }
    status = 400 if form.is_bound and form.errors else 200
    return render(request, "supervisor/protocol.html", context, status=status)


def _switch(request: HttpRequest, location: Location, form: ProtocolForm) -> bool:
    level = form.cleaned_data["level"]
    try:
        changed = capacity.switch_protocol(
            location=location,
            protocol=level,
            reason=form.cleaned_data["reason"],
            staff=signed_in(request),
        )
    except FieldRefusal as refusal:
        form.add_error("reason", str(refusal.message))
        return False
    said = _("Protokol %(level)s berlaku mulai sekarang. Sesuaikan kuota di halaman minggu.")
    if changed:
        messages.success(request, said % {"level": level.name})
    return True
