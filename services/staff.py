"""What the pages of staff share: who may open them, and where somebody lands after signing in."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from locations.access import Role, assignment_roles, assignments
from locations.models import Location, Staff
from services.refusals import TryAgain

View = Callable[..., HttpResponse]

#: Who works at the counter; a supervisor stands in at the counter of his own places.
COUNTER = frozenset({Role.COUNTER, Role.SUPERVISOR})
SUPERVISOR = frozenset({Role.SUPERVISOR})
#: The head reads, and changes nothing.
OVERSIGHT = frozenset({Role.SUPERVISOR, Role.HEAD})


def staff_page(view: View) -> View:
    """For who is signed in; kept in no cache. A conflict that does not settle is a calm 503."""

    @wraps(view)
    @login_required
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except TryAgain:
            response = render(request, "503.html", status=503)
            response["Retry-After"] = "5"
        response["Cache-Control"] = "no-store"
        return response

    return wrapped


def at_location(*, reads: frozenset[str], changes: frozenset[str]) -> Callable[[View], View]:
    """A page about one location, named by `location` (its slug) in the address.

    `reads` may open it, `changes` may post to it. The view gets the location, with protocol and
    district loaded; `request.roles` are the roles held there. For everybody else it does not exist.
    """

    def decorate(view: View) -> View:
        @staff_page
        @wraps(view)
        def wrapped(request: HttpRequest, location: str, *args: Any, **kwargs: Any) -> HttpResponse:
            may = reads if request.method in ("GET", "HEAD") else changes
            place, roles = location_for(signed_in(request), location)
            if may.isdisjoint(roles):
                raise Http404
            request.roles = roles  # type: ignore[attr-defined]
            return view(request, place, *args, **kwargs)

        return wrapped

    return decorate


def location_for(staff: Staff, slug: str) -> tuple[Location, frozenset[str]]:
    """A location and the roles that somebody has there; Http404 where there is none."""
    place = Location.objects.select_related("protocol", "district").filter(slug=slug).first()
    roles = assignment_roles(staff, place) if place else frozenset()
    if place is None or not roles:
        raise Http404
    return place, roles


def signed_in(request: HttpRequest) -> Staff:
    """Who asks. Only for views behind `staff_page`."""
    assert isinstance(request.user, Staff)
    return request.user


def who(request: HttpRequest) -> str:
    """How the history names them: by number, never by name."""
    return f"staff:{signed_in(request).pk}"


def home_of(staff: Staff) -> str:
    """Counter staff go to their counter, supervisors and the head to the week, IT to the admin."""
    roles = set(assignments(staff).values_list("role", flat=True))
    if Role.SUPERVISOR in roles or Role.HEAD in roles:
        return reverse("supervisor:places")
    if Role.COUNTER in roles:
        return reverse("counter:places")
    return reverse("admin:index") if staff.is_superuser else reverse("staff_nothing")


@staff_page
def home(request: HttpRequest) -> HttpResponse:
    """Where signing in leads to."""
    return redirect(home_of(signed_in(request)))


@staff_page
def nothing_assigned(request: HttpRequest) -> HttpResponse:
    """An account without a place to work at: its assignment ended, or has not begun."""
    return render(request, "staff/nothing.html")
