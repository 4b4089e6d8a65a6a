"""What a change of capacity does, in whole sentences."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from services.capacity import Change


def headline(change: Change, old: Sequence[int], new: int | None) -> str:
    """Kuota 24 sesi turun dari 10 menjadi 7: 12 orang terkena."""
    words = {"slots": change.slots, "new": new, "old": old[0] if old else 0}
    if new is None:
        what = _("Kuota datang langsung %(slots)s sesi berubah") % words
    elif len(old) == 1 and new < old[0]:
        what = _("Kuota %(slots)s sesi turun dari %(old)s menjadi %(new)s") % words
    elif len(old) == 1 and new > old[0]:
        what = _("Kuota %(slots)s sesi naik dari %(old)s menjadi %(new)s") % words
    else:
        what = _("Kuota %(slots)s sesi menjadi %(new)s") % words
    return f"{what}: {_hits(change.affected)}"


def _hits(people: int) -> str:
    if not people:
        return _("tidak ada yang terkena")
    return ngettext("%(people)s orang terkena", "%(people)s orang terkena", people) % {
        "people": people
    }


def effect(change: Change) -> str:
    """How many stay within the number, how many above it, and in how many slots."""
    if not change.affected:
        return _("Semua %(booked)s orang yang terdaftar tetap di dalam kuota.") % {
            "booked": change.booked
        }
    return _(
        "Dari %(booked)s orang terdaftar, %(within)s tetap di dalam kuota. %(affected)s orang pada"
        " %(draining)s sesi di atas kuota baru; jadwal mereka tidak berubah."
    ) % {
        "booked": change.booked,
        "within": change.booked - change.affected,
        "affected": change.affected,
        "draining": change.draining,
    }


def done(change: Change) -> str:
    """What a change did: the fact."""
    slots = ngettext("%(slots)s sesi diubah.", "%(slots)s sesi diubah.", change.slots)
    if not change.affected:
        return f"{slots % {'slots': change.slots}} {_('Tidak ada orang di atas kuota.')}"
    kept = ngettext(
        "%(people)s orang di atas kuota tetap datang; sesinya tidak menerima pendaftar baru.",
        "%(people)s orang di atas kuota tetap datang; sesinya tidak menerima pendaftar baru.",
        change.affected,
    )
    return f"{slots % {'slots': change.slots}} {kept % {'people': change.affected}}"
