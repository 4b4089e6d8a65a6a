"""After the retention time a booking is only a count; nobody can be read out of it."""

import json
from datetime import timedelta

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from services import tasks
from services.booking import book, cancel, find_by_code_and_nik, find_by_token, reschedule
from services.erasure import erase_past_people
from services.lifecycle import Actor, Status
from services.models import Booking, BookingEvent, IdempotencyKey
from services.refusals import NotFound
from services.resident import draft
from services.resident.draft import Draft
from services.tokens import token_for
from tests import factories
from tests.racing import race


@pytest.fixture
def place(db):
    return factories.location()


@pytest.fixture
def service(place):
    return factories.service(at=place)


def later(days: int = 31):
    return factories.at_local(3) + timedelta(days=days)


def test_after_the_retention_time_nothing_names_the_person_and_the_counts_stay(place, service):
    slot = factories.slot(place)
    made = book(
        service=service,
        slot_id=slot.pk,
        person=factories.minor(email="anak@example.org", support=("elderly",)),
        key="kunci-yang-sama",
    ).booking
    token = token_for(made.id, made.token_version)
    Booking.objects.filter(pk=made.pk).update(status=Status.NO_SHOW)

    assert erase_past_people(later(29)) == 0
    assert erase_past_people(later()) == 1
    assert erase_past_people(later()) == 0

    erased = Booking.objects.get(pk=made.pk)
    assert erased.erased_at and erased.status == Status.NO_SHOW
    assert (erased.nik, erased.full_name, erased.phone, erased.email) == ("", "", "", "")
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(b) FROM services_booking b")
        row = json.loads(cursor.fetchone()[0])
    personal = ("_sealed", "_hash", "support", "guardian_relation", "guardian_consent_at")
    assert not [name for name, value in row.items() if name.endswith(personal) and value]
    assert not IdempotencyKey.objects.exists()
    for opens in (
        lambda: find_by_token(made.code, token),
        lambda: find_by_code_and_nik(made.code, made.nik),
    ):
        with pytest.raises(NotFound):
            opens()
    event = BookingEvent.objects.filter(pgh_obj=made).latest("pgh_id")
    assert event.pgh_context["why"] == "retention time is over"


def test_a_forgotten_person_takes_no_place_any_more(place, service):
    made = factories.booking(factories.slot(place), service)
    Booking.objects.filter(pk=made.pk).update(status=Status.DEFERRED)
    assert erase_past_people(later()) == 1
    free = factories.slot(place, factories.at_local(5))
    for verb, wish in ((reschedule, {"slot_id": free.pk}), (cancel, {})):
        with pytest.raises(NotFound):
            verb(booking_id=made.pk, actor=Actor.COUNTER, who="staff:1", why="late", **wish)
    free.refresh_from_db()
    assert free.booked == 0


@pytest.mark.django_db
def test_what_was_typed_and_never_booked_goes_with_its_session():
    ended, lasting = SessionStore(), SessionStore()
    for session, age in ((ended, -1), (lasting, 3600)):
        draft.save(session, Draft("first-recording", factories.person()))
        session.set_expiry(age)
        session.save()
    tasks.erase_past_sessions()
    assert [row.session_key for row in Session.objects.all()] == [lasting.session_key]


def test_whoever_is_at_the_counter_is_never_erased(place, service):
    slot = factories.slot(place, capacity=3)
    waiting, called = (factories.booking(slot, service) for _ in range(2))
    Booking.objects.update(status=Status.CHECKED_IN)
    Booking.objects.filter(pk=called.pk).update(status=Status.CALLED)
    assert erase_past_people(later()) == 0
    assert Booking.objects.get(pk=waiting.pk).full_name


def test_the_same_person_can_book_again_after_being_forgotten(place, service):
    who = factories.person()
    factories.booking(factories.slot(place), service, who)
    erase_past_people(later())
    book(service=service, slot_id=factories.slot(place, factories.at_local(5)).pk, person=who)


def test_erasing_goes_on_in_batches(place, service):
    slot = factories.slot(place, capacity=7)
    for _ in range(7):
        factories.booking(slot, service)
    assert erase_past_people(later(), batch=3) == 7


@pytest.mark.django_db(transaction=True)
def test_erasing_and_booking_at_once_do_not_disturb_each_other():
    place = factories.location()
    service = factories.service(at=place)
    past = factories.slot(place, factories.at_local(1), capacity=30)
    for _ in range(12):
        factories.booking(past, service)
    slot = factories.slot(place, factories.at_local(5), capacity=20)
    people = [factories.person() for _ in range(12)]
    moment = past.ends_at + timedelta(days=30, minutes=1)

    def act(number: int):
        if number % 2:
            return erase_past_people(moment, batch=2)
        return book(service=service, slot_id=slot.pk, person=people[number])

    results = race(12, act)
    assert not [result for result in results if isinstance(result, Exception)]
    assert Booking.objects.filter(erased_at=None).count() == 6
    assert timezone.now() < moment
