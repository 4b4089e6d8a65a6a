"""Planning in bulk, and catching up: what thousands of bookings want told."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from locations.models import Slot
from notifications import delivery, outbox
from notifications.models import Kind, Message, State
from notifications.outbox import Planned
from services.booking import cancel, reschedule
from services.lifecycle import Actor
from services.models import Booking
from services.planning import missing_messages, plan_missing
from tests import factories

from .crowds import crowd, fresh_statistics
from .factories import wib
from .smtp_sink import Sink

pytestmark = pytest.mark.django_db
NOW = wib("2027-03-08 09:00")  # a Monday


@pytest.fixture(autouse=True)
def _described_by_services(_told_by_the_tests: None, settings: Settings) -> None:
    settings.NOTIFICATIONS_DESCRIBE = "services.messages.describe_many"


def slots_at(*moments: str, capacity: int = 1000) -> list[Slot]:
    place = factories.location("kecamatan-ambulu")
    factories.service(at=place)
    return [factories.slot(place, wib(moment), capacity=capacity) for moment in moments]


def kinds(booking: Booking) -> list[str]:
    return sorted(Message.objects.filter(subject=booking.pk).values_list("kind", flat=True))


def test_what_is_missing_is_planned_and_what_is_there_stays() -> None:
    (slot,) = slots_at("2027-03-16 09:20")
    bookings = crowd([slot], 3, NOW)
    assert {(gap.booking_id, gap.kind) for gap in missing_messages(NOW)} == {
        (booking.pk, kind)
        for booking in bookings
        for kind in ("confirmed", "reminder_day_before", "reminder_two_hours")
    }
    assert plan_missing(NOW) == (3, 9, 0)
    assert plan_missing(NOW) == (3, 0, 0)
    assert missing_messages(NOW) == []
    Message.objects.filter(subject=bookings[0].pk, kind=Kind.REMINDER_TWO_HOURS).delete()
    assert [gap.kind for gap in missing_messages(NOW)] == ["reminder_two_hours"]
    assert plan_missing(NOW) == (3, 1, 0)


def test_no_reminder_is_planned_whose_moment_has_passed_and_nothing_for_the_past() -> None:
    slots = slots_at("2027-03-08 10:00", "2027-03-08 08:00", "2027-03-09 09:00")
    soon, past, tomorrow = crowd(slots, 3, NOW)
    plan_missing(NOW)
    assert kinds(soon) == ["confirmed"]
    assert kinds(past) == []
    assert kinds(tomorrow) == ["confirmed", "reminder_day_before", "reminder_two_hours"]


def test_who_was_moved_by_the_office_is_not_confirmed_as_well() -> None:
    old, new = slots_at("2027-03-16 09:20", "2027-03-17 09:20")
    (booking,) = crowd([old], 1, NOW)
    plan_missing(NOW)
    reschedule(
        booking_id=booking.pk, slot_id=new.pk, actor=Actor.COUNTER, who="x", why="x", now=NOW
    )
    assert plan_missing(NOW) == (1, 0, 0)


def test_reminders_follow_changed_quiet_hours(settings: Settings) -> None:
    (slot,) = slots_at("2027-03-16 10:00")
    (booking,) = crowd([slot], 1, NOW)
    plan_missing(NOW)
    settings.QUIET_HOURS = "20:00-08:30"
    assert plan_missing(NOW) == (1, 0, 1)
    reminder = Message.objects.get(subject=booking.pk, kind=Kind.REMINDER_TWO_HOURS)
    assert reminder.send_after == reminder.next_attempt_at == wib("2027-03-16 08:30")


def test_reconciling_names_what_is_missing_and_the_command_mends_it() -> None:
    place = factories.location()
    factories.service(at=place)
    (booking,) = crowd([factories.slot(place)], 1, factories.at_local(0))
    said = StringIO()
    with pytest.raises(CommandError, match="3 messages are missing"):
        call_command("reconcile", stderr=said)
    assert f"booking {booking.pk}: no reminder_day_before planned" in said.getvalue()
    call_command("plan_messages", stdout=(out := StringIO()))
    assert "1 bookings: 3 messages planned" in out.getvalue()
    call_command("reconcile", stdout=StringIO())


def test_each_batch_takes_the_same_statements_however_many_are_in_it() -> None:
    slots = slots_at("2027-03-16 09:20", "2027-03-17 09:20")
    crowd(slots, 60, NOW)
    costs = {}
    for batch in (10, 20):
        Message.objects.all().delete()
        with CaptureQueriesContext(connection) as queries:
            assert plan_missing(NOW, batch=batch).planned == 180
        costs[batch] = len(queries)
    # Per batch: read, savepoint, write, release; and one look that finds nothing more.
    assert costs == {10: 6 * 4 + 1, 20: 3 * 4 + 1}


def test_ten_thousand_bookings_are_planned_in_one_go() -> None:
    """A day's reminders: two for each; they were confirmed when they booked."""
    day = [f"2027-03-10 {hour:02}:{minute:02}" for hour in range(8, 13) for minute in (0, 30)]
    people = crowd(slots_at(*day), 10_000, NOW)
    outbox.plan(
        [
            Planned(
                subject=booking.pk, kind=Kind.CONFIRMED, send_after=NOW, send_before=wib(day[0])
            )
            for booking in people
        ]
    )
    fresh_statistics()
    began = time.monotonic()
    assert plan_missing(NOW) == (10_000, 20_000, 0)
    seconds = time.monotonic() - began
    # Speed is judged on a quiet machine, not here: docs/decisions.md.
    print(f"\n10,000 bookings, 20,000 messages planned in {seconds:.2f} s")


# --- After an outage -----------------------------------------------------------------------------


def test_after_thirty_hours_without_sending_each_gets_what_is_still_true_in_order_of_the_visits(
    sink: Sink,
) -> None:
    """Nothing goes from Monday 12.00 to Tuesday 18.00. Whose visit was meanwhile hears nothing."""
    stopped, back = wib("2027-03-08 12:00"), wib("2027-03-09 18:00")
    moments = (
        ["2027-03-09 09:00", "2027-03-09 13:00"]  # over
        + ["2027-03-10 08:00", "2027-03-10 10:00"]  # tomorrow: the day-before reminder is late
        + ["2027-03-11 09:00", "2027-03-15 09:00"]  # later: their reminders are not due
        + ["2027-03-20 09:00"]
    )
    slots = slots_at(*moments)
    over, tomorrow, later = slots[:2], slots[2:4], slots[4:]
    people = crowd(slots, 350, NOW)
    plan_missing(NOW)
    Message.objects.filter(kind=Kind.CONFIRMED).delete()  # those went out before
    at = {slot.pk: [b for b in people if b.slot_id == slot.pk] for slot in slots}
    moved, gone = at[tomorrow[0].pk][0], at[tomorrow[1].pk][0]
    meanwhile = wib("2027-03-08 20:30")
    office = {"actor": Actor.SUPERVISOR, "who": "staff:1", "why": "closed"}
    reschedule(booking_id=moved.pk, slot_id=later[2].pk, now=meanwhile, **office)
    cancel(booking_id=gone.pk, now=meanwhile, **office)

    assert delivery.deliver(stopped) == {}
    ends = delivery.deliver(back)
    # Of Tuesday's hundred both reminders are too late; of Wednesday's the first is not.
    assert ends == {"expired": 200, "sent": 98 + 2}
    told = [mail["To"] for mail in sink.mails()]
    assert len(told) == len(set(told)) == 100
    reached = {booking.email for slot in tomorrow for booking in at[slot.pk]}
    assert set(told) == reached
    # By when each needs it: nobody hears of a later visit before an earlier one's last moment.
    needed = {m.reference: m.needed_by for m in Message.objects.filter(state=State.SENT)}
    order = [needed[mail["Message-ID"][1:].split("@")[0]] for mail in sink.mails()]
    assert sorted(order) == [min(order)] * 98 + sorted(set(order) - {min(order)})
    assert order[-2:] == sorted(set(order) - {min(order)})
    assert sum(b.email in told for slot in over for b in at[slot.pk]) == 0
    expired = Message.objects.filter(state=State.EXPIRED)
    assert set(expired.values_list("failure", flat=True)) == {"too_late"}
    assert not Message.objects.filter(
        state=State.PLANNED, send_before__lte=back + timedelta(minutes=1)
    ).exists()
    assert _next_due(later) >= wib("2027-03-10 16:00")


def _next_due(slots: list[Slot]) -> datetime:
    ids = Booking.objects.filter(slot__in=slots).values("pk")
    planned = Message.objects.filter(subject__in=ids, state=State.PLANNED)
    return min(planned.values_list("send_after", flat=True))
