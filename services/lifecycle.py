"""The one table of states and moves of a booking (docs/design.md section 2).

Who asks whether a move is allowed asks this table; a trigger holds the same list in the database
(services/migrations), and a test tries every pair against both.
"""

from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _

from services.refusals import InvalidTransition


class Status(models.TextChoices):
    BOOKED = "booked", _("terdaftar")
    CHECKED_IN = "checked_in", _("menunggu")
    CALLED = "called", _("di loket")
    RECORDED = "recorded", _("sudah direkam")
    NOT_RECORDED = "not_recorded", _("tidak terekam")
    CANCELLED = "cancelled", _("dibatalkan")
    NO_SHOW = "no_show", _("tidak hadir")
    DEFERRED = "deferred", _("ditunda")


class Actor(StrEnum):
    RESIDENT = "resident"
    COUNTER = "counter"
    SUPERVISOR = "supervisor"
    SYSTEM = "system"


#: Fill a place of their slot. Who was recorded has used the place; who did not come frees it.
HOLDING = (
    Status.BOOKED,
    Status.CHECKED_IN,
    Status.CALLED,
    Status.RECORDED,
    Status.NOT_RECORDED,
)

#: A person may have one of these per service (invariant 2).
ACTIVE = (Status.BOOKED, Status.CHECKED_IN, Status.CALLED)

_R, _C, _V, _S = Actor.RESIDENT, Actor.COUNTER, Actor.SUPERVISOR, Actor.SYSTEM

#: (from, to) → who may do it.
MOVES: dict[tuple[Status, Status], frozenset[Actor]] = {
    (Status.BOOKED, Status.CHECKED_IN): frozenset({_C}),
    (Status.BOOKED, Status.CANCELLED): frozenset({_R, _C, _V}),
    (Status.BOOKED, Status.NO_SHOW): frozenset({_C, _S}),
    (Status.BOOKED, Status.DEFERRED): frozenset({_C, _S}),
    (Status.CHECKED_IN, Status.CALLED): frozenset({_C}),
    (Status.CHECKED_IN, Status.DEFERRED): frozenset({_C}),
    (Status.CHECKED_IN, Status.NO_SHOW): frozenset({_C}),
    (Status.CALLED, Status.CHECKED_IN): frozenset({_C}),
    (Status.CALLED, Status.RECORDED): frozenset({_C}),
    (Status.CALLED, Status.NOT_RECORDED): frozenset({_C}),
    (Status.CALLED, Status.DEFERRED): frozenset({_C}),
    (Status.CALLED, Status.NO_SHOW): frozenset({_C}),
    # Somebody marked as absent who arrives after all.
    (Status.NO_SHOW, Status.CHECKED_IN): frozenset({_C}),
    # … and is turned away for health at the door.
    (Status.NO_SHOW, Status.DEFERRED): frozenset({_C}),
    # A deferred person chooses a new place, under the same code.
    (Status.DEFERRED, Status.BOOKED): frozenset({_R, _C, _V}),
    (Status.DEFERRED, Status.CANCELLED): frozenset({_R, _C, _V}),
}


def may_move(current: str, target: str, actor: Actor) -> bool:
    """Whether this actor may take a booking from `current` to `target`."""
    return actor in MOVES.get((Status(current), Status(target)), frozenset())


def check_move(current: str, target: str, actor: Actor) -> None:
    """Raise InvalidTransition where the table does not allow the move."""
    if not may_move(current, target, actor):
        raise InvalidTransition(current=Status(current), target=Status(target))


def may_reschedule(current: str) -> bool:
    """Whether a booking in this state can be given another slot."""
    return current in (Status.BOOKED, Status.DEFERRED)
