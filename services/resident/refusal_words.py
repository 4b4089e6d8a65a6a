"""Refusals in the words of these pages, in one place: what happened, what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _

from locations.models import Slot
from services.refusals import AlreadyBooked, PlaceRefusal, Refusal, SlotFull, TooSoon
from services.resident.times import short_words


@dataclass(frozen=True, slots=True)
class Alternative:
    id: int
    label: str


@dataclass(frozen=True, slots=True)
class Words:
    """What the page says; `find` offers to look up the booking there is."""

    heading: str
    advice: str
    status: int
    alternatives: list[Alternative] = field(default_factory=list)
    find: bool = False


def words(refusal: Refusal, *, wanted: datetime | None, location_id: int | None) -> Words:
    """`wanted`: when the slot that was tapped begins; `location_id`: the place of the page."""
    if isinstance(refusal, TooSoon):
        return Words(
            heading=_("Pilih waktu mulai %(day)s") % {"day": refusal.day},
            advice=_("Waktu ini belum dapat dipilih; data Anda tetap tersimpan."),
            status=refusal.status,
            alternatives=_alternatives(refusal.alternatives, None, location_id),
        )
    if isinstance(refusal, PlaceRefusal):
        return Words(
            heading=_place_heading(refusal, wanted),
            advice=_("Pilih waktu lain; data Anda tetap tersimpan."),
            status=refusal.status,
            alternatives=_alternatives(refusal.alternatives, wanted, location_id),
        )
    if isinstance(refusal, AlreadyBooked):
        return Words(
            _("NIK ini sudah punya jadwal"),
            _("Tautannya kami kirim ulang ke nomor yang terdaftar."),
            refusal.status,
            find=True,
        )
    return Words(_("Belum dapat dipesan"), str(refusal.message), refusal.status)


def _place_heading(refusal: PlaceRefusal, wanted: datetime | None) -> str:
    if wanted is None:
        return _("Tempat itu baru saja terisi")
    time = time_format(timezone.localtime(wanted).time())
    if isinstance(refusal, SlotFull):
        return _("Tempat pukul %(time)s baru saja terisi") % {"time": time}
    return _("Waktu pukul %(time)s sudah ditutup") % {"time": time}


def _alternatives(
    slots: Sequence[Slot], wanted: datetime | None, location_id: int | None
) -> list[Alternative]:
    day = timezone.localtime(wanted).date() if wanted else None
    return [Alternative(slot.pk, _label(slot, day, location_id)) for slot in slots]


def _label(slot: Slot, day: object, location_id: int | None) -> str:
    """The time alone where day and place are those of the page."""
    begins = timezone.localtime(slot.starts_at)
    label = time_format(begins.time()) if begins.date() == day else short_words(begins)
    return label if slot.location_id == location_id else f"{label}, {slot.location.name}"
