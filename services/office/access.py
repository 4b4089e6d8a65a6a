"""Who sees what of the messages.

Staff see the messages of bookings of their own locations, the head those of all. What is common to
all places (gateways, texts) is changed by the head and by who supervises every location.
"""

from django.http import Http404, HttpRequest

from locations.access import Role, assignments, supervises_all, visible_locations
from locations.models import Location, Staff
from services.staff import signed_in


def places_of(request: HttpRequest) -> list[Location]:
    """The locations whose messages somebody may see; Http404 where there is none."""
    found = list(visible_locations(signed_in(request)).order_by("name"))
    if not found:
        raise Http404
    return found


def may_change_what_all_share(staff: Staff) -> bool:
    """Whether somebody may pause gateways and publish texts."""
    return assignments(staff).filter(role=Role.HEAD).exists() or supervises_all(staff)


def only_for_all(request: HttpRequest) -> Staff:
    """Who may change what all places share; Http404 for everybody else."""
    staff = signed_in(request)
    if not may_change_what_all_share(staff):
        raise Http404
    return staff
