"""Booking in three steps: who, where, when. The tap on a time is the booking.

Identity comes first and the slot last, so a place that goes meanwhile costs nobody a form: the
draft stays, and the page shows the nearest free times.
"""

from collections.abc import Callable
from datetime import date, datetime
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from locations.models import District, Location, Slot
from services import availability, limits
from services.booking import Booked, book
from services.lifecycle import ACTIVE
from services.models import Booking, Service
from services.refusals import AlreadyBooked, KeyReused, PlaceRefusal, Refusal, TooSoon
from services.resident import draft, keyring, places, refusal_words
from services.resident.draft import Draft
from services.resident.forms import PlaceFilter, SlotForm, problems
from services.resident.identity_form import IdentityForm, initial_from
from services.resident.pages import personal
from services.resident.timetable import timetable
from services.resting import midnight_of


@personal
def identity(request: HttpRequest, service: str) -> HttpResponse:
    """Step 1. What was typed comes back with its errors; nothing is kept until all is right."""
    wanted = get_object_or_404(Service, active=True, slug=service)
    kept = draft.load(request.session)
    form = IdentityForm(
        request.POST if request.method == "POST" else None,
        initial=initial_from(kept.person) if kept else {},
        districts=list(District.objects.values_list("code", "name")),
        minimum_age=wanted.minimum_age,
        today=timezone.localdate(),
    )
    if form.is_bound:
        limits.take(limits.Use("change", limits.address_of(request)))
        if form.is_valid() and form.person:
            draft.save(request.session, Draft(wanted.slug, form.person))
            return redirect("resident:place")
    context = {
        "form": form,
        "service": wanted,
        "problems": problems(form) if form.is_bound else [],
        "privacy_url": reverse("resident:privacy"),
        "expired": "habis" in request.GET,
        "offers_others": True,
    }
    return render(request, "resident/identity.html", context, status=400 if form.is_bound else 200)


@personal
def place(request: HttpRequest) -> HttpResponse:
    """Step 2: where, by district, each place with its next free time."""
    kept = draft.load(request.session)
    if kept is None:
        return _without_draft(request)
    service = get_object_or_404(Service, active=True, slug=kept.service)
    context = places_context(
        request,
        service,
        own=kept.person.residence_district,
        url_of=lambda location: reverse("resident:time", kwargs={"location": location.slug}),
    )
    return render(request, "resident/place.html", {**context, **_chosen(kept, service)})


@personal
def time(request: HttpRequest, location: str) -> HttpResponse:
    """Step 3: day and time; a POST takes the place."""
    kept = draft.load(request.session)
    if kept is None:
        return _without_draft(request)
    service = get_object_or_404(Service, active=True, slug=kept.service)
    at = get_object_or_404(Location, active=True, offering__service=service, slug=location)
    if request.method == "POST":
        return _take(request, kept, service, at)
    return _show_times(request, kept, service, at)


def places_context(
    request: HttpRequest,
    service: Service,
    *,
    own: str | None,
    url_of: Callable[[Location], str],
    not_before: date | None = None,
) -> dict[str, object]:
    """What place.html needs, for booking and for moving; three statements.

    `not_before`: the first day that is offered.
    """
    locations = places.offering(service)
    found = {location.district_id: location.district.name for location in locations}
    chosen = PlaceFilter(request.GET, districts=sorted(found.items(), key=lambda pair: pair[1]))
    now = max(timezone.now(), midnight_of(not_before)) if not_before else None
    rows = places.rows(locations, availability.next_free(service.pk, now=now), url_of)
    return {
        "filter": chosen,
        "groups": places.grouped(
            rows, own=own, only=chosen.district, soonest_first=chosen.soonest_first
        ),
    }


def tapped(request: HttpRequest) -> int:
    """The id of the slot whose button was pressed."""
    form = SlotForm(request.POST)
    if not form.is_valid():
        raise BadRequest("no slot")
    return form.slot_id


def begins_at(slot_id: int) -> datetime | None:
    """When a slot begins, to say which one was lost."""
    return Slot.objects.filter(pk=slot_id).values_list("starts_at", flat=True).first()


def _take(request: HttpRequest, kept: Draft, service: Service, at: Location) -> HttpResponse:
    slot_id = tapped(request)
    contacts = limits.contacts(kept.person.phone, kept.person.email)
    limits.take(limits.Use("booking", limits.address_of(request)), *contacts)
    try:
        booked = _book(request, kept, service, slot_id)
    except KeyReused as refusal:
        limits.give_back(*contacts)
        return to_ticket(request, Booking.objects.get(pk=refusal.booking_id), news="sudah")
    except Refusal as refusal:
        limits.give_back(*contacts)
        if isinstance(refusal, AlreadyBooked | TooSoon):  # whoever asks this often is guessing
            limits.take(limits.Use("already-booked", kept.person.nik))
        elif isinstance(refusal, PlaceRefusal):  # a lost race is no try to take places
            limits.give_back(limits.Use("booking", limits.address_of(request)))
        wanted = begins_at(slot_id)
        said = refusal_words.words(refusal, wanted=wanted, location_id=at.pk)
        return _show_times(request, kept, service, at, said=said, wanted=wanted)
    return to_ticket(request, booked.booking, news="baru")


def _book(request: HttpRequest, kept: Draft, service: Service, slot_id: int) -> Booked:
    """Book under the session's key. What an earlier try made leads to its ticket, unless that has
    ended since: then this is a new try."""
    for _attempt in range(2):
        key = draft.idempotency_key(request.session, kept)
        try:
            booked = book(service=service, slot_id=slot_id, person=kept.person, key=key)
        except KeyReused as refusal:
            if Booking.objects.filter(pk=refusal.booking_id, status__in=ACTIVE).exists():
                raise
        else:
            if not booked.replayed or booked.booking.status in ACTIVE:
                return booked
        draft.start_over(request.session)
    raise AssertionError("a new key was taken already")


def to_ticket(request: HttpRequest, booking: Booking, *, news: str) -> HttpResponse:
    """On to the ticket, with the key to it in this browser."""
    draft.made(request.session, booking.pk)
    address = reverse("resident:ticket", kwargs={"code": booking.shown_code})
    response = redirect(f"{address}?{urlencode({'kabar': news})}")
    keyring.add(request, response, booking)
    return response


def _without_draft(request: HttpRequest) -> HttpResponse:
    """Nothing typed, or too long ago: to the ticket this session made, or to the first step."""
    made = draft.made_booking(request.session)
    booking = Booking.objects.filter(pk=made, erased_at=None).first() if made else None
    if booking:
        return to_ticket(request, booking, news="sudah")
    main = get_object_or_404(Service.objects.filter(active=True)[:1])
    address = reverse("resident:identity", kwargs={"service": main.slug})
    return redirect(f"{address}?habis" if draft.has_expired(request.session) else address)


def _show_times(
    request: HttpRequest,
    kept: Draft,
    service: Service,
    at: Location,
    *,
    said: refusal_words.Words | None = None,
    wanted: datetime | None = None,
) -> HttpResponse:
    here = reverse("resident:time", kwargs={"location": at.slug})
    context = {
        **timetable(at.pk, asked=request.GET.get("hari", ""), wanted=wanted, address=here),
        **_chosen(kept, service),
        "place": at,
        "place_url": reverse("resident:place"),
        "person": kept.person.full_name,
        "refusal": said,
    }
    return render(request, "resident/time.html", context, status=said.status if said else 200)


def _chosen(kept: Draft, service: Service) -> dict[str, object]:
    """What the pages after the first say about what was typed."""
    return {
        "chosen": {
            "service_name": service.name,
            "full_name": kept.person.full_name,
            "companions": kept.person.companions,
            "nik_masked": kept.masked_nik,
        },
        "identity_url": reverse("resident:identity", kwargs={"service": service.slug}),
    }
