"""Sending again because staff ask: a new row with the next number, or a refusal that says why."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from notifications import delivery, outbox
from notifications.models import Message, State
from notifications.outbox import CannotResend, plan_again
from tests.racing import race

from . import people
from .factories import plan
from .fake_gateway import Fake, connect

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def email(monkeypatch: pytest.MonkeyPatch) -> Fake:
    fake = Fake("email")
    connect(monkeypatch, fake)
    return fake


def test_it_goes_out_again_as_a_new_row_with_the_same_words(email: Fake) -> None:
    first = plan(details={"reason": "closed"}, occasion=3)[0]
    delivery.deliver()
    new = Message.objects.get(pk=plan_again(first))
    assert (new.repeat, new.state) == (1, State.PLANNED)
    for same in ("subject", "kind", "occasion", "details", "send_before", "may_wake"):
        assert getattr(new, same) == getattr(first, same)
    assert new.reference != first.reference
    assert delivery.deliver() == {"sent": 1}
    assert Message.objects.get(pk=plan_again(first)).repeat == 2


def test_a_failed_message_can_be_sent_again(email: Fake) -> None:
    message = plan()[0]
    people.KNOWN[message.subject] = people.person()
    delivery.deliver()
    people.KNOWN.clear()
    plan_again(message)
    assert delivery.deliver() == {"sent": 1}


def refused(message: Message) -> str:
    with pytest.raises(CannotResend) as refusal:
        plan_again(message)
    assert str(CannotResend.REASONS[refusal.value.code])
    return refusal.value.code


def test_while_it_is_open_it_is_refused() -> None:
    message = plan()[0]
    assert refused(message) == "open"
    outbox.claim(1)
    assert refused(message) == "open"


def test_what_was_withdrawn_or_no_longer_holds_is_refused() -> None:
    withdrawn, moot = plan(), plan()
    outbox.withdraw(withdrawn[0].subject)
    delivery.deliver()
    people.KNOWN[moot[0].subject] = None
    assert refused(withdrawn[0]) == "withdrawn"
    assert refused(moot[0]) == "moot"


def test_of_the_past_nobody_is_told_again() -> None:
    message = plan(send_before=timezone.now() - timedelta(seconds=1))[0]
    delivery.deliver()
    assert refused(message) == "past"


@pytest.mark.django_db(transaction=True)
def test_two_people_who_ask_at_once_send_it_once() -> None:
    message = plan()[0]
    delivery.deliver()
    results = race(6, lambda number: plan_again(message))
    codes = Counter(getattr(result, "code", "planned") for result in results)
    assert codes == {"planned": 1, "open": 5}
    assert Message.objects.count() == 2
