"""Another level of the protocol: who hears of it, when, and who need not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from locations.models import HealthProtocol, Location, Slot
from notifications import delivery
from notifications.models import Kind, Message, State
from notifications.quiet_hours import awake_after
from services.booking import book, reschedule
from services.capacity import switch_protocol
from services.lifecycle import Actor, Status
from services.messages import plan_place_offered
from services.models import Booking, ProtocolSwitch
from services.planning import plan_missing
from services.protocol_news import tell_protocol_changes
from tests import factories

from .crowds import crowd
from .factories import subject, wib
from .smtp_sink import Sink

pytestmark = pytest.mark.django_db
BOOKED_AT = wib("2027-03-08 10:00")  # a Monday
VISIT = "2027-03-16 09:20"  # a Tuesday
EVENING = wib("2027-03-15 17:00")  # the first reminder has gone


@pytest.fixture(autouse=True)
def _described_by_services(_told_by_the_tests: None, settings: Settings) -> None:
    settings.NOTIFICATIONS_DESCRIBE = "services.messages.describe_many"


@pytest.fixture
def place() -> Location:
    place = factories.location("kecamatan-ambulu")
    factories.service(at=place)
    return place


@pytest.fixture
def awas() -> HealthProtocol:
    return factories.protocol("awas", rank=4, short_id="Datang sendiri.")


def booked(slot: Slot, at: datetime = BOOKED_AT) -> Booking:
    person = factories.person(email="siti@example.test", phone="")
    service = factories.service(at=slot.location)
    return book(service=service, slot_id=slot.pk, person=person, now=at).booking


def send(*moments: datetime) -> None:
    """Deliver at these moments; `sent_at`, by the database's clock, follows their order."""
    for moment in moments:
        delivery.deliver(moment)


def switch(place: Location, level: HealthProtocol, now: datetime) -> int:
    switch_protocol(
        location=place, protocol=level, reason="kasus naik", staff=factories.staff("pengawas")
    )
    return tell_protocol_changes(now)


def updates(booking: Booking) -> list[tuple[int, datetime, str]]:
    rows = Message.objects.filter(subject=booking.pk, kind=Kind.PROTOCOL_CHANGED)
    return list(rows.order_by("occasion").values_list("occasion", "send_after", "state"))


def test_who_was_reminded_before_the_switch_hears_the_new_rules(
    sink: Sink, place: Location, awas: HealthProtocol
) -> None:
    booking = booked(factories.slot(place, wib(VISIT)))
    send(BOOKED_AT, wib("2027-03-15 16:00"))
    assert switch(place, awas, EVENING) == 1
    assert updates(booking) == [(0, EVENING, State.PLANNED)]
    send(EVENING)
    assert "Datang sendiri." in sink.mails()[-1].get_content()
    told = Message.objects.get(kind=Kind.PROTOCOL_CHANGED).told
    assert told == {"protocol": "awas"}
    assert not ProtocolSwitch.objects.exists()


def test_who_is_still_to_be_reminded_at_all_is_told_by_the_reminder(
    sink: Sink, place: Location, awas: HealthProtocol
) -> None:
    booking = booked(factories.slot(place, wib(VISIT)))
    send(BOOKED_AT)
    assert switch(place, awas, wib("2027-03-09 10:00")) == 0
    assert updates(booking) == []


def test_nor_is_an_update_sent_shortly_before_a_reminder_that_tells_it(
    sink: Sink, place: Location, awas: HealthProtocol
) -> None:
    """At night it would go at 06.00, the second reminder goes at 07.20."""
    booked(factories.slot(place, wib(VISIT)))
    send(BOOKED_AT, wib("2027-03-15 16:00"))
    assert switch(place, awas, wib("2027-03-15 21:00")) == 0


def test_where_no_reminder_follows_the_confirmation_counts(
    sink: Sink, place: Location, awas: HealthProtocol
) -> None:
    now = wib("2027-03-16 07:30")
    booking = booked(factories.slot(place, wib(VISIT)), at=now)
    send(now)
    assert switch(place, awas, wib("2027-03-16 08:00")) == 1
    assert updates(booking) == [(0, wib("2027-03-16 08:00"), State.PLANNED)]


def test_what_has_not_been_sent_yet_tells_the_new_rules_by_itself(
    place: Location, awas: HealthProtocol
) -> None:
    booked(factories.slot(place, wib(VISIT)), at=wib("2027-03-16 07:30"))
    assert switch(place, awas, wib("2027-03-16 08:00")) == 0


def test_a_level_that_differs_only_in_how_many_fit_in_is_no_news(
    sink: Sink, place: Location
) -> None:
    booked(factories.slot(place, wib(VISIT)))
    send(BOOKED_AT, wib("2027-03-15 16:00"))
    wider = factories.protocol("siaga-luas", rank=5, percent=75, square_metres_each=2)
    assert switch(place, wider, EVENING) == 0


def test_switching_back_before_the_update_has_gone_withdraws_it(
    sink: Sink, place: Location, awas: HealthProtocol
) -> None:
    siaga = place.protocol
    booking = booked(factories.slot(place, wib(VISIT)))
    send(BOOKED_AT, wib("2027-03-15 16:00"))
    switch(place, awas, EVENING)
    assert switch(place, siaga, EVENING) == 0
    assert updates(booking) == [(0, EVENING, State.WITHDRAWN)]
    assert switch(place, awas, EVENING) == 1
    assert [row[0] for row in updates(booking)] == [0, 1]


def test_a_second_switch_has_an_update_of_its_own(
    sink: Sink, place: Location, awas: HealthProtocol
) -> None:
    siaga = place.protocol
    booking = booked(factories.slot(place, wib(VISIT)))
    send(BOOKED_AT, wib("2027-03-15 16:00"))
    switch(place, awas, EVENING)
    send(EVENING)
    assert switch(place, siaga, EVENING + timedelta(minutes=30)) == 1
    assert [(row[0], row[2]) for row in updates(booking)] == [
        (0, State.SENT),
        (1, State.PLANNED),
    ]


def test_nobody_is_told_whose_visit_has_begun_or_is_off(
    sink: Sink, place: Location, awas: HealthProtocol
) -> None:
    slot = factories.slot(place, wib(VISIT))
    booked(slot)
    gone = booked(slot)
    send(BOOKED_AT, wib("2027-03-15 16:00"), wib("2027-03-16 07:20"))
    Booking.objects.filter(pk=gone.pk).update(status=Status.CANCELLED)
    assert switch(place, awas, wib(VISIT)) == 0


def test_an_update_keeps_quiet_hours_unless_the_visit_begins_in_them(
    sink: Sink, place: Location, awas: HealthProtocol
) -> None:
    """The Friday prayer, 11.15 to 12.45."""
    at = wib("2027-03-19 11:16")  # no reminder follows any more
    inside = booked(factories.slot(place, wib("2027-03-19 12:30")), at=at)
    after = booked(factories.slot(place, wib("2027-03-19 13:00")), at=at)
    send(at)
    switch(place, awas, wib("2027-03-19 11:30"))
    assert updates(inside)[0][1] == wib("2027-03-19 11:30")
    assert updates(after)[0][1] == wib("2027-03-19 12:45")
    send(wib("2027-03-19 11:30"))
    assert [updates(b)[0][2] for b in (inside, after)] == [State.SENT, State.PLANNED]


def test_a_move_makes_the_update_moot(sink: Sink, place: Location, awas: HealthProtocol) -> None:
    booking = booked(factories.slot(place, wib(VISIT)))
    other = factories.slot(place, wib("2027-03-22 09:00"))
    send(BOOKED_AT, wib("2027-03-15 16:00"))
    switch(place, awas, EVENING)
    reschedule(
        booking_id=booking.pk,
        slot_id=other.pk,
        actor=Actor.COUNTER,
        who="staff:1",
        why="x",
        now=EVENING,
    )
    assert [row[2] for row in updates(booking)] == [State.WITHDRAWN]


def test_what_is_under_way_at_the_switch_is_looked_at_again_when_it_has_gone(
    sink: Sink, place: Location, awas: HealthProtocol
) -> None:
    booking = booked(factories.slot(place, wib(VISIT)))
    send(BOOKED_AT, wib("2027-03-15 16:00"))
    Message.objects.filter(kind=Kind.REMINDER_TWO_HOURS).update(state=State.DUE)
    Message.objects.filter(kind=Kind.REMINDER_TWO_HOURS).update(
        state=State.SENDING, lease_until=EVENING
    )
    switch(place, awas, wib("2027-03-16 07:21"))
    assert ProtocolSwitch.objects.exists()
    Message.objects.filter(kind=Kind.REMINDER_TWO_HOURS).update(
        state=State.SENT,
        lease_until=None,
        sent_at=factories.at_local(0),
        told={"protocol": "siaga"},
    )
    assert tell_protocol_changes(wib("2027-03-16 07:22")) == 1
    assert len(updates(booking)) == 1
    assert not ProtocolSwitch.objects.exists()


def test_a_reminder_that_went_counts_also_where_the_next_channel_came_too_late(
    sink: Sink, place: Location, awas: HealthProtocol
) -> None:
    """Without a receipt it waited for another channel until its time was over."""
    booking = booked(factories.slot(place, wib(VISIT)))
    send(BOOKED_AT, wib("2027-03-15 16:00"), wib("2027-03-16 07:20"))
    last = Message.objects.filter(kind=Kind.REMINDER_TWO_HOURS)
    last.update(state=State.DUE, ended_at=None)
    last.update(state=State.EXPIRED, ended_at=wib("2027-03-16 07:21"))
    Message.objects.exclude(kind=Kind.REMINDER_TWO_HOURS).update(told={})
    assert switch(place, awas, wib("2027-03-16 07:22")) == 1
    assert len(updates(booking)) == 1


def test_a_switch_by_any_hand_is_noted(place: Location, awas: HealthProtocol) -> None:
    Location.objects.filter(pk=place.pk).update(protocol=awas)
    assert ProtocolSwitch.objects.get().location_id == place.pk


@pytest.mark.parametrize("people", [50, 500])
def test_telling_takes_the_same_statements_however_many_are_told(
    place: Location, awas: HealthProtocol, people: int
) -> None:
    crowd([factories.slot(place, wib(VISIT), capacity=1000)], people, BOOKED_AT)
    plan_missing(EVENING)
    for state in (State.DUE, State.SENDING, State.SENT):
        Message.objects.filter(kind=Kind.CONFIRMED).update(
            state=state,
            lease_until=EVENING if state == State.SENDING else None,
            sent_at=EVENING if state == State.SENT else None,
            told={"protocol": "siaga"},
        )
    Message.objects.exclude(kind=Kind.CONFIRMED).delete()
    Location.objects.filter(pk=place.pk).update(protocol=awas)
    with CaptureQueriesContext(connection) as queries:
        assert tell_protocol_changes(EVENING, batch=1000) == people
    # What is noted; savepoint, note, people, told, levels, plan, note away, release.
    assert len(queries) == 9


# --- A place offered -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "deadline", "goes_at", "holds_until"),
    [
        ("2027-03-10 10:00", "2027-03-10 13:00", "2027-03-10 10:00", "2027-03-10 13:00"),
        ("2027-03-10 19:00", "2027-03-10 22:00", "2027-03-10 19:00", "2027-03-11 08:00"),
        ("2027-03-10 22:00", "2027-03-11 01:00", "2027-03-11 06:00", "2027-03-11 09:00"),
        ("2027-03-15 19:00", "2027-03-15 23:00", "2027-03-15 19:00", "2027-03-16 09:00"),
        ("2027-03-16 04:00", "2027-03-16 09:00", "2027-03-16 06:00", VISIT),
    ],
)
def test_an_offer_waits_in_quiet_hours_and_its_deadline_stands_still_meanwhile(
    now: str, deadline: str, goes_at: str, holds_until: str
) -> None:
    someone = subject()
    assert plan_place_offered(
        someone, visit=wib(VISIT), deadline=wib(deadline), now=wib(now)
    ) == wib(holds_until)
    message = Message.objects.get(subject=someone)
    assert (message.send_after, message.send_before) == (wib(goes_at), wib(holds_until))


def test_no_place_is_offered_that_nobody_could_take_in_time() -> None:
    visit = wib("2027-03-16 06:00")
    now = wib("2027-03-15 21:00")
    assert awake_after(now, timedelta(hours=1)) > visit
    assert plan_place_offered(subject(), visit=visit, deadline=now, now=now) is None
    assert not Message.objects.exists()
