"""The pages of the counter: who asks, what they gave, the verb, the screen."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from locations.access import visible_locations
from locations.models import Counter, Location
from services import visit
from services.arrival import find_for_counter
from services.counter import words
from services.counter.forms import ScreeningForm
from services.counter.page import CHOSEN, render_desk, show_arrival
from services.counter.page import desk as screen_of
from services.refusals import FieldRefusal, Refusal
from services.screening import asked_by
from services.staff import COUNTER, at_location, signed_in, staff_page, who
from services.visit import VerdictCode

at_counter = at_location(reads=COUNTER, changes=COUNTER)


@staff_page
def places(request: HttpRequest) -> HttpResponse:
    """Choose where to work today; who works at one place goes straight there."""
    found = list(visible_locations(signed_in(request), "counter").select_related("district"))
    if not found:
        raise Http404
    if len(found) == 1:
        return redirect("counter:desk", location=found[0].slug)
    return render(request, "counter/places.html", {"places": found})


@at_counter
def desk(request: HttpRequest, location: Location) -> HttpResponse:
    return render_desk(request, screen_of(request, location))


@at_counter
def queue(request: HttpRequest, location: Location) -> HttpResponse:
    """The parts of the screen that others change, fetched by the page itself now and then."""
    return render(request, "counter/parts/queue.html", {"screen": screen_of(request, location)})


@at_counter
def find(request: HttpRequest, location: Location) -> HttpResponse:
    """Look up what was typed or scanned. By POST, so that nothing typed stands in an address."""
    if request.method != "POST":
        return redirect("counter:desk", location=location.slug)
    screen = screen_of(request, location)
    try:
        arrival = find_for_counter(location=location, typed=request.POST.get("typed", ""))
        show_arrival(screen, arrival)
    except Refusal as refusal:
        screen.shown = words.refused(refusal)
        screen.typed = request.POST.get("typed", "")[:40]
    return render_desk(request, screen)


@at_counter
def check_in(request: HttpRequest, location: Location) -> HttpResponse:
    """Screen somebody and let them in. What was typed stays where an answer is missing."""
    if request.method != "POST":
        return redirect("counter:desk", location=location.slug)
    form = ScreeningForm(request.POST, asks=asked_by(location.protocol))
    if not form.is_valid():
        return _ask_again(request, location, form)
    try:
        said = visit.check_in(
            location=location, code=form.cleaned_data["code"], who=who(request), **form.answers()
        )
    except FieldRefusal as refusal:
        form.add_refusal(refusal)
        return _ask_again(request, location, form)
    except Refusal as refusal:
        return _refused(request, location, refusal)
    screen = screen_of(request, location)
    screen.shown = words.verdict(said)
    if said.code in STAYS_ON_SCREEN:
        show_arrival(screen, find_for_counter(location=location, typed=said.booking.code), form)
    return render_desk(request, screen)


#: Somebody who is still at the door: card and answers stay for the next try.
STAYS_ON_SCREEN = (VerdictCode.MASK_REQUIRED, VerdictCode.ROOM_FULL)


def _ask_again(request: HttpRequest, location: Location, form: ScreeningForm) -> HttpResponse:
    screen = screen_of(request, location)
    try:
        arrival = find_for_counter(location=location, typed=form.data.get("code", ""))
    except Refusal as refusal:
        return _refused(request, location, refusal)
    show_arrival(screen, arrival, form)
    return render_desk(request, screen, status=400)


def _refused(request: HttpRequest, location: Location, refusal: Refusal) -> HttpResponse:
    screen = screen_of(request, location)
    screen.shown = words.refused(refusal)
    return render_desk(request, screen, status=refusal.status)


@require_POST
@at_counter
def choose_counter(request: HttpRequest, location: Location) -> HttpResponse:
    """Which desk somebody sits at; kept in the session."""
    number = request.POST.get("counter", "")
    found = (
        Counter.objects.filter(location=location, active=True, number=number).first()
        if number.isascii() and number.isdigit() and len(number) < 5
        else None
    )
    if found is not None:
        chosen = request.session.get(CHOSEN, {})
        request.session[CHOSEN] = {**chosen, location.slug: found.number}
    return redirect("counter:desk", location=location.slug)


@require_POST
@at_counter
def call_next(request: HttpRequest, location: Location) -> HttpResponse:
    screen = screen_of(request, location)
    if screen.mine is not None:
        visit.call_next(location=location, counter=screen.mine.number, who=who(request))
    return redirect("counter:desk", location=location.slug)


#: Steps at the counter: the word in the address → the verb.
STEPS: dict[str, Callable[..., Any]] = {
    "direkam": visit.record,
    "tidak-terekam": visit.not_recorded,
    "panggil-ulang": visit.recall,
    "tunda-sementara": visit.park,
    "tidak-hadir": visit.no_show,
    "tunda": visit.defer,
}


@require_POST
@at_counter
def act(request: HttpRequest, location: Location, code: str, step: str) -> HttpResponse:
    """One step of one visit. Done already, it changes nothing; refused, the screen says why."""
    verb = STEPS.get(step)
    if verb is None:
        raise Http404
    given = {"reason": request.POST.get("reason", "")} if verb is visit.not_recorded else {}
    try:
        verb(location=location, code=code, who=who(request), **given)
    except Refusal as refusal:
        return _refused(request, location, refusal)
    return redirect("counter:desk", location=location.slug)
