"""Who was turned away for health chooses from the next day on; and who gets a link again."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from rest_framework.test import APIClient

from notifications.models import Kind, Message
from services import visit
from services.admission import postpone
from services.booking import book, reschedule
from services.erasure import FORGOTTEN
from services.lifecycle import Actor, Status
from services.messages import describe_many
from services.models import Booking, Service
from services.refusals import AlreadyBooked, TooSoon
from services.tokens import token_for
from tests import factories

pytestmark = pytest.mark.django_db
TODAY = 3  # everybody's visit is on the third day from today, so that there are times before it


@pytest.fixture
def place():
    place = factories.location("kecamatan-ambulu")
    factories.service(at=place)
    return place


@pytest.fixture
def slot(place):
    return factories.slot(place, factories.at_local(TODAY, 8))


@pytest.fixture
def later_today(place):
    return factories.slot(place, factories.at_local(TODAY, 13))


@pytest.fixture
def tomorrow(place):
    return factories.slot(place, factories.at_local(TODAY + 1, 8))


def deferred(slot, who=None, service=None):
    """Somebody who stood at the door with a fever, at the hour of this slot."""
    booking = factories.booking(slot, for_service=service, who=who)
    visit.defer(location=slot.location, code=booking.code, who="staff:1", now=slot.starts_at)
    return booking


def move(booking, slot, actor=Actor.RESIDENT):
    return reschedule(booking_id=booking.pk, slot_id=slot.pk, actor=actor, who="resident", why="x")


@pytest.mark.parametrize("actor", [Actor.RESIDENT, Actor.COUNTER, Actor.SUPERVISOR])
def test_who_was_deferred_for_health_cannot_move_to_the_same_day_whoever_types_it(
    slot, later_today, tomorrow, actor
):
    booking = deferred(slot)
    with pytest.raises(TooSoon) as refused:
        move(booking, later_today, actor)
    day = date_format(timezone.localtime(tomorrow.starts_at), "DATE_FORMAT")
    assert day in str(refused.value.message)
    assert refused.value.alternatives == [tomorrow]
    assert Booking.objects.get(pk=booking.pk).status == Status.DEFERRED
    assert move(booking, tomorrow, actor).status == Status.BOOKED


@pytest.mark.parametrize("slug", ["first-recording", "another-service"])
def test_nor_can_they_book_anew_under_the_same_nik(place, slot, later_today, tomorrow, slug):
    who = factories.person(1)
    deferred(slot, who)
    service = factories.service(slug, at=place)
    with pytest.raises(TooSoon):
        book(service=service, slot_id=later_today.pk, person=who)
    assert book(service=service, slot_id=tomorrow.pk, person=who).booking.slot == tomorrow
    other = factories.person(2)
    assert book(service=service, slot_id=later_today.pk, person=other).booking.slot == later_today


def test_the_refusal_says_nothing_of_an_illness(slot, later_today):
    with pytest.raises(TooSoon) as refused:
        move(deferred(slot), later_today)
    assert not any(word in str(refused.value.message) for word in ("sehat", "sakit", "demam"))


def test_who_is_deferred_since_the_location_never_opened_need_not_wait(slot, later_today):
    booking = factories.booking(slot)
    postpone(booking, slot.starts_at, reason="closed")
    assert move(booking, later_today).slot == later_today


def test_the_day_is_the_one_that_the_message_names(slot):
    booking = deferred(slot)
    told = Message.objects.get(subject=booking.pk, kind=Kind.DEFERRED)
    booking.refresh_from_db()
    assert told.details["earliest"] == booking.not_before.isoformat()
    assert booking.not_before == (slot.starts_at + timedelta(days=1)).date()


def test_the_day_is_forgotten_with_the_person():
    assert FORGOTTEN["not_before"] is None


def test_the_pages_offer_no_earlier_time(client, place, slot, later_today, tomorrow):
    booking = deferred(slot)
    client.get(f"/m/{booking.code}/{token_for(booking.pk, 1)}/")
    address = reverse(
        "resident:move_time", kwargs={"code": booking.shown_code, "location": place.slug}
    )
    today = timezone.localtime(slot.starts_at).date().isoformat()
    for asked in (address, f"{address}?hari={today}"):
        page = client.get(asked).content.decode()
        assert f'value="{tomorrow.pk}"' in page
        assert f'value="{later_today.pk}"' not in page
    refused = client.post(address, {"slot": later_today.pk})
    assert refused.status_code == 409
    assert "Pilih waktu mulai" in refused.content.decode()
    assert f'value="{tomorrow.pk}"' in refused.content.decode()


def test_the_api_refuses_by_name(slot, later_today, tomorrow):
    booking = deferred(slot)
    answer = APIClient().post(
        f"/api/v1/bookings/{booking.shown_code}/reschedule/",
        {"slot": later_today.pk},
        headers={"Authorization": f"Booking {token_for(booking.pk, 1)}"},
    )
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["code"] == "too_soon"
    assert [free["id"] for free in answer.json()["alternatives"]] == [tomorrow.pk]


# --- The link once more --------------------------------------------------------------------------


def test_a_deferred_person_who_has_booked_anew_and_moves_the_old_booking_gets_the_link(
    slot, tomorrow
):
    who = factories.person(1)
    old = deferred(slot, who)
    new = book(service=Service.objects.get(), slot_id=tomorrow.pk, person=who).booking
    with pytest.raises(AlreadyBooked):
        move(old, tomorrow)
    (link,) = Message.objects.filter(kind=Kind.LINK_AGAIN)
    assert link.subject == new.pk


def test_who_waits_at_the_counter_gets_the_link_as_the_sentence_says(place, slot, tomorrow):
    who = factories.person(1)
    booking = factories.booking(slot, who=who)
    Booking.objects.filter(pk=booking.pk).update(status=Status.CHECKED_IN)
    with pytest.raises(AlreadyBooked):
        book(service=Service.objects.get(), slot_id=tomorrow.pk, person=who)
    link = Message.objects.get(kind=Kind.LINK_AGAIN)
    assert describe_many([link])[link.id] is not None
