"""Who may do what where (invariant 7): asked by every staff page and every staff call of the API.

Only assignments count. A superuser without one sees no location: IT works in the admin. Each
question is one statement, on the database's clock unless a day is given. Who may not see a place
is answered 404, so that nobody learns what exists.
"""

from datetime import date
from typing import Literal

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now, TruncDate

from locations.models import Assignment, Location, Staff
from locations.slots import LOCAL

Role = Assignment.Role
User = Staff | AnonymousUser
Action = Literal["read", "counter", "supervise"]

#: A supervisor can stand in at the counter of his own places; the head reads, and changes nothing.
ROLES_FOR: dict[Action, frozenset[str]] = {
    "read": frozenset({Role.COUNTER, Role.SUPERVISOR, Role.HEAD}),
    "counter": frozenset({Role.COUNTER, Role.SUPERVISOR}),
    "supervise": frozenset({Role.SUPERVISOR}),
}


def assignments(user: User, on: date | None = None) -> QuerySet[Assignment]:
    """What this person is assigned to on a day (today when None); nothing for a closed account."""
    if not user.is_authenticated or not user.is_active:
        return Assignment.objects.none()
    day = TruncDate(Now(), tzinfo=LOCAL) if on is None else on
    return Assignment.objects.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gte=day), staff=user, valid_from__lte=day
    )


def visible_locations(
    user: User, role: str | None = None, on: date | None = None
) -> QuerySet[Location]:
    """The locations that this person may see; with a role, those where it may be exercised.

    `role="counter"` holds for supervisors too. The head sees every location, but only where no
    role (or "head") is asked for.
    """
    mine = assignments(user, on)
    if role == Role.COUNTER:
        mine = mine.filter(role__in=ROLES_FOR["counter"])
    elif role is not None:
        mine = mine.filter(role=role)
    here = mine.filter(Q(location=OuterRef("pk")) | Q(location__isnull=True))
    return Location.objects.filter(Exists(here))


def assignment_roles(user: User, location: Location, on: date | None = None) -> frozenset[str]:
    """The roles of this person at a location: some of "counter", "supervisor", "head"."""
    here = assignments(user, on).filter(Q(location=location) | Q(location__isnull=True))
    return frozenset(here.values_list("role", flat=True))


def may(user: User, action: Action, location: Location, on: date | None = None) -> bool:
    """Whether this person may read, work at the counter of, or supervise a location."""
    return not ROLES_FOR[action].isdisjoint(assignment_roles(user, location, on))


def supervises_all(user: User, on: date | None = None) -> bool:
    """Whether this person supervises every active location: who closes a day for all of them."""
    mine = visible_locations(user, Role.SUPERVISOR, on).values("pk")
    active = Location.objects.filter(active=True)
    counted = active.aggregate(all=Count("pk"), mine=Count("pk", filter=Q(pk__in=mine)))
    return 0 < counted["all"] == counted["mine"]
