"""The call list: who must be told by voice, taking the next, saying how it went."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib import messages as notes
from django.db.models import QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from locations.access import Role, visible_locations
from locations.clock import database_now
from notifications import calls as rules
from notifications import in_force, texts
from notifications.description import Description, describe_many
from notifications.models import Call, Message
from services.identity import show_phone
from services.models import Booking
from services.office.access import places_of
from services.staff import signed_in, staff_page
from services.tokens import without_tokens

#: So many lines are shown; whoever works the list off takes the earliest anyway.
SHOWN = 100


def calls_of(request: HttpRequest, role: str | None = Role.COUNTER) -> QuerySet[Call]:
    """The calls about bookings at one's own locations; with role None those one may read."""
    mine = visible_locations(signed_in(request), role).values("pk")
    bookings = Booking.objects.filter(slot__location__in=mine).values("pk")
    return Call.objects.filter(subject__in=Subquery(bookings))


@dataclass(frozen=True)
class Line:
    """One line of the list: whom it is about by code alone."""

    call: Call
    booking: Booking
    held: bool
    later: datetime | None


@staff_page
def call_list(request: HttpRequest) -> HttpResponse:
    """Those still to be called, by deadline, and what became of the last ones."""
    places_of(request)
    seen = calls_of(request, None).select_related("message", "held_by")
    waiting = list(rules.open_calls(seen)[: SHOWN + 1])
    ended = list(seen.exclude(state=Call.State.OPEN).order_by("-ended_at")[:20])
    bookings = Booking.objects.select_related("slot__location").in_bulk(
        [call.subject for call in waiting + ended]
    )
    now = database_now()
    context = {
        "lines": [
            Line(
                call,
                bookings[call.subject],
                call.held_until is not None and call.held_until > now,
                call.next_at if call.next_at > now else None,
            )
            for call in waiting[:SHOWN]
            if call.subject in bookings  # not erased meanwhile
        ],
        "more": len(waiting) > SHOWN,
        "ended": [(call, bookings[call.subject]) for call in ended if call.subject in bookings],
        "may_call": visible_locations(signed_in(request), Role.COUNTER).exists(),
    }
    return render(request, "office/calls.html", context)


@staff_page
@require_POST
def take(request: HttpRequest) -> HttpResponse:
    """Take the next call; who holds one gets that one again."""
    places_of(request)
    call = rules.take_next(calls_of(request), signed_in(request))
    if call is None:
        notes.success(request, _("Tidak ada yang perlu ditelepon sekarang."))
        return redirect("calls:list")
    return redirect("calls:one", call=call.pk)


@staff_page
def one(request: HttpRequest, call: UUID) -> HttpResponse:
    """Whom to ring and what to say; only for who holds the call."""
    places_of(request)
    try:
        held = rules.held_call(calls_of(request), call, signed_in(request))
    except rules.HoldLost:
        return _hold_lost(request)
    booking = Booking.objects.select_related("slot__location", "service").get(pk=held.subject)
    context = {
        "call": held,
        "booking": booking,
        "phone": show_phone(booking.phone) if booking.phone else "",
        "says": _what_to_say(held.message),
    }
    return render(request, "office/call.html", context)


def _what_to_say(message: Message) -> str:
    """The message as it would read now, in the person's language; empty where it is moot."""
    person = describe_many([message]).get(message.pk)
    if not isinstance(person, Description):
        return ""
    wording = in_force.published(message.kind, person.language, "")
    if wording is None:
        return ""
    return without_tokens(texts.fill(wording.wording, person.values))


@staff_page
@require_POST
def result(request: HttpRequest, call: UUID) -> HttpResponse:
    """How it went: `hasil` = tercapai | tidak | salah | nanti."""
    places_of(request)
    said = request.POST.get("hasil", "")
    mine, staff = calls_of(request), signed_in(request)
    try:
        if said == "tercapai":
            rules.mark_reached(mine, call, staff)
            notes.success(request, _("Dicatat: orangnya sudah tahu."))
        elif said == "tidak":
            again = rules.mark_not_reached(mine, call, staff)
            if again.state == Call.State.OPEN:
                notes.success(request, _("Dicatat. Ia muncul lagi di daftar satu jam lagi."))
            else:
                notes.warning(
                    request, _("Dicatat. Batas waktunya lewat sebelum panggilan berikut.")
                )
        elif said == "salah":
            rules.mark_wrong_number(mine, call, staff)
            notes.success(request, _("Dicatat: nomor salah. Nomor itu tidak dikirimi pesan lagi."))
        elif said == "nanti":
            rules.give_back(mine, call, staff)
        else:
            return HttpResponse(_("Pilih salah satu hasil."), status=400)
    except rules.HoldLost:
        return _hold_lost(request)
    return redirect("calls:list")


def _hold_lost(request: HttpRequest) -> HttpResponse:
    notes.warning(
        request, _("Panggilan ini tidak lagi Anda pegang: waktunya habis atau sudah selesai.")
    )
    return redirect("calls:list")
