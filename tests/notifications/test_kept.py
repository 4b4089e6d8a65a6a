"""What was sent is kept as it was sent, sealed, and forgotten in time."""

from __future__ import annotations

import base64
import os
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from notifications import consents, delivery, erasure, personal_data, snapshots
from notifications.gateways import NotSent, Outgoing, Permanent, Taken, Temporary, Unknown
from notifications.models import Attempt, Consent, DemoMessage, Message

from . import people
from .factories import plan
from .fake_gateway import Answer, Fake, connect

pytestmark = pytest.mark.django_db

EMAIL = "kenari@example.test"


@pytest.fixture
def email(monkeypatch: pytest.MonkeyPatch) -> Fake:
    fake = Fake("email")
    connect(monkeypatch, fake)
    return fake


def send(count: int = 1) -> list[Message]:
    messages = plan(count)
    for message in messages:
        people.KNOWN[message.subject] = people.person(
            email=EMAIL,
            values=people.VALUES | {"name": "Kenari", "protocol": "Wajib masker."},
            told={"protocol": "awas"},
        )
    delivery.deliver()
    return messages


def test_an_attempt_keeps_what_was_sent_where_to_and_how_it_went(email: Fake) -> None:
    email.answer = lambda outgoing: Taken("gw-17")
    before = timezone.now()
    (message,) = send()
    attempt = Attempt.objects.get()
    assert (attempt.message_id, attempt.fence) == (message.id, 1)
    assert (attempt.channel, attempt.gateway) == ("email", "fake-email")
    assert (attempt.outcome, attempt.provider_id, attempt.text_version) == ("taken", "gw-17", 0)
    assert before <= attempt.began_at <= attempt.ended_at <= timezone.now()
    assert snapshots.address_of(attempt) == EMAIL
    assert snapshots.text_of(attempt) == email.got[0].text
    assert "Wajib masker." in snapshots.text_of(attempt)
    message.refresh_from_db()
    assert message.told == {"protocol": "awas"}


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        (Taken(), True),
        (Unknown("cut"), True),
        (Temporary("later"), False),
        (Permanent("never"), False),
    ],
)
def test_a_text_is_kept_where_it_may_have_arrived(email: Fake, answer: Answer, kept: bool) -> None:
    email.answer = lambda outgoing: answer
    send()
    attempt = Attempt.objects.get()
    assert (attempt.text_sealed is not None) == kept
    assert snapshots.address_of(attempt) == EMAIL


def test_nothing_of_it_lies_open_in_the_tables(email: Fake) -> None:
    send()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a::text || m::text || encode(a.to_sealed, 'escape')"
            " || encode(a.text_sealed, 'escape')"
            " FROM notifications_attempt a JOIN notifications_message m ON m.id = a.message_id"
        )
        (row,) = cursor.fetchone()
    assert "enari" not in row
    assert b"enari".hex() not in row


def test_what_is_copied_to_another_message_does_not_open(email: Fake) -> None:
    first, second = send(2)
    sealed = Attempt.objects.get(message=first).text_sealed
    Attempt.objects.filter(message=second).update(text_sealed=sealed)
    with pytest.raises(personal_data.CannotOpen):
        snapshots.text_of(Attempt.objects.get(message=second))


def test_a_code_or_an_id_that_is_too_long_does_not_lose_the_outcome(email: Fake) -> None:
    email.answer = lambda outgoing: Taken("\0" + "i" * 5000)
    send()
    assert len(Attempt.objects.get().provider_id) == 200
    email.answer = lambda outgoing: Permanent("c" * 5000)
    send()
    assert Message.objects.filter(state="failed", failure="c" * 40).count() == 1


def test_addresses_go_a_week_after_the_message_has_ended_texts_stay(
    email: Fake, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    old, fresh = send(7), send(2)
    week_ago = timezone.now() - timedelta(days=7, minutes=1)
    Message.objects.filter(pk__in=[m.pk for m in old]).update(ended_at=week_ago)
    with django_assert_num_queries(3):
        assert erasure.erase_addresses(batch=3) == 7
    assert erasure.erase_addresses(batch=3) == 0
    kept = Attempt.objects.filter(to_sealed__isnull=False)
    assert {attempt.message_id for attempt in kept} == {m.pk for m in fresh}
    assert not Attempt.objects.filter(text_sealed=None).exists()
    assert snapshots.address_of(Attempt.objects.get(message=old[0])) == ""


def test_the_address_of_a_message_that_is_still_tried_stays(email: Fake) -> None:
    email.answer = lambda outgoing: Temporary("later")
    send()
    assert erasure.erase_addresses(timezone.now() + timedelta(days=30)) == 0


def test_with_the_person_everything_sent_about_them_goes(email: Fake) -> None:
    gone, stays = send(2)
    for message in (gone, stays):
        DemoMessage.objects.create(
            reference=message.reference, channel="sms", kind="confirmed", language="id", sealed=b"x"
        )
    assert erasure.forget([gone.subject]) == 1
    assert erasure.forget([gone.subject]) == 0
    attempt = Attempt.objects.get(message=gone)
    assert (attempt.to_sealed, attempt.text_sealed) == (None, None)
    assert (attempt.outcome, attempt.channel) == ("taken", "email")
    assert snapshots.text_of(Attempt.objects.get(message=stays))
    assert [demo.reference for demo in DemoMessage.objects.all()] == [stays.reference]


def test_a_new_key_seals_again_what_was_sent(email: Fake, settings: Settings) -> None:
    outgoing = Outgoing(
        to="+62811", kind="confirmed", language="id", subject="", text="Kenari", reference="r"
    )
    from notifications import demo

    send(5)
    demo.keep("sms", outgoing)
    key = base64.b64encode(os.urandom(32)).decode()
    settings.PERSONAL_DATA_KEYS = [f"9:{key}", *settings.PERSONAL_DATA_KEYS]
    assert snapshots.reseal(batch=2) == 6
    assert snapshots.reseal(batch=2) == 0
    settings.PERSONAL_DATA_KEYS = settings.PERSONAL_DATA_KEYS[:1]
    for attempt in Attempt.objects.all():
        assert snapshots.address_of(attempt) == EMAIL
        assert "Kenari" in snapshots.text_of(attempt)
    assert demo.latest()[0]["text"] == "Kenari"


def test_what_is_sealed_is_not_in_a_log_or_an_error(
    email: Fake, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(outgoing: Outgoing) -> Answer:
        raise ZeroDivisionError

    email.answer = fail
    send()
    assert "enari" not in caplog.text
    assert NotSent("code").args == ("code",)


# --- Where a channel reaches somebody ------------------------------------------------------------


def test_a_chat_is_sealed_again_under_a_new_key_and_goes_with_the_person(
    settings: Settings,
) -> None:
    subject = uuid4()
    consents.note(subject, "telegram", True, "gateway", "1", address="4711")
    new = f"9:{base64.b64encode(os.urandom(32)).decode()}"
    settings.PERSONAL_DATA_KEYS = [new, *settings.PERSONAL_DATA_KEYS]
    assert (snapshots.reseal(), snapshots.reseal()) == (1, 0)
    settings.PERSONAL_DATA_KEYS = [new]
    assert consents.wanted([subject])[subject]["telegram"].address == "4711"
    erasure.forget([subject])
    assert Consent.objects.get().address_sealed is None


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE notifications_consent SET wanted = false",
        "UPDATE notifications_consent SET at = now()",
        "DELETE FROM notifications_consent",
        "TRUNCATE notifications_consent",
    ],
)
def test_what_a_person_said_cannot_be_changed(sql: str) -> None:
    consents.note(uuid4(), "sms", True, "page", "1")
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
