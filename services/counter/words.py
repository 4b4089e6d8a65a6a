"""What the counter's page says, in one place: verdicts, refusals and states, in plain words.

A verdict is a word, a shape and a colour: `tone` and `icon` name them for the templates.
"""

from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from locations.slots import LOCAL
from services.arrival import Arrival, visit_of
from services.identity import Support
from services.lifecycle import Status
from services.models import Booking, Visit
from services.refusals import (
    InvalidTransition,
    NotFound,
    Refusal,
    TooEarly,
    WrongDay,
    WrongLocation,
)
from services.screening import Asks
from services.today import Today
from services.visit import Verdict, VerdictCode


@dataclass(frozen=True)
class Shown:
    """A verdict as it stands on the page. `tone` is a class of the look, `icon` a template."""

    tone: str
    icon: str
    heading: str
    text: str = ""
    number: int | None = None


def clock_time(moment: datetime) -> str:
    """09.31, on Jember's clock."""
    return date_format(moment.astimezone(LOCAL), "TIME_FORMAT")


def room(places: int) -> str:
    """How many more the room takes."""
    if places <= 0:
        return _("Ruangan penuh.")
    return ngettext(
        "Ruangan muat %(count)s orang lagi.", "Ruangan muat %(count)s orang lagi.", places
    ) % {"count": places}


def standing(arrival: Arrival, asks: Asks, today: Today) -> Shown:
    """What to do with somebody who was found and may come in."""
    visit = arrival.visit
    if arrival.is_in:
        return already_in(arrival.booking)
    if arrival.was_deferred:
        return deferred()
    if visit is not None and visit.recheck_at is not None:
        return recheck(visit.recheck_at)
    if today.places_left < 1:
        return room_full(today.inside, today.inside_limit)
    if asks.anything:
        return Shown("is-new", "icons/temp.svg", _("Periksa dahulu"), room(today.places_left))
    return Shown("is-ok", "icons/check.svg", _("Boleh masuk"), room(today.places_left))


def verdict(said: Verdict) -> Shown:
    """The answer to a check-in."""
    if said.code == VerdictCode.ADMITTED:
        left = (said.inside_limit or 0) - (said.inside or 0)
        return Shown(
            "is-ok", "icons/check.svg", _("Boleh masuk"), room(left), number=said.queue_number
        )
    if said.code == VerdictCode.ALREADY_IN:
        return already_in(said.booking)
    if said.code == VerdictCode.RECHECK and said.recheck_at is not None:
        return recheck(said.recheck_at)
    if said.code == VerdictCode.MASK_REQUIRED:
        return Shown(
            "is-wait",
            "icons/mask.svg",
            _("Masker dahulu"),
            _("Tingkat protokol ini mewajibkan masker. Berikan masker, lalu periksa lagi."),
        )
    if said.code == VerdictCode.ROOM_FULL:
        return room_full(said.inside or 0, said.inside_limit or 0)
    return deferred()


def already_in(booking: Booking) -> Shown:
    visit = visit_of(booking)
    number = f"{visit.queue_number or 0:03d}" if visit else ""
    if visit is None or visit.checked_in_at is None:
        text = _("Tidak ada yang berubah.")
    else:
        text = _("Nomor %(number)s, masuk pukul %(time)s. Tidak ada yang berubah.") % {
            "number": number,
            "time": clock_time(visit.checked_in_at),
        }
    return Shown("is-wait", "icons/info.svg", _("Sudah masuk"), text)


def recheck(at: datetime) -> Shown:
    return Shown(
        "is-wait",
        "icons/clock.svg",
        _("Ukur ulang %(time)s") % {"time": clock_time(at)},
        _("Suhu pertama tinggi. Persilakan duduk di luar lima menit, lalu ukur lagi."),
    )


def room_full(inside: int, limit: int) -> Shown:
    return Shown(
        "is-wait",
        "icons/door.svg",
        _("Ruangan penuh"),
        _("Di dalam %(inside)s dari %(limit)s orang. Mohon tunggu di luar, lalu pindai lagi.")
        % {"inside": inside, "limit": limit},
    )


def deferred() -> Shown:
    return Shown(
        "is-stop",
        "icons/heart.svg",
        _("Ditunda demi kesehatan"),
        _("Bukan ketidakhadiran. Orang ini dikabari dan memilih jadwal baru, didahulukan."),
    )


def refused(refusal: Refusal) -> Shown:
    """Why somebody may not come in: what happened, and what to do next."""
    heading, tone, icon = _("Belum bisa"), "is-wait", "icons/alert.svg"
    if isinstance(refusal, NotFound):
        heading, tone, icon = _("Kode tidak dikenal"), "is-stop", "icons/search.svg"
    elif isinstance(refusal, WrongLocation):
        heading, icon = _("Tempat lain"), "icons/pin.svg"
    elif isinstance(refusal, WrongDay):
        heading, icon = _("Bukan hari ini"), "icons/cal.svg"
    elif isinstance(refusal, TooEarly):
        heading, icon = _("Terlalu awal"), "icons/early.svg"
    elif isinstance(refusal, InvalidTransition):
        heading, tone, icon = _ended(refusal.current), "is-stop", "icons/cross.svg"
    return Shown(tone, icon, heading, str(refusal.message))


def _ended(status: str) -> str:
    return {
        Status.CANCELLED.value: _("Sudah dibatalkan"),
        Status.RECORDED.value: _("Sudah direkam"),
        Status.NOT_RECORDED.value: _("Sudah selesai"),
        Status.DEFERRED.value: _("Sudah ditunda"),
    }.get(status, _("Tidak dapat dilakukan"))


@dataclass(frozen=True)
class State:
    """A booking's state as a tag."""

    tone: str
    word: str


def state(booking: Booking) -> State:
    """belum datang · menunggu 021 · di loket 2 · direkam …"""
    visit = visit_of(booking)
    status = Status(booking.status)
    if status is Status.BOOKED and visit is not None and visit.recheck_at is not None:
        return State("is-wait", _("ukur ulang %(time)s") % {"time": clock_time(visit.recheck_at)})
    if status is Status.CHECKED_IN and visit is not None:
        return State("", _("menunggu %(number)s") % {"number": f"{visit.queue_number or 0:03d}"})
    if status is Status.CALLED and visit is not None and visit.counter is not None:
        return State("is-new", _("di loket %(number)s") % {"number": visit.counter.number})
    return {
        Status.RECORDED: State("is-ok", _("direkam")),
        Status.NOT_RECORDED: State("is-wait", _("tidak terekam")),
        Status.NO_SHOW: State("is-stop", _("tidak hadir")),
        Status.DEFERRED: State("is-wait", _("ditunda")),
    }.get(status, State("", _("belum datang")))


def support(booking: Booking) -> list[str]:
    """Which help was asked for, in words."""
    words = {
        Support.WHEELCHAIR.value: _("kursi roda"),
        Support.SIGN_LANGUAGE.value: _("bahasa isyarat"),
        Support.ELDERLY.value: _("lansia"),
        Support.PREGNANT.value: _("ibu hamil"),
        Support.OTHER.value: _("bantuan lain"),
    }
    return [words[wish] for wish in booking.support if wish in words]


#: Buttons of "not recorded", in the order in which they come up most.
REASONS = list(Visit.NotRecorded)
