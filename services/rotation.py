"""Putting sealed values under a new key while people go on booking (docs/decisions.md)."""

from django.db import transaction

from notifications import snapshots
from notifications.personal_data import sealed_with_first_key
from services.models import Booking

BATCH = 500
SEALED = {name: field for name, field in vars(Booking).items() if hasattr(field, "column")}


def rotate_keys(batch: int = BATCH) -> int:
    """Seal again, with the first key of PERSONAL_DATA_KEYS, what an older key has sealed.

    Goes through all bookings in the order of their ids, one transaction for each batch; may be
    stopped and begun again at any point; then through what was sent to people. Returns how many
    rows were changed. When it returns 0, the older keys can be dropped.
    """
    return _seal_bookings_again(batch) + snapshots.reseal(batch)


def _seal_bookings_again(batch: int) -> int:
    changed, last = 0, None
    while True:
        with transaction.atomic():
            rows = Booking.objects.order_by("id").select_for_update()
            if last is not None:
                rows = rows.filter(id__gt=last)
            bookings = list(rows[:batch])
            if not bookings:
                return changed
            stale = [booking for booking in bookings if _seal_again(booking)]
            if stale:
                columns = [field.column for field in SEALED.values()]
                Booking.objects.bulk_update(stale, columns)
        changed += len(stale)
        last = bookings[-1].id


def _seal_again(booking: Booking) -> bool:
    """Whether anything of this booking was under an older key, and now is not."""
    found = False
    for name, field in SEALED.items():
        sealed = getattr(booking, field.column)
        if sealed and not sealed_with_first_key(sealed):
            setattr(booking, name, getattr(booking, name))
            found = True
    return found
