"""What people say of their channels, kept and obeyed; from the booking to the e-mail itself."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from django.db import ProgrammingError, transaction
from django.test import Client
from django.utils import timezone
from icalendar import Calendar
from pytest_django import DjangoAssertNumQueries, Settings

from notifications import consents, delivery
from notifications.models import Consent, Message
from services.booking import cancel, reschedule
from services.calendar_file import calendar_file
from services.lifecycle import Actor
from services.models import Booking
from tests import factories

from .factories import subject
from .http_gateway import HttpGateway
from .smtp_sink import Sink
from .test_what_a_booking_tells import book_at

pytestmark = pytest.mark.django_db
SITE = "https://dispendukcapil.jemberkab.go.id"


@pytest.fixture(autouse=True)
def _described_by_services(_told_by_the_tests: None, settings: Settings) -> None:
    settings.NOTIFICATIONS_DESCRIBE = "services.messages.describe_many"
    settings.SITE_URL = SITE
    settings.DEFAULT_FROM_EMAIL = "e-KTP Jember <antrean@jemberkab.go.id>"


def test_words_are_added_and_never_changed_or_taken_back() -> None:
    consents.note(subject(), "sms", False, "page", "1")
    for change in (
        lambda: Consent.objects.update(wanted=True),
        lambda: Consent.objects.all().delete(),
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            change()
    assert Consent.objects.get().wanted is False


def test_the_newest_word_for_many_people_in_one_statement(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    people = [subject() for _ in range(30)]
    for number, person in enumerate(people):
        consents.note(person, "sms", True, "page", "1")
        consents.note(person, "sms", number % 2 == 0, "page", "1")
        consents.note(person, "telegram", True, "gateway", "1", address=f"chat-{number}")
    with django_assert_num_queries(1):
        said = consents.wanted(people)
    assert [said[person]["sms"].wanted for person in people] == [True, False] * 15
    assert said[people[3]]["telegram"].address == "chat-3"
    assert b"chat" not in bytes(Consent.objects.filter(channel="telegram")[0].address_sealed or b"")


def test_chats_need_a_yes_and_the_others_a_no() -> None:
    assert [c for c in ("telegram", "whatsapp", "sms", "email") if consents.is_wanted(c, {})] == [
        "sms",
        "email",
    ]
    assert consents.is_wanted("whatsapp", {}, {"whatsapp"})
    assert not consents.is_wanted("whatsapp", {"whatsapp": consents.Wish(False)}, {"whatsapp"})


# --- From the booking to what arrives ------------------------------------------------------------


def booked(**person: Any) -> tuple[Booking, list[Any]]:
    place = factories.location("kecamatan-ambulu", name="Kantor Kecamatan Ambulu")
    factories.service(at=place)
    slots = factories.slots(place, 3, days=5)
    return book_at(slots[0], **person), slots


def move(booking: Booking, slot: Any, actor: Actor = Actor.RESIDENT) -> None:
    reschedule(booking_id=booking.pk, slot_id=slot.pk, actor=actor, who="x", why="closed")


def end(booking: Booking, actor: Actor = Actor.RESIDENT) -> None:
    cancel(booking_id=booking.pk, actor=actor, who="x", why="closed")


def deliver_when_due(kind: str) -> None:
    """Quiet hours may hold it for a while, at the hour of the run."""
    delivery.deliver(Message.objects.get(kind=kind).send_after + timedelta(minutes=1))


def calendar_of(mail: EmailMessage) -> tuple[str, Any]:
    """Method of the part, and its event."""
    (part,) = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    calendar = Calendar.from_ical(part.get_content())
    assert str(calendar["method"]) == part.get_param("method")
    (event,) = calendar.walk("VEVENT")
    return str(calendar["method"]), event


def test_an_email_says_how_to_end_them_in_words_and_for_programs(sink: Sink) -> None:
    booked(language="en")
    delivery.deliver()
    (mail,) = sink.mails()
    link = mail["List-Unsubscribe"].strip(" <>")
    assert link.startswith(f"{SITE}/en/berhenti/")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert f"No more e-mails, or another channel? {link}" in text


def test_one_click_is_not_promised_over_plain_http(sink: Sink, settings: Settings) -> None:
    settings.SITE_URL = "http://localhost:8000"
    booked()
    delivery.deliver()
    (mail,) = sink.mails()
    assert mail["List-Unsubscribe"] and mail["List-Unsubscribe-Post"] is None


def test_who_ends_emails_by_the_link_is_reminded_of_nothing_by_them(
    sink: Sink, client: Client
) -> None:
    booked()
    delivery.deliver()
    (mail,) = sink.mails()
    client.post(mail["List-Unsubscribe"].strip(" <>").removeprefix(SITE))
    deliver_when_due("reminder_day_before")
    assert len(sink.mails()) == 1


def test_the_entry_in_the_calendar_moves_and_goes(sink: Sink) -> None:
    booking, slots = booked()
    delivery.deliver()
    move(booking, slots[1])
    delivery.deliver()
    end(booking)
    delivery.deliver()
    found = [calendar_of(mail) for mail in sink.mails()]
    assert [method for method, _ in found] == ["PUBLISH", "PUBLISH", "CANCEL"]
    events = [event for _, event in found]
    assert len({str(event["uid"]) for event in events}) == 1
    assert [int(event["sequence"]) for event in events] == [0, 1, 2]
    assert [str(event["status"]) for event in events] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert [event["dtstart"].dt for event in events[:2]] == [s.starts_at for s in slots[:2]]
    assert str(events[2]["organizer"]) == "mailto:antrean@jemberkab.go.id"
    assert not events[2].walk("VALARM") and events[0].walk("VALARM")
    kept = Booking.objects.select_related("service", "slot__location__protocol").get()
    page = Calendar.from_ical(calendar_file(kept, url="x", now=timezone.now())).walk("VEVENT")[0]
    assert (page["uid"], page["sequence"]) == (events[2]["uid"], events[2]["sequence"])


def test_a_reminder_carries_no_calendar_but_the_way_out(sink: Sink) -> None:
    booked()
    delivery.deliver()
    deliver_when_due("reminder_day_before")
    *_, mail = sink.mails()
    assert mail["Subject"].startswith("Dispendukcapil Jember: Pengingat")
    assert not [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    assert mail["List-Unsubscribe"]


def test_who_wants_nothing_is_reminded_of_nothing_but_told_what_is_necessary(sink: Sink) -> None:
    booking, slots = booked()
    consents.note(booking.pk, "email", False, "link", "1")
    assert delivery.deliver() == {"failed": 1}
    assert sink.mails() == []
    move(booking, slots[1], Actor.SUPERVISOR)
    deliver_when_due("moved_by_office")
    (mail,) = sink.mails()
    assert "pindah" in mail["Subject"]
    end(booking, Actor.SUPERVISOR)
    deliver_when_due("cancelled")
    assert "dibatalkan" in sink.mails()[1]["Subject"]


def test_an_sms_carries_neither_footer_nor_calendar(
    sms_gateway: HttpGateway, settings: Settings
) -> None:
    booked(phone="+6281234567890", whatsapp=True)
    delivery.deliver()
    (body,) = [request.body.decode() for request in sms_gateway.received]
    assert "berhenti" not in body and "VCALENDAR" not in body


def test_a_yes_said_later_brings_whatsapp_and_a_no_takes_it_away(
    whatsapp_gateway: HttpGateway, sms_gateway: HttpGateway
) -> None:
    from notifications import demo

    demo.approve_whatsapp()
    booking, slots = booked(phone="+6281234567890")
    delivery.deliver()
    assert (len(whatsapp_gateway.received), len(sms_gateway.received)) == (0, 1)
    consents.note(booking.pk, "whatsapp", True, "page", "1")
    move(booking, slots[1])
    delivery.deliver()
    assert (len(whatsapp_gateway.received), len(sms_gateway.received)) == (1, 1)
    consents.note(booking.pk, "whatsapp", False, "page", "1")
    move(booking, slots[2])
    delivery.deliver()
    assert (len(whatsapp_gateway.received), len(sms_gateway.received)) == (1, 2)
    assert Message.objects.filter(kind="confirmed", state="sent").count() == 3
