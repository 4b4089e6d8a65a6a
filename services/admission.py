"""What becomes of somebody whose health was checked at the door.

Called inside the transaction of `visit.check_in`, with the booking's row locked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from django.db import IntegrityError, connection
from django.db.models import F, Sum
from django.utils.translation import gettext as _

from locations.distancing import inside_limit
from locations.models import HealthProtocol, Location
from locations.slots import LOCAL
from services import messages
from services.arrival import visit_of
from services.booking import PLACE_REFUSALS
from services.conflicts import constraint_of
from services.identity import PRIORITY
from services.lifecycle import Status
from services.models import Booking, QueueDay, Visit
from services.refusals import InvalidTransition
from services.resting import FOR_HEALTH, earliest_day
from services.screening import RECHECK_AFTER, Answers, Finding

#: In the room: admitted, and not yet finished at a counter.
INSIDE = (Status.CHECKED_IN, Status.CALLED)


class VerdictCode(StrEnum):
    ADMITTED = "admitted"
    ALREADY_IN = "already_in"
    RECHECK = "recheck"
    MASK_REQUIRED = "mask_required"
    ROOM_FULL = "room_full"
    DEFERRED = "deferred"


@dataclass(frozen=True)
class Verdict:
    """What the door says; `inside` people of `inside_limit` where the room was counted."""

    code: VerdictCode
    booking: Booking
    queue_number: int | None = None
    recheck_at: datetime | None = None
    inside: int | None = None
    inside_limit: int | None = None


@dataclass(frozen=True)
class Screened:
    """Somebody at the door with the answers of the screening; booking locked, `now` the moment."""

    booking: Booking
    visit: Visit | None
    answers: Answers
    companions: int | None
    now: datetime

    @property
    def location(self) -> Location:
        """As it is now: read after the lock, so a level switched meanwhile counts."""
        return self.booking.slot.location

    @property
    def protocol(self) -> HealthProtocol:
        return self.location.protocol

    @property
    def recheck_at(self) -> datetime | None:
        return self.visit.recheck_at if self.visit else None

    @property
    def day(self) -> date:
        return self.now.astimezone(LOCAL).date()

    @property
    def temperature(self) -> Decimal | None:
        """The figure to keep until the evening: only what the protocol asked for."""
        asked = self.protocol.temperature_limit is not None
        return self.answers.temperature_c if asked else None


def _ask_for_mask(screened: Screened) -> Verdict:
    return Verdict(VerdictCode.MASK_REQUIRED, screened.booking)


def _measure_again(screened: Screened) -> Verdict:
    """Seat them outside for five minutes. Nothing changes while these are not over."""
    recheck_at = screened.recheck_at
    if recheck_at is None:
        recheck_at = screened.now + RECHECK_AFTER
        _keep_visit(screened, verdict=Visit.Verdict.RECHECK, recheck_at=recheck_at)
    return Verdict(VerdictCode.RECHECK, screened.booking, recheck_at=recheck_at)


def _send_home(screened: Screened) -> Verdict:
    """Postponed for health: not a no-show, and a new place is theirs to choose."""
    _keep_visit(screened, verdict=Visit.Verdict.DEFERRED)
    postpone(screened.booking, screened.now, reason=FOR_HEALTH)
    return Verdict(VerdictCode.DEFERRED, screened.booking)


def _admit(screened: Screened) -> Verdict:
    """Give a number where the room has place; else nothing is written and they wait outside."""
    booking, location = screened.booking, screened.location
    number = _lock_day(location, screened.day) + 1
    companions = booking.companions if screened.companions is None else screened.companions
    inside, limit = people_inside(location, screened.day), inside_limit(location)
    if inside + 1 + companions > limit:
        return Verdict(VerdictCode.ROOM_FULL, booking, inside=inside, inside_limit=limit)
    QueueDay.objects.filter(location=location, day=screened.day).update(last_number=number)
    _keep_visit(
        screened,
        verdict=Visit.Verdict.PASSED,
        queue_number=number,
        companions=companions,
        priority=not PRIORITY.isdisjoint(booking.support),
        checked_in_at=screened.now,
    )
    set_status(booking, Status.CHECKED_IN)
    inside += 1 + companions
    return Verdict(
        VerdictCode.ADMITTED, booking, queue_number=number, inside=inside, inside_limit=limit
    )


ON_FINDING: dict[Finding, Callable[[Screened], Verdict]] = {
    Finding.MASK_REQUIRED: _ask_for_mask,
    Finding.RECHECK: _measure_again,
    Finding.DEFERRED: _send_home,
    Finding.PASSED: _admit,
}


def _keep_visit(screened: Screened, *, verdict: str, **fields: object) -> None:
    """Write today's visit of this booking; what an earlier day left on it is overwritten."""
    fresh: dict[str, object] = {
        "location": screened.location,
        "day": screened.day,
        "queue_number": None,
        "verdict": verdict,
        "recheck_at": None,
        "temperature_c": screened.temperature,
        "companions": 0,
        "priority": False,
        "checked_in_at": None,
        "called_at": None,
        "calls": 0,
        "counter": None,
        "finished_at": None,
        "outcome_reason": "",
    }
    fresh.update(fields)
    visit = visit_of(screened.booking)
    if visit is None:
        Visit.objects.create(booking=screened.booking, **fresh)
        return
    Visit.objects.filter(pk=visit.pk).update(**fresh)
    # The answer shows the visit as it is now, not as it was read.
    for name, value in fresh.items():
        setattr(visit, name, value)


def _lock_day(location: Location, day: date) -> int:
    """Lock the location's day, made if it is the first arrival, and give its last number.

    Whoever gives a number or counts the room here waits for this row.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO services_queueday AS day (location_id, day, last_number)"
            " VALUES (%s, %s, 0) ON CONFLICT (location_id, day)"
            " DO UPDATE SET last_number = day.last_number RETURNING last_number",
            [location.pk, day],
        )
        return int(cursor.fetchone()[0])


def people_inside(location: Location, day: date) -> int:
    """People in the room, companions counted. Certain only under the day's lock."""
    visits = Visit.objects.filter(location=location, day=day, booking__status__in=INSIDE)
    return visits.aggregate(people=Sum(F("companions") + 1))["people"] or 0


def postpone(booking: Booking, moment: datetime, reason: str) -> None:
    """Give a new choice; after an illness from the next day on."""
    messages.plan_deferred(booking, booking.slot, moment, reason)
    rests = {"not_before": earliest_day(moment)} if reason == FOR_HEALTH else {}
    set_status(booking, Status.DEFERRED, **rests)


def set_status(booking: Booking, status: Status, **values: object) -> None:
    """The last write before the commit: it may lock the slot. Who arrives after having been marked
    absent takes the place again, and it may be gone, or they may have booked another since."""
    try:
        Booking.objects.filter(pk=booking.pk).update(status=status, **values)
    except IntegrityError as error:
        constraint = constraint_of(error)
        if constraint == "already_booked":
            raise InvalidTransition(
                current=booking.status,
                target=status,
                message=_("Orang ini sudah punya jadwal baru. Pakai bukti yang baru."),
            ) from None
        refusal = PLACE_REFUSALS.get(constraint)
        if refusal is None:
            raise
        raise refusal(_("Tempatnya sudah dipakai orang lain. Tawarkan jadwal lain.")) from None
    booking.status = status
