"""What a booking wants told. Filled by the outbox (notifications) when it lands."""

from datetime import datetime

from locations.models import Slot
from services.models import Booking


def plan_booked(booking: Booking, slot: Slot, now: datetime) -> None: ...


def plan_moved(
    booking: Booking, old_slot: Slot, slot: Slot, now: datetime, by_office: bool, reason: str
) -> None: ...


def plan_cancelled(
    booking: Booking, slot: Slot, now: datetime, by_office: bool, reason: str
) -> None: ...


def plan_deferred(booking: Booking, slot: Slot, now: datetime, reason: str) -> None: ...


def plan_link_again(booking: Booking) -> None: ...
