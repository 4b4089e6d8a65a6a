"""A channel that fails hands on to the next; who is left without one is to be called."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from notifications import breaker, delivery, demo, outbox
from notifications.gateways import Blocked, NotSent, Permanent, Taken, Temporary, Unknown
from notifications.models import Attempt, Call, Consent, Gateway, Message, State
from notifications.receipts import note_receipt

from . import people
from .factories import plan
from .fake_gateway import Answer, Fake, connect

pytestmark = pytest.mark.django_db

PHONE, EMAIL = "+6281234567890", "siti@example.test"


class World:
    """WhatsApp with receipts, SMS, e-mail; one person whom all three reach."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.whatsapp = Fake("whatsapp", has_receipts=True)
        self.sms = Fake("sms")
        self.email = Fake("email")
        connect(monkeypatch, self.whatsapp, self.sms, self.email)

    def message(self, *, reached_by: dict[str, object] | None = None, **changes: object) -> Message:
        message = plan(**changes)[0]
        reached = reached_by or {"phone": PHONE, "whatsapp": True, "email": EMAIL}
        people.KNOWN[message.subject] = people.person(**reached)  # type: ignore[arg-type]
        return message

    def tried(self) -> list[int]:
        return [len(fake.got) for fake in (self.whatsapp, self.sms, self.email)]


@pytest.fixture
def world(db: None, monkeypatch: pytest.MonkeyPatch) -> World:
    # A round goes on to the next channel, however slow the machine is.
    monkeypatch.setattr(delivery, "LOOK_AGAIN", 0.0)
    demo.approve_whatsapp()
    return World(monkeypatch)


def always(answer: NotSent) -> object:
    def respond(outgoing: object) -> Answer:
        return answer

    return respond


def test_an_address_that_is_refused_for_good_hands_on_at_once(world: World) -> None:
    message = world.message()
    world.whatsapp.answer = always(Permanent("http_404"))  # type: ignore[assignment]
    world.sms.answer = always(Permanent("http_400"))  # type: ignore[assignment]
    assert delivery.deliver() == {"due": 2, "sent": 1}
    message.refresh_from_db()
    assert (message.state, message.channel) == (State.SENT, "email")
    assert message.given_up == ["whatsapp", "sms"]
    tries = Attempt.objects.filter(message=message)
    assert [(a.channel, a.outcome, a.code) for a in tries] == [
        ("whatsapp", "permanent", "http_404"),
        ("sms", "permanent", "http_400"),
        ("email", "taken", ""),
    ]
    assert not Call.objects.exists()


def test_without_any_channel_left_the_person_is_to_be_called(world: World) -> None:
    message = world.message()
    for fake in (world.whatsapp, world.sms, world.email):
        fake.answer = always(Permanent("http_404"))  # type: ignore[assignment]
    assert delivery.deliver() == {"due": 2, "failed": 1}
    message.refresh_from_db()
    assert (message.state, message.failure) == (State.FAILED, "http_404")
    assert message.ended_at is not None
    call = Call.objects.get()
    assert (call.message_id, call.subject) == (message.id, message.subject)
    assert (call.reason, call.state, call.deadline) == ("all_failed", "open", message.send_before)


def test_a_failure_and_its_call_are_written_together_or_not_at_all(world: World) -> None:
    """A lease that was lost writes neither."""
    world.message()
    world.email.answer = always(Permanent("http_404"))  # type: ignore[assignment]
    people.KNOWN.clear()
    (slow,) = outbox.claim(1, lease=timedelta(0))
    outbox.claim(1)
    assert delivery.deliver_one(slow) == "lost"
    assert not Call.objects.exists()
    assert Attempt.objects.get().outcome == "lost"


@pytest.mark.parametrize(
    ("reached_by", "said_no", "reason"),
    [
        ({"email": ""}, [], "no_channel"),
        ({"phone": PHONE}, ["sms"], "opted_out"),
        ({"phone": PHONE, "email": EMAIL}, ["sms", "email"], "opted_out"),
    ],
)
def test_who_is_to_be_called_says_why(
    world: World, reached_by: dict[str, object], said_no: list[str], reason: str
) -> None:
    message = world.message(kind="protocol_changed", reached_by=reached_by)
    for channel in said_no:
        say(message, channel, wanted=False)
    assert delivery.deliver() == {"failed": 1}
    message.refresh_from_db()
    assert (Call.objects.get().reason, message.failure) == (reason, reason)
    assert world.tried() == [0, 0, 0]


def test_nobody_is_called_for_a_link_that_can_be_asked_for_again(world: World) -> None:
    world.message(kind="link_again", reached_by={"email": ""})
    assert delivery.deliver() == {"failed": 1}
    assert not Call.objects.exists()


def say(message: Message, channel: str, *, wanted: bool) -> None:
    Consent.objects.create(
        subject=message.subject, channel=channel, wanted=wanted, source="page", text_version="1"
    )


def test_the_newest_word_of_a_person_counts(world: World) -> None:
    message = world.message()
    for channel, wanted in (("whatsapp", False), ("sms", False), ("sms", True)):
        say(message, channel, wanted=wanted)
    delivery.deliver()
    assert world.tried() == [0, 1, 0]


@pytest.mark.parametrize("kind", ["cancelled", "moved_by_office"])
def test_what_is_necessary_goes_by_the_last_channel_though_nothing_is_wanted(
    world: World, kind: str
) -> None:
    message = world.message(kind=kind)
    for channel in ("whatsapp", "sms", "email"):
        say(message, channel, wanted=False)
    assert delivery.deliver() == {"sent": 1}
    assert world.tried() == [0, 0, 1]


def test_no_receipt_in_time_hands_on_a_receipt_does_not(world: World) -> None:
    silent, arrived = world.message(), world.message()
    now = timezone.now()
    assert delivery.deliver() == {"sent": 2}
    for message in (silent, arrived):
        message.refresh_from_db()
        assert message.fallback_at is not None
        assert 29 <= (message.fallback_at - now).total_seconds() / 60 <= 31
    Message.objects.filter(pk=arrived.pk).update(
        state=State.DELIVERED, delivered_at=now, fallback_at=None
    )
    assert delivery.deliver(now + timedelta(minutes=29)) == {}
    assert delivery.deliver(now + timedelta(minutes=31)) == {"sent": 1}
    silent.refresh_from_db()
    assert (silent.channel, silent.given_up) == ("sms", ["whatsapp"])
    assert silent.fallback_at is None  # SMS has no receipts here: it is the end
    assert world.tried() == [2, 1, 0]


def test_near_the_visit_the_next_channel_is_tried_sooner(world: World) -> None:
    now = timezone.now()
    message = world.message(send_before=now + timedelta(minutes=30))
    delivery.deliver()
    message.refresh_from_db()
    assert message.fallback_at is not None
    assert 9 <= (message.fallback_at - now).total_seconds() / 60 <= 11


def test_after_the_visit_nothing_is_tried_any_more(world: World) -> None:
    message = world.message(send_before=timezone.now() + timedelta(hours=1))
    delivery.deliver()
    assert delivery.deliver(timezone.now() + timedelta(hours=2)) == {}
    message.refresh_from_db()
    assert (message.state, message.fallback_at) == (State.SENT, None)


def test_a_receipt_that_comes_while_the_next_channel_waits_stops_it(world: World) -> None:
    message = world.message()
    delivery.deliver()
    later = timezone.now() + timedelta(minutes=31)
    outbox.fall_back(later)
    Attempt.objects.update(receipt="delivered", receipt_at=later)
    assert delivery.deliver(later) == {"delivered": 1}
    message.refresh_from_db()
    assert message.state == State.DELIVERED
    assert world.tried() == [1, 0, 0]


def test_where_no_other_channel_is_left_after_all_it_stays_sent(world: World) -> None:
    message = world.message()
    delivery.deliver()
    people.KNOWN[message.subject] = people.person(phone=PHONE, whatsapp=True)
    for channel in ("sms", "email"):
        say(message, channel, wanted=False)
    assert delivery.deliver(timezone.now() + timedelta(minutes=31)) == {"sent": 1}
    message.refresh_from_db()
    assert message.state == State.SENT
    assert world.tried() == [1, 0, 0]
    assert not Call.objects.exists()


def test_an_only_channel_with_receipts_is_not_tried_twice(world: World) -> None:
    message = world.message(reached_by={"email": ""})
    people.KNOWN[message.subject] = people.person(
        whatsapp=True, phone=PHONE, addresses={"whatsapp": PHONE}
    )
    delivery.deliver()
    message.refresh_from_db()
    assert (message.state, message.fallback_at) == (State.SENT, None)


def test_trouble_that_passes_stays_on_its_channel(world: World) -> None:
    message = world.message()
    world.whatsapp.answer = always(Temporary("http_500"))  # type: ignore[assignment]
    delivery.deliver()
    message.refresh_from_db()
    assert (message.state, message.given_up) == (State.DUE, [])
    world.whatsapp.answer = lambda outgoing: Taken()
    delivery.deliver(message.next_attempt_at)
    assert world.tried() == [2, 0, 0]


@pytest.mark.parametrize("trouble", [Temporary("http_500"), Blocked("http_401")])
def test_trouble_that_lasts_hands_on(world: World, trouble: NotSent) -> None:
    message = world.message()
    now = began = timezone.now()
    world.whatsapp.answer = always(trouble)  # type: ignore[assignment]
    ends = delivery.deliver(now)
    while not ends["sent"]:
        message.refresh_from_db()
        assert message.state == State.DUE
        assert message.next_attempt_at > now, "the same moment again and again"
        now = message.next_attempt_at
        ends = delivery.deliver(now)
    assert timedelta(minutes=30) <= now - began <= timedelta(minutes=31)
    message.refresh_from_db()
    assert (message.channel, message.given_up) == ("sms", ["whatsapp"])


def test_the_last_channel_is_not_given_up_for_trouble_that_may_pass(world: World) -> None:
    message = world.message(
        reached_by={"email": EMAIL}, send_before=timezone.now() + timedelta(days=3)
    )
    world.email.answer = always(Temporary("http_500"))  # type: ignore[assignment]
    now = timezone.now()
    until = now + timedelta(hours=4)
    while now < until:
        delivery.deliver(now)
        Gateway.objects.update(failures=0, open_until=None)
        message.refresh_from_db()
        assert message.state == State.DUE
        now = message.next_attempt_at


def test_a_pause_that_would_outlast_the_visit_hands_on_at_once(world: World) -> None:
    world.message(send_before=timezone.now() + timedelta(minutes=2))
    world.whatsapp.answer = always(  # type: ignore[assignment]
        Temporary("http_429", timedelta(minutes=5))
    )
    assert delivery.deliver() == {"due": 1, "sent": 1}
    assert world.tried() == [1, 1, 0]


def test_an_unknown_outcome_is_repeated_once_then_the_next_channel(world: World) -> None:
    message = world.message()
    world.whatsapp.answer = always(Unknown("http_cut"))  # type: ignore[assignment]
    delivery.deliver()
    message.refresh_from_db()
    delivery.deliver(message.next_attempt_at)
    assert world.tried() == [2, 1, 0]
    assert {outgoing.reference for outgoing in world.whatsapp.got} == {message.reference}
    tries = list(Attempt.objects.values_list("channel", "outcome"))
    assert tries == [("whatsapp", "unknown"), ("whatsapp", "unknown"), ("sms", "taken")]


@pytest.mark.parametrize("meanwhile", ["another code", "its gateway rested"])
def test_nobody_gets_a_third_one_whatever_came_between_two_unknown_outcomes(
    world: World, meanwhile: str
) -> None:
    message = world.message(reached_by={"phone": PHONE})
    codes = iter(["http_cut", "no_answer"] if meanwhile == "another code" else ["http_cut"] * 2)
    world.sms.answer = lambda outgoing: Unknown(next(codes))  # type: ignore[assignment]
    assert delivery.deliver() == {"due": 1}
    if meanwhile == "its gateway rested":
        Gateway.objects.filter(name="fake-sms").update(
            failures=3, open_until=timezone.now() + timedelta(minutes=1)
        )
        assert delivery.deliver(timezone.now() + timedelta(seconds=30)) == {}
        message.refresh_from_db()
        assert message.failure == "gateway_rests"
        Gateway.objects.update(failures=0, open_until=None)
    assert delivery.deliver(timezone.now() + timedelta(minutes=5)) == {"failed": 1}
    assert world.tried() == [0, 2, 0]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("answer", [Permanent("http_404"), Taken("id-of-the-sms")])
def test_a_receipt_that_comes_while_the_next_channel_is_tried_is_not_forgotten(
    world: World, answer: Answer
) -> None:
    """The SMS's sender can't have seen it when he claimed: nobody is to be called all the same."""
    message = world.message(reached_by={"phone": PHONE, "whatsapp": True}, kind="cancelled")
    delivery.deliver()
    Message.objects.update(fallback_at=timezone.now() - timedelta(seconds=1))

    def sms(outgoing: object) -> Answer:
        note_receipt("fake-whatsapp", "id", "delivered")
        connection.close()
        return answer

    world.sms.answer = sms  # type: ignore[assignment]
    assert delivery.deliver() == {"delivered": 1}
    message.refresh_from_db()
    assert (message.state, message.failure) == (State.DELIVERED, "")
    assert not Call.objects.filter(state=Call.State.OPEN).exists()


def test_a_paused_gateway_is_passed_by_when_the_next_ones_time_has_come(
    world: World, settings: Settings
) -> None:
    breaker.conditions(["fake-whatsapp"])
    breaker.pause("fake-whatsapp", "http_401")
    settings.FALLBACK_AFTER = timedelta(minutes=10)
    world.message()
    now = timezone.now()
    delivery.deliver(now)
    assert world.tried() == [0, 0, 0]
    delivery.deliver(now + timedelta(minutes=9))
    assert world.tried() == [0, 0, 0]
    assert delivery.deliver(now + timedelta(minutes=10, seconds=1)) == {"sent": 1}
    assert world.tried() == [0, 1, 0]


def test_a_message_that_kills_every_sender_is_given_up_in_the_end(world: World) -> None:
    from notifications.outcomes import MAX_ATTEMPTS

    message = world.message(reached_by={"email": EMAIL})
    Message.objects.update(attempts=MAX_ATTEMPTS)
    assert delivery.deliver() == {"failed": 1}
    message.refresh_from_db()
    assert (message.failure, world.tried()) == ("gave_up", [0, 0, 0])
    assert Call.objects.count() == 1
