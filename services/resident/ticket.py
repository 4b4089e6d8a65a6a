"""A booking as its ticket shows it: the words for its state, and what may still be done."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

import segno
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from locations.models import Location
from services.identity import age_on, show_phone
from services.lifecycle import ACTIVE, Status
from services.models import Booking
from services.resident import protocol
from services.resident.times import moment_words

EARLY = timedelta(minutes=10)  # "come ten minutes before your time, not earlier"
CARD_AGE = 17
REGENCY = "Jember"  # where a map looks for a place by its name

#: State → tone of the note (a class of the look), heading, advice.
STATES = {
    Status.CHECKED_IN: ("is-ok", _l("Anda sudah tercatat datang"), _l("Tunggu nomor Anda.")),
    Status.CALLED: ("is-ok", _l("Nomor Anda dipanggil"), _l("Silakan ke loket.")),
    Status.RECORDED: (
        "is-ok",
        _l("Perekaman sudah selesai"),
        _l("Kartu dicetak setelah data selesai diperiksa."),
    ),
    Status.NOT_RECORDED: (
        "is-wait",
        _l("Perekaman belum berhasil"),
        _l("Petugas menjelaskan sebabnya di loket. Anda dapat mengambil jadwal baru."),
    ),
    Status.CANCELLED: (
        "is-stop",
        _l("Jadwal ini sudah dibatalkan"),
        _l("Anda dapat mengambil jadwal baru kapan saja."),
    ),
    Status.NO_SHOW: (
        "is-wait",
        _l("Anda tercatat tidak hadir"),
        _l("Tidak ada denda. Anda dapat mengambil jadwal baru kapan saja."),
    ),
    Status.DEFERRED: (
        "is-wait",
        _l("Jadwal Anda ditunda demi kesehatan bersama"),
        _l(
            "Ini bukan ketidakhadiran. Beristirahatlah, lalu pilih waktu baru; kodenya tetap. Jika"
            " demam lebih dari tiga hari atau sesak napas, periksakan diri ke puskesmas."
        ),
    ),
}


def masked(address: str) -> str:
    """`0812-••••-7890`, `s•••@contoh.id`: enough to know one's own by."""
    if "@" in address:
        name, _at, host = address.partition("@")
        return f"{name[:1]}•••@{host}"
    shown = show_phone(address) if address else ""
    return f"{shown[:5]}••••{shown[9:]}" if shown else ""


@dataclass(frozen=True)
class Ticket:
    """Wraps a booking with service, slot, place and protocol loaded, at a moment."""

    booking: Booking
    now: datetime

    @property
    def code(self) -> str:
        return self.booking.shown_code

    @property
    def place(self) -> Location:
        return self.booking.slot.location

    @property
    def state(self) -> str:
        return self.booking.status

    @property
    def is_active(self) -> bool:
        return self.booking.status in ACTIVE

    @property
    def can_cancel(self) -> bool:
        return self.state == Status.BOOKED and self.now <= self.booking.change_until

    @property
    def can_move(self) -> bool:
        return self.can_cancel or self.state == Status.DEFERRED

    @property
    def is_past_cutoff(self) -> bool:
        return self.state == Status.BOOKED and not self.can_cancel

    @property
    def tone(self) -> str:
        return STATES[Status(self.state)][0]

    @property
    def state_heading(self) -> str:
        return str(STATES[Status(self.state)][1])

    @property
    def state_advice(self) -> str:
        return str(STATES[Status(self.state)][2])

    @property
    def state_word(self) -> str:
        return str(Status(self.state).label)

    @property
    def starts_at(self) -> datetime:
        return timezone.localtime(self.booking.slot.starts_at)

    @property
    def starts_words(self) -> str:
        return moment_words(self.starts_at)

    @property
    def until_words(self) -> str:
        return moment_words(self.booking.change_until)

    @property
    def arrive_at(self) -> str:
        return time_format((self.starts_at - EARLY).time())

    @property
    def full_name(self) -> str:
        return self.booking.full_name

    @property
    def card_note(self) -> str:
        born = self.booking.birth_date
        if born is None or age_on(born, self.starts_at.date()) >= CARD_AGE:
            return ""
        return _("Belum 17 tahun: data direkam sekarang, kartu dicetak saat genap 17 tahun.")

    @property
    def map_url(self) -> str:
        """Where the place stands; without coordinates a search for its name (an address may be an
        example, and would lead astray)."""
        place = self.place
        if place.latitude is None or place.longitude is None:
            wanted = urlencode({"query": f"{place.name}, {REGENCY}"})
            return f"https://www.openstreetmap.org/search?{wanted}"
        spot = urlencode({"mlat": place.latitude, "mlon": place.longitude})
        return f"https://www.openstreetmap.org/?{spot}#map=17/{place.latitude}/{place.longitude}"

    @property
    def qr(self) -> SafeString:
        """The code alone, as SVG without styles (a strict CSP refuses them)."""
        code = segno.make(self.code, error="q", micro=False)
        drawn = code.svg_inline(omitsize=True, border=0, svgclass=None, lineclass=None)
        return mark_safe(drawn)  # noqa: S308 (drawn by segno from our own code)

    @property
    def protocol(self) -> protocol.Shown:
        return protocol.shown(self.place.protocol)
