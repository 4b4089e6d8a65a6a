"""What one does with a ticket: find it, show it, print it, move it, cancel it."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from locations.models import Location
from notifications.models import Consent
from services import limits
from services.booking import cancel as cancel_booking
from services.booking import find_by_code_and_nik, find_by_token, reschedule
from services.calendar_file import calendar_file
from services.codes import read_code
from services.describing import addresses_of
from services.lifecycle import Actor
from services.models import Booking
from services.refusals import InvalidTransition, NotFound, Refusal
from services.resident import channels, draft, keyring, refusal_words
from services.resident.forms import FindForm, problems
from services.resident.pages import personal
from services.resident.steps import begins_at, places_context, tapped
from services.resident.ticket import Ticket
from services.resident.times import moment_words
from services.resident.timetable import timetable

YES_NO = {"ya": True, "tidak": False}


def holding_its_key(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The view gets the ticket of the code; who holds no key to it is asked for code and NIK.

    Unknown codes and other people's get the same answer.
    """

    @wraps(view)
    def wrapped(request: HttpRequest, code: str, **kwargs: Any) -> HttpResponse:
        try:
            booking = keyring.opened(request, code)
        except NotFound:
            return _ask(request, FindForm(initial={"code": code}), status=404)
        return view(request, Ticket(booking, timezone.now()), **kwargs)

    return personal(wrapped)


@personal
def manage_link(
    request: HttpRequest, code: str, token: str, leads_to: str = "resident:ticket"
) -> HttpResponse:
    """Trade the token of a message for a key in this browser, and leave the token behind.

    Writes nothing to the database. Whatever follows must not learn this address, hence no-referrer;
    a token that opens nothing is no secret, and the form shown then needs its origin (`personal`).
    """
    limits.take(limits.Use("read", limits.address_of(request)))
    try:
        booking = find_by_token(code, token)
    except NotFound:
        response = _ask(request, FindForm(), status=404)
    else:
        response = redirect(leads_to, code=booking.shown_code)
        keyring.add(request, response, booking)
        response["Referrer-Policy"] = "no-referrer"
    return response


@personal
def find(request: HttpRequest) -> HttpResponse:
    """Code and NIK open a ticket. An unknown code and a wrong NIK get the same answer."""
    if request.method != "POST":
        return _ask(request, FindForm())
    form = FindForm(request.POST)
    if not form.is_valid():
        return _ask(request, form, status=400)
    typed = form.cleaned_data
    uses = [limits.Use("look-up", limits.address_of(request))]
    if code := read_code(typed["code"]):  # what is no code at all is nobody's
        uses.append(limits.Use("look-up", f"code {code}"))
    limits.take(*uses)
    try:
        booking = find_by_code_and_nik(typed["code"], typed["nik"])
    except NotFound:
        form.add_error("code", _("Kode dan NIK ini tidak cocok. Periksa lagi pada bukti Anda."))
        return _ask(request, form, status=404)
    response = redirect("resident:ticket", code=booking.shown_code)
    keyring.add(request, response, booking)
    return response


@holding_its_key
def ticket(request: HttpRequest, shown: Ticket) -> HttpResponse:
    reaching = channels.channels_of(shown.booking)
    context = {
        "ticket": shown,
        "news": request.GET.get("kabar", ""),
        "channels": reaching,
        "proof_goes_to": next((channel.shown for channel in reaching if channel.wanted), ""),
    }
    return render(request, "resident/ticket.html", context)


@holding_its_key
def choose_channel(request: HttpRequest, shown: Ticket) -> HttpResponse:
    """One channel on or off, then back to the ticket; the same again changes nothing."""
    address = reverse("resident:ticket", kwargs={"code": shown.code})
    if request.method != "POST":
        return redirect(f"{address}#pesan")
    channel, answer = request.POST.get("saluran", ""), request.POST.get("mau", "")
    if channel not in addresses_of(shown.booking) or answer not in YES_NO:
        raise BadRequest("no such channel or answer")
    limits.take(limits.Use("change", limits.address_of(request)))
    channels.say(shown.booking, channel, YES_NO[answer], Consent.Source.PAGE)
    return redirect(f"{address}?kabar=saluran#pesan")


@holding_its_key
def print_view(request: HttpRequest, shown: Ticket) -> HttpResponse:
    return render(request, "resident/print.html", {"ticket": shown})


@holding_its_key
def calendar(request: HttpRequest, shown: Ticket) -> HttpResponse:
    address = settings.SITE_URL + reverse("resident:ticket", kwargs={"code": shown.code})
    text = calendar_file(shown.booking, url=address, now=shown.now)
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="ktp-el-{shown.code}.ics"'
    return response


@holding_its_key
def move_place(request: HttpRequest, shown: Ticket) -> HttpResponse:
    """Where to move to. The own district is that of the present place."""
    if not shown.can_move:
        return redirect("resident:ticket", code=shown.code)
    booking = shown.booking
    context = places_context(
        request,
        booking.service,
        own=booking.residence_district_id or shown.place.district_id,
        url_of=lambda location: _move_address(booking, location.slug),
        not_before=booking.not_before,
    )
    return render(request, "resident/place.html", {**context, **_moving(shown)})


@holding_its_key
def move_time(request: HttpRequest, shown: Ticket, location: str) -> HttpResponse:
    """When to move to; a POST moves."""
    if not shown.can_move:
        return redirect("resident:ticket", code=shown.code)
    at = get_object_or_404(
        Location, active=True, offering__service=shown.booking.service, slug=location
    )
    if request.method == "POST":
        return _move(request, shown, at)
    return _show_move(request, shown, at)


@holding_its_key
def cancel(request: HttpRequest, shown: Ticket) -> HttpResponse:
    """Ask once, then give the place back. Again: the ticket, unchanged."""
    if request.method == "POST":
        return _cancel(request, shown)
    if not shown.can_cancel:
        return redirect("resident:ticket", code=shown.code)
    return render(request, "resident/cancel.html", {"ticket": shown})


@personal
@require_POST
def forget(request: HttpRequest, code: str) -> HttpResponse:
    """A shared phone: this browser opens the ticket no longer, and what was typed is gone."""
    response = redirect("resident:home")
    keyring.remove(request, response, code)
    draft.forget(request.session)
    return response


def _move(request: HttpRequest, shown: Ticket, at: Location) -> HttpResponse:
    slot_id = tapped(request)
    contacts = limits.contacts(shown.booking.phone, shown.booking.email)
    limits.take(limits.Use("change", limits.address_of(request)), *contacts)
    try:
        reschedule(
            booking_id=shown.booking.pk,
            slot_id=slot_id,
            actor=Actor.RESIDENT,
            who="resident",
            why="moved online",
        )
    except InvalidTransition:
        limits.give_back(*contacts)
        return redirect("resident:ticket", code=shown.code)
    except Refusal as refusal:
        limits.give_back(*contacts)
        wanted = begins_at(slot_id)
        said = refusal_words.words(refusal, wanted=wanted, location_id=at.pk)
        return _show_move(request, shown, at, said=said, wanted=wanted)
    return _back_to(shown, news="pindah")


def _cancel(request: HttpRequest, shown: Ticket) -> HttpResponse:
    try:
        cancel_booking(
            booking_id=shown.booking.pk,
            actor=Actor.RESIDENT,
            who="resident",
            why="cancelled online",
        )
    except InvalidTransition as refusal:
        said = {"heading": _("Belum dibatalkan"), "advice": refusal.message}
        context = {"ticket": shown, "refusal": said}
        return render(request, "resident/cancel.html", context, status=refusal.status)
    draft.start_over(request.session)
    return _back_to(shown, news="batal")


def _show_move(
    request: HttpRequest,
    shown: Ticket,
    at: Location,
    *,
    said: refusal_words.Words | None = None,
    wanted: datetime | None = None,
) -> HttpResponse:
    here = _move_address(shown.booking, at.slug)
    present = shown.starts_at.date().isoformat() if at == shown.place else ""
    context = {
        **timetable(
            at.pk,
            asked=request.GET.get("hari", present),
            wanted=wanted,
            address=here,
            not_before=shown.booking.not_before,
        ),
        **_moving(shown),
        "place": at,
        "place_url": reverse("resident:move_place", kwargs={"code": shown.code}),
        "person": shown.full_name,
        "refusal": said,
    }
    return render(request, "resident/time.html", context, status=said.status if said else 200)


def _moving(shown: Ticket) -> dict[str, object]:
    return {
        "moving": True,
        "ticket_url": reverse("resident:ticket", kwargs={"code": shown.code}),
        "old_time": moment_words(shown.starts_at),
    }


def _move_address(booking: Booking, location: str) -> str:
    return reverse("resident:move_time", kwargs={"code": booking.shown_code, "location": location})


def _back_to(shown: Ticket, *, news: str) -> HttpResponse:
    address = reverse("resident:ticket", kwargs={"code": shown.code})
    return redirect(f"{address}?kabar={news}")


def _ask(request: HttpRequest, form: FindForm, *, status: int = 200) -> HttpResponse:
    """The form for code and NIK: also the answer where this browser holds no key."""
    context = {"form": form, "problems": problems(form) if form.is_bound else []}
    return render(request, "resident/find.html", context, status=status)
