"""Why something is refused, by name. Each audience turns a refusal into its own words in one place.

A refusal means that nothing was written. `code` never changes (it is part of the API); `message`
is a whole sentence in the reader's language that says what happened and what to do next.
"""

from collections.abc import Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


class Refusal(Exception):
    """Something that was asked for and cannot be done. Shown to people, so never carries data."""

    code = "refused"
    status = 409
    message: Text = _("Permintaan ini tidak dapat dilakukan.")

    def __init__(self, message: Text | None = None) -> None:
        if message is not None:
            self.message = message
        super().__init__(self.code)


class PlaceRefusal(Refusal):
    """A place that can't be had. `alternatives`: up to five free slots, nearest first."""

    def __init__(self, message: Text | None = None, alternatives: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.alternatives = list(alternatives)


class SlotFull(PlaceRefusal):
    code = "slot_full"
    message = _("Tempat baru saja terisi. Pilih waktu lain; data Anda tetap tersimpan.")


class SlotClosed(PlaceRefusal):
    code = "slot_closed"
    message = _("Waktu ini tidak dapat dipesan lagi. Pilih waktu lain; data Anda tetap tersimpan.")


class TooSoon(PlaceRefusal):
    """Who was deferred may choose from a certain day on, and this slot is earlier."""

    code = "too_soon"

    def __init__(self, day: str, alternatives: Sequence[Any] = ()) -> None:
        self.day = day
        said = _("Untuk NIK ini, pilih waktu mulai %(day)s; data Anda tetap tersimpan.")
        super().__init__(said % {"day": day}, alternatives)


class AlreadyBooked(Refusal):
    code = "already_booked"
    message = _("NIK ini sudah punya jadwal. Tautannya kami kirim ulang ke nomor yang terdaftar.")


class InvalidTransition(Refusal):
    code = "invalid_transition"
    message = _("Langkah ini tidak dapat dilakukan pada keadaan sekarang.")

    def __init__(self, *, current: str = "", target: str = "", message: Text | None = None) -> None:
        super().__init__(message)
        self.current, self.target = current, target


class TooLate(InvalidTransition):
    """After the cut-off only the office can change a booking (docs/design.md section 3)."""

    message = _("Batas waktu untuk mengubah jadwal sudah lewat. Hubungi petugas di lokasi Anda.")


class NotFound(Refusal):
    code = "not_found"
    status = 404
    message = _("Kode tidak ditemukan. Periksa lagi tulisan pada bukti Anda.")


class KeyReused(Refusal):
    """The same idempotency key came with another body. `booking_id`: what it made."""

    code = "idempotency_key_reused"
    status = 422
    message = _("Kunci permintaan ini sudah dipakai untuk isi yang lain.")

    def __init__(self, booking_id: Any = None) -> None:
        super().__init__()
        self.booking_id = booking_id


class TryAgain(Refusal):
    """The database could not settle a conflict in a few tries."""

    code = "unavailable"
    status = 503
    message = _("Layanan sedang sibuk. Silakan coba lagi sebentar lagi; tidak ada yang berubah.")


class FieldRefusal(Refusal):
    """One field is wrong. `attr` is its name in the API and in the forms."""

    status = 400

    def __init__(self, attr: str, code: str, message: Text) -> None:
        self.attr, self.code = attr, code
        super().__init__(message)


class WrongLocation(Refusal):
    """The ticket is for another place. Says where to, and nothing about the person."""

    code = "wrong_location"
    message = _("Jadwal ini bukan di tempat ini.")


class WrongDay(Refusal):
    code = "wrong_day"
    message = _("Jadwal ini bukan untuk hari ini.")


class TooEarly(Refusal):
    """`opens_at`: from when the person may come in."""

    code = "too_early"
    message = _("Terlalu awal. Mohon tunggu di luar sampai mendekati jadwal.")

    def __init__(self, message: Text | None = None, opens_at: Any = None) -> None:
        super().__init__(message)
        self.opens_at = opens_at
