"""Who stands at the door: reading a ticket, and whether its bearer may come in here and now."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from locations.clock import database_now
from locations.models import Location
from locations.slots import LOCAL
from services.codes import read_code
from services.lifecycle import Status
from services.models import Booking, Visit
from services.refusals import InvalidTransition, NotFound, TooEarly, WrongDay, WrongLocation

#: A QR code holds at most some hundred characters here; a scanner may send 4 kB of something else.
TYPED_MAX = 400
#: What a page shows of a booking at the counter, loaded with it.
WITH_VISIT = (
    "service",
    "slot__location__protocol",
    "slot__location__district",
    "visit__counter",
)


@dataclass(frozen=True)
class Arrival:
    """A booking of today at this location. `visit` is today's, or None before the door."""

    booking: Booking
    visit: Visit | None

    @property
    def is_in(self) -> bool:
        return self.booking.status in (Status.CHECKED_IN, Status.CALLED)

    @property
    def was_deferred(self) -> bool:
        return self.booking.status == Status.DEFERRED


def read_ticket(typed: str) -> str:
    """The booking code in something typed or scanned: the code itself, or the ticket's address.

    Case, blanks, hyphens and look-alikes do not matter; raises NotFound for anything else.
    """
    text = typed.strip()
    if len(text) > TYPED_MAX or "\0" in text:
        raise NotFound()
    code = read_code(text)
    if code is not None:
        return code
    for part in re.split(r"[/?#&=:\s]+", text):
        code = read_code(part)
        if code is not None:
            return code
    raise NotFound()


def find_for_counter(*, location: Location, typed: str, now: datetime | None = None) -> Arrival:
    """Whom a ticket belongs to, and that they may come in; only reads.

    Raises the refusals of `check_may_come_in`. Who is already in, was sent home today or has to be
    measured again is no refusal: ask the Arrival.
    """
    booking = Booking.objects.select_related(*WITH_VISIT).filter(code=read_ticket(typed)).first()
    if booking is None:
        raise NotFound()
    return check_may_come_in(booking, visit_of(booking), location, now or database_now())


def check_may_come_in(
    booking: Booking, visit: Visit | None, location: Location, now: datetime
) -> Arrival:
    """The right place, the right state, the right day, not too early; late people are taken in.

    Raises WrongLocation (which names the place, never the person), InvalidTransition, WrongDay,
    TooEarly.
    """
    slot, here = booking.slot, location
    if slot.location_id != here.pk:
        raise WrongLocation(
            _("Jadwal ini di %(place)s, bukan di sini.") % {"place": slot.location.name}
        )
    today = now.astimezone(LOCAL).date()
    todays_visit = visit if visit is not None and visit.day == today else None
    arrival = Arrival(booking, todays_visit)
    if booking.status in ENDED and not (arrival.was_deferred and todays_visit):
        raise InvalidTransition(
            current=booking.status, target=Status.CHECKED_IN, message=_ended(booking.status)
        )
    starts = slot.starts_at.astimezone(LOCAL)
    if starts.date() != today:
        raise WrongDay(_("Jadwalnya %(when)s.") % {"when": date_format(starts, "DATETIME_FORMAT")})
    opens_at = slot.starts_at - timedelta(minutes=here.early_minutes)
    if booking.status in (Status.BOOKED, Status.NO_SHOW) and now < opens_at:
        raise TooEarly(
            _("Jadwalnya pukul %(starts)s. Boleh masuk mulai pukul %(opens)s.")
            % {
                "starts": date_format(starts, "TIME_FORMAT"),
                "opens": date_format(opens_at.astimezone(LOCAL), "TIME_FORMAT"),
            },
            opens_at=opens_at,
        )
    return arrival


#: The visit is over, or there is none to come.
ENDED = (Status.CANCELLED, Status.RECORDED, Status.NOT_RECORDED, Status.DEFERRED)


def _ended(status: str) -> str:
    return {
        Status.CANCELLED: _("Jadwal ini sudah dibatalkan. Tawarkan jadwal baru."),
        Status.RECORDED: _("Orang ini sudah direkam. Tidak ada yang perlu dilakukan."),
        Status.NOT_RECORDED: _(
            "Kunjungan ini sudah selesai tanpa perekaman. Tawarkan jadwal baru."
        ),
        Status.DEFERRED: _("Jadwal ini ditunda. Orang ini memilih jadwal baru lebih dahulu."),
    }[Status(status)]


def visit_of(booking: Booking) -> Visit | None:
    """The visit of a booking, or None where nobody came yet (a reverse one-to-one raises)."""
    try:
        return booking.visit
    except Visit.DoesNotExist:
        return None
