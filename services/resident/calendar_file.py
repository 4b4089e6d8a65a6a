"""A ticket as a calendar file: the phone's own calendar then reminds too.

The UID stays the same for the booking's life and SEQUENCE grows with each move, so importing the
file again moves the entry instead of adding one. No NIK, no phone.
"""

from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _
from icalendar import Alarm, Calendar, Event

from services.lifecycle import ACTIVE
from services.models import Booking


def calendar_file(booking: Booking, *, ticket_url: str, now: datetime) -> bytes:
    """RFC 5545 text of one event. Needs service, slot and place loaded."""
    event = Event()
    event.add("uid", f"{booking.id}@dispendukcapil.jemberkab.go.id")
    event.add("sequence", booking.moves)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", booking.slot.starts_at.astimezone(UTC))
    event.add("dtend", booking.slot.ends_at.astimezone(UTC))
    event.add("summary", f"{booking.service.name}: {booking.shown_code}")
    event.add("location", _place(booking))
    event.add("description", _description(booking))
    event.add("url", ticket_url)
    event.add("status", "CONFIRMED" if booking.status in ACTIVE else "CANCELLED")
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", booking.service.name)
    alarm.add("trigger", timedelta(hours=-2))
    event.add_component(alarm)
    calendar = Calendar()
    calendar.add("prodid", "-//Dispendukcapil Jember//Jadwal KTP-el//ID")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    return calendar.to_ical()


def _place(booking: Booking) -> str:
    place = booking.slot.location
    address = f"{place.address} {_('(contoh)')}" if place.address_is_example else place.address
    return f"{place.name}, {address}"


def _description(booking: Booking) -> str:
    lines = [
        _("Kode: %(code)s") % {"code": booking.shown_code},
        _("Bawa: %(papers)s") % {"papers": ", ".join(booking.service.bring_list)},
        *booking.slot.location.protocol.instructions,
        _("Layanan ini gratis."),
    ]
    return "\n".join(lines)
