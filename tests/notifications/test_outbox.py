"""Planning, claiming, settling: each protection beside what happens without it."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from notifications import outbox, settling
from notifications.models import MOVES, OPEN, Attempt, Message, State
from notifications.settling import LOST

from .factories import plan, planned, tried, wib

pytestmark = pytest.mark.django_db


def test_any_number_of_messages_is_planned_in_one_statement(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(1):
        assert outbox.plan([planned() for _ in range(300)]) == 300


def test_planning_twice_is_harmless() -> None:
    message = planned()
    assert outbox.plan([message]) == 1
    assert outbox.plan([message, planned()]) == 1
    assert Message.objects.filter(subject=message.subject).count() == 1


def test_without_the_constraint_planning_twice_would_tell_twice() -> None:
    message = plan()[0]
    with pytest.raises(IntegrityError, match="message_unique"):
        Message.objects.create(
            subject=message.subject,
            kind=message.kind,
            send_after=message.send_after,
            send_before=message.send_before,
            next_attempt_at=message.send_after,
            occasion=message.occasion,
        )


@pytest.mark.django_db(transaction=True)
def test_a_message_cannot_be_planned_apart_from_its_cause() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        outbox.plan([planned()])


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_rolled_back_leaves_no_message() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        outbox.plan([planned()])
        raise RuntimeError
    assert not Message.objects.exists()


def test_a_kind_without_a_text_is_refused_when_it_is_planned() -> None:
    with pytest.raises(ValueError, match="no text"):
        outbox.plan([planned(kind="horoscope")])


def test_references_differ_and_cannot_be_guessed() -> None:
    references = {message.reference for message in plan(50)}
    assert len(references) == 50
    assert all(len(reference) >= 22 for reference in references)


def test_the_earliest_visit_is_told_first() -> None:
    now = timezone.now()
    for hours in (5, 1, 3, 2, 4):
        plan(send_before=now + timedelta(hours=hours))
    deadlines = [message.send_before for message in outbox.claim(3)]
    assert deadlines == [now + timedelta(hours=hours) for hours in (1, 2, 3)]


def test_a_message_is_not_claimed_before_its_time() -> None:
    plan(send_after=timezone.now() + timedelta(hours=1))
    assert outbox.claim(10) == []
    assert len(outbox.claim(10, timezone.now() + timedelta(hours=2))) == 1


def test_nobody_is_reminded_of_the_past() -> None:
    late = plan(send_before=timezone.now() - timedelta(seconds=1))[0]
    assert outbox.claim(10) == []
    assert outbox.expire() == 1
    late.refresh_from_db()
    assert late.state == State.EXPIRED
    assert late.ended_at is not None


def test_a_claimed_message_belongs_to_one_sender_until_the_lease_ends() -> None:
    plan()
    assert len(outbox.claim(10)) == 1
    assert outbox.claim(10) == []


def test_without_a_lease_the_next_sender_would_take_it_at_once() -> None:
    plan()
    assert len(outbox.claim(10, lease=timedelta(0))) == 1
    assert len(outbox.claim(10)) == 1


def test_moving_the_clock_does_not_end_a_lease() -> None:
    """Leases run on the database's clock: a demo clock must not take a row from its sender."""
    plan(send_before=timezone.now() + timedelta(days=3))
    assert len(outbox.claim(10)) == 1
    assert outbox.claim(10, timezone.now() + timedelta(days=1)) == []


def test_a_sender_whose_lease_ran_out_may_no_longer_write() -> None:
    """The lease ran out while he was still sending; somebody else has the message now."""
    plan()
    (slow,) = outbox.claim(1, lease=timedelta(0))
    (other,) = outbox.claim(1)
    assert other.reference == slow.reference  # a repeat can be told from a new message
    assert settling.failed(slow, "smtp_550", call="all_failed", tried=tried()) == LOST
    assert settling.sent(slow, tried()) == LOST
    assert settling.later(slow, timedelta(0), "smtp_450", tried=tried()) == LOST
    assert settling.withdrawn(slow) == LOST
    assert settling.arrived(slow) == LOST
    assert outbox.put_back([slow]) == 0
    assert outbox.postpone([outbox.Wait(message=slow, delay=timedelta(0))]) == 0
    assert settling.sent(other, tried()) == "sent"
    assert [(a.fence, a.outcome) for a in Attempt.objects.all()] == [(1, "lost"), (2, "taken")]
    other.refresh_from_db()
    assert (other.state, other.attempts, other.fence) == (State.SENT, 2, 2)


def test_without_the_fence_the_late_sender_would_overwrite() -> None:
    plan()
    (slow,) = outbox.claim(1, lease=timedelta(0))
    outbox.claim(1)
    slow.fence += 1  # as if there were one number for all
    assert settling.failed(slow, "smtp_550", call="all_failed") == "failed"


def test_a_slow_sender_whom_nobody_has_replaced_still_settles() -> None:
    """Otherwise a message that did arrive would be sent again."""
    plan()
    (slow,) = outbox.claim(1, lease=timedelta(0))
    assert settling.sent(slow, tried()) == "sent"
    assert outbox.claim(1) == []


def test_a_passing_failure_is_tried_again_after_its_pause() -> None:
    plan()
    (message,) = outbox.claim(1)
    assert settling.later(message, timedelta(seconds=30), "smtp_450", channel="email") == "due"
    message.refresh_from_db()
    assert (message.state, message.failure) == (State.DUE, "smtp_450")
    assert outbox.claim(1, timezone.now() + timedelta(seconds=25)) == []
    assert len(outbox.claim(1, timezone.now() + timedelta(seconds=35))) == 1


def test_another_try_that_would_come_too_late_is_not_made() -> None:
    plan(send_before=timezone.now() + timedelta(seconds=20))
    (message,) = outbox.claim(1)
    assert settling.later(message, timedelta(seconds=30), "smtp_450") == "expired"
    message.refresh_from_db()
    assert (message.state, message.failure) == (State.EXPIRED, "smtp_450")


def test_what_was_put_back_has_not_been_tried() -> None:
    plan(2)
    claimed = outbox.claim(2)
    assert outbox.put_back(claimed) == 2
    assert [message.attempts for message in outbox.claim(2)] == [1, 1]


def test_withdrawing_takes_back_the_given_kinds_and_leaves_what_was_sent() -> None:
    subject = uuid4()
    sent = plan(subject=subject, kind="confirmed")[0]
    (claimed,) = outbox.claim(1)
    settling.sent(claimed, tried())
    plan(subject=subject, kind="reminder_day_before")
    plan(subject=subject, kind="reminder_two_hours")
    other = plan(kind="reminder_day_before")[0]

    assert outbox.withdraw(subject, ["reminder_two_hours"]) == 1
    assert outbox.withdraw(subject) == 1
    assert outbox.withdraw(subject) == 0
    for message, state in ((sent, State.SENT), (other, State.PLANNED)):
        message.refresh_from_db()
        assert message.state == state


def test_withdrawing_leaves_a_message_in_hand_to_its_sender() -> None:
    message = plan()[0]
    outbox.claim(1)
    assert outbox.withdraw(message.subject) == 0


@pytest.mark.parametrize("target", State)
@pytest.mark.parametrize("state", State)
def test_the_database_allows_exactly_the_moves_of_the_table(state: State, target: State) -> None:
    """Every pair, by raw SQL, past all code."""
    message = plan()[0]
    allowed = state == target or target in MOVES[state]
    for step in _way_to(state):
        _force(message, step)
    if allowed:
        _force(message, target)
        return
    with pytest.raises(IntegrityError) as refused:
        _force(message, target)
    assert refused.value.__cause__.diag.constraint_name == "message_moves"  # type: ignore[union-attr]


def _way_to(state: State) -> list[State]:
    """The moves from `planned` to a state, by the table itself."""
    ways: dict[State, list[State]] = {State.PLANNED: []}
    for start in State:
        for target in MOVES[start] if start in ways else ():
            ways.setdefault(target, [*ways[start], target])
    return ways[state]


def _force(message: Message, state: State) -> None:
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE notifications_message SET state = %s, lease_until = %s, ended_at = %s,"
            " sent_at = %s, delivered_at = %s WHERE id = %s",
            [
                state,
                now if state == State.SENDING else None,
                None if state in OPEN else now,
                now if state in (State.SENT, State.DELIVERED) else None,
                now if state == State.DELIVERED else None,
                message.id,
            ],
        )


def test_a_message_cannot_be_written_as_sent() -> None:
    now = timezone.now()
    with pytest.raises(IntegrityError) as refused:
        Message.objects.create(
            subject=uuid4(),
            kind="confirmed",
            state=State.SENT,
            send_after=now,
            send_before=now + timedelta(hours=1),
            next_attempt_at=now,
            sent_at=now,
            ended_at=now,
        )
    assert refused.value.__cause__.diag.constraint_name == "message_moves"  # type: ignore[union-attr]


def test_a_fence_never_goes_back() -> None:
    plan()
    (message,) = outbox.claim(1)
    with pytest.raises(IntegrityError) as refused:
        Message.objects.filter(pk=message.pk).update(fence=0)
    assert refused.value.__cause__.diag.constraint_name == "message_fence"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "changes",
    [
        {"send_before": wib("2026-01-01 08:00"), "send_after": wib("2026-01-01 09:00")},
        {"send_before": wib("2026-01-01 08:00"), "send_after": wib("2026-01-01 08:00")},
    ],
)
def test_a_message_that_can_never_be_sent_is_not_planned(changes: dict[str, object]) -> None:
    with pytest.raises(IntegrityError, match="message_in_time"):
        plan(**changes)
