"""A ticket as a calendar file: the phone's own calendar then reminds too.

The UID stays the same for the booking's life and SEQUENCE grows with each move, so the file of a
move moves the entry instead of adding one, and that of a cancelled booking takes it away. The page
and the e-mail give the same. No NIK, no phone, no name.
"""

from datetime import UTC, datetime, timedelta
from email.utils import parseaddr

from django.conf import settings
from django.utils.translation import gettext as _
from icalendar import Alarm, Calendar, Event, vCalAddress, vText

from services.lifecycle import Status
from services.models import Booking

# Nothing takes place at this time: the entry is to go. Whoever was deferred chooses another.
OFF = frozenset({Status.CANCELLED, Status.DEFERRED})


def calendar_file(booking: Booking, *, url: str, now: datetime) -> bytes:
    """RFC 5545 text of one event. Needs service, slot, place and protocol loaded.

    A cancelling counts as one change more than the moves before it (RFC 5546 section 2.1.4); the
    move of a deferred booking comes later and so wins by DTSTAMP.
    """
    off = booking.status in OFF
    event = Event()
    event.add("uid", f"{booking.id}@dispendukcapil.jemberkab.go.id")
    event.add("sequence", booking.moves + off)
    event.add("organizer", _organizer())
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", booking.slot.starts_at.astimezone(UTC))
    event.add("dtend", booking.slot.ends_at.astimezone(UTC))
    event.add("summary", f"{booking.service.name}: {booking.shown_code}")
    event.add("location", _place(booking))
    event.add("description", _description(booking))
    event.add("url", url)
    event.add("status", "CANCELLED" if off else "CONFIRMED")
    if not off:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", booking.service.name)
        alarm.add("trigger", timedelta(hours=-2))
        event.add_component(alarm)
    calendar = Calendar()
    calendar.add("prodid", "-//Dispendukcapil Jember//Jadwal KTP-el//ID")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if off else "PUBLISH")
    calendar.add_component(event)
    return calendar.to_ical()


def _organizer() -> vCalAddress:
    organizer = vCalAddress(f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}")
    organizer.params["CN"] = vText("Dispendukcapil Jember")
    return organizer


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
