"""The messages of one booking, the life of one message, opening it, sending it again."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages as notes
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from notifications import snapshots
from notifications.models import Attempt, Message, Opening, State
from notifications.personal_data import CannotOpen, mask
from notifications.resending import CannotResend, plan_again
from services.models import Booking
from services.office.access import places_of
from services.office.forms import CodeForm
from services.office.words import of_channel, of_code
from services.staff import COUNTER, location_for, signed_in, staff_page
from services.tokens import without_tokens


@staff_page
def search(request: HttpRequest) -> HttpResponse:
    """All messages of the booking whose code was posted; only of one's own locations."""
    places = places_of(request)
    form = CodeForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"search": form}
    status = 200
    if request.method == "POST":
        booking = (
            Booking.objects.select_related("slot__location", "service")
            .filter(code=form.cleaned_data["kode"], slot__location__in=places)
            .first()
            if form.is_valid()
            else None
        )
        if booking is None:
            # The same answer for a code that does not exist and one of another location.
            if not form.errors:
                form.add_error("kode", _("Tidak ada booking dengan kode ini di tempat Anda."))
            status = 400
        else:
            context |= {"booking": booking, "lines": _messages_of(booking)}
    return render(request, "office/search.html", context, status=status)


def _messages_of(booking: Booking) -> list[Message]:
    found = Message.objects.filter(subject=booking.pk).order_by("-send_after", "-pk")
    return [_in_words(message) for message in found]


def _in_words(message: Message) -> Message:
    message.channel_words = of_channel(message.channel)  # type: ignore[attr-defined]
    message.failure_words = of_code(message.failure)  # type: ignore[attr-defined]
    return message


@dataclass(frozen=True)
class Step:
    """One attempt as it is shown; `to` is masked until somebody opens it."""

    attempt: Attempt
    channel: object
    code: object
    to: str
    text: str
    opened: bool


@staff_page
def life(request: HttpRequest, message: UUID) -> HttpResponse:
    """One message from plan to end. Posting an attempt's number opens it, which is noted."""
    found, booking = _message_seen(request, message)
    tries = list(found.tries.all())
    opened = _open(request, tries) if request.method == "POST" else None
    context = {
        "message": _in_words(found),
        "booking": booking,
        "steps": [_step(attempt, attempt == opened) for attempt in tries],
        "openings": Opening.objects.filter(attempt__message=found)
        .select_related("by")
        .order_by("-pk")[:20],
        "may_send_again": found.state not in (State.WITHDRAWN,) and _works_there(request, booking),
    }
    return render(request, "office/life.html", context)


def _message_seen(request: HttpRequest, message: UUID) -> tuple[Message, Booking]:
    """A message whose booking is at one of the reader's locations; Http404 otherwise."""
    found = Message.objects.filter(pk=message).first()
    booking = (
        Booking.objects.select_related("slot__location", "service")
        .filter(pk=found.subject, slot__location__in=places_of(request))
        .first()
        if found
        else None
    )
    if found is None or booking is None:
        raise Http404
    return found, booking


def _open(request: HttpRequest, tries: list[Attempt]) -> Attempt:
    """The attempt that somebody opens; who and when is written down first."""
    typed = request.POST.get("percobaan", "")
    chosen = next((attempt for attempt in tries if str(attempt.fence) == typed), None)
    if chosen is None:
        raise Http404
    Opening.objects.create(attempt=chosen, by=signed_in(request))
    return chosen


def _step(attempt: Attempt, opened: bool) -> Step:
    try:
        to, text = snapshots.address_of(attempt), snapshots.text_of(attempt)
    except CannotOpen:
        to, text = "", ""
    return Step(
        attempt,
        of_channel(attempt.channel),
        of_code(attempt.code),
        to if opened else mask(to),
        without_tokens(text) if opened else "",
        opened,
    )


def _works_there(request: HttpRequest, booking: Booking) -> bool:
    _place, roles = location_for(signed_in(request), booking.slot.location.slug)
    return not COUNTER.isdisjoint(roles)


@staff_page
@require_POST
def send_again(request: HttpRequest, message: UUID) -> HttpResponse:
    """Plan the same message anew, as things stand now; a new row beside the old one."""
    found, booking = _message_seen(request, message)
    if not _works_there(request, booking):
        raise Http404
    try:
        new = plan_again(found)
    except CannotResend as refusal:
        notes.warning(request, CannotResend.REASONS[refusal.code])
        return redirect("office:life", message=found.pk)
    notes.success(request, _("Pesan dikirim ulang. Ini catatannya yang baru."))
    return redirect("office:life", message=new)
