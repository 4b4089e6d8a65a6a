"""From the verbs of booking to what arrives: which messages, when, in which words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.utils.translation import override
from pytest_django import DjangoAssertNumQueries, Settings

from notifications import delivery
from notifications.models import Kind, Message, State
from services import messages
from services.booking import book, cancel, reschedule
from services.describing import short_name
from services.lifecycle import Actor, Status
from services.models import Booking
from services.refusals import SlotFull
from services.tokens import token_for
from tests import factories

from .factories import wib
from .smtp_sink import Sink

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _described_by_services(_told_by_the_tests: None, settings: Settings) -> None:
    settings.NOTIFICATIONS_DESCRIBE = "services.messages.describe_many"
    settings.SITE_URL = "https://dispendukcapil.jemberkab.go.id"


def slot_at(starts_at: datetime, **values: Any) -> Any:
    place = factories.location("kecamatan-ambulu", name="Kantor Kecamatan Ambulu")
    factories.service(at=place)
    return factories.slot(place, starts_at, **values)


def book_at(slot: Any, now: datetime | None = None, **person: Any) -> Booking:
    defaults = {"full_name": "Siti Nur Aminah", "email": "siti@example.test", "phone": ""}
    service = factories.service(at=slot.location)
    return book(
        service=service, slot_id=slot.pk, person=factories.person(**(defaults | person)), now=now
    ).booking


def planned(booking: Booking) -> dict[str, datetime]:
    """Kind → when it goes out, of what is still to be sent."""
    rows = Message.objects.filter(subject=booking.pk, state=State.PLANNED)
    return {row.kind: row.send_after for row in rows}


# --- Which messages, and when --------------------------------------------------------------------


def test_a_booking_is_confirmed_at_once_and_recalled_twice() -> None:
    slot = slot_at(wib("2027-03-16 09:20"))
    booking = book_at(slot, now=wib("2027-03-10 10:00"))
    assert planned(booking) == {
        "confirmed": wib("2027-03-10 10:00"),
        "reminder_day_before": wib("2027-03-15 16:00"),
        "reminder_two_hours": wib("2027-03-16 07:20"),
    }


@pytest.mark.parametrize(
    ("booked_at", "visit", "kinds"),
    [
        ("2027-03-15 15:59", "2027-03-16 09:20", ["day_before", "two_hours"]),
        ("2027-03-15 16:00", "2027-03-16 09:20", ["two_hours"]),
        ("2027-03-16 07:19", "2027-03-16 09:20", ["two_hours"]),
        ("2027-03-16 07:20", "2027-03-16 09:20", []),
        ("2027-03-16 05:29", "2027-03-16 07:30", ["two_hours"]),
        ("2027-03-16 05:45", "2027-03-16 07:30", []),  # its moment was 05.30
        ("2027-03-19 11:20", "2027-03-19 13:30", []),  # a Friday: its moment was 11.15
    ],
)
def test_no_reminder_whose_moment_has_passed_when_it_is_booked(
    booked_at: str, visit: str, kinds: list[str]
) -> None:
    booking = book_at(slot_at(wib(visit)), now=wib(booked_at))
    assert sorted(planned(booking)) == sorted(
        ["confirmed"] + [f"reminder_{kind}" for kind in kinds]
    )


@pytest.mark.parametrize(
    ("visit", "goes_at"),
    [
        ("2027-03-16 07:30", "2027-03-16 06:00"),
        ("2027-03-19 13:30", "2027-03-19 11:15"),
        ("2027-03-19 14:30", "2027-03-19 12:45"),
        ("2027-03-16 10:00", "2027-03-16 08:00"),
    ],
)
def test_the_second_reminder_keeps_quiet_hours(visit: str, goes_at: str) -> None:
    booking = book_at(slot_at(wib(visit)), now=wib("2027-03-10 10:00"))
    assert planned(booking)["reminder_two_hours"] == wib(goes_at)


def test_a_reminder_says_tomorrow_only_until_midnight_and_nothing_after_the_visit() -> None:
    booking = book_at(slot_at(wib("2027-03-16 09:20")), now=wib("2027-03-10 10:00"))
    ends = dict(Message.objects.filter(subject=booking.pk).values_list("kind", "send_before"))
    assert ends == {
        "confirmed": wib("2027-03-16 09:20"),
        "reminder_day_before": wib("2027-03-16 00:00"),
        "reminder_two_hours": wib("2027-03-16 09:20"),
    }


def test_planning_costs_one_statement_and_no_question(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    booking = book_at(slot_at(factories.at_local(3)))
    slot, other = booking.slot, slot_at(factories.at_local(4))
    now = factories.at_local(0)
    with django_assert_num_queries(1):
        messages.plan_booked(booking, slot, now)
    booking.moves += 1
    with django_assert_num_queries(2):
        messages.plan_moved(booking, slot, other, now, by_office=True, reason="closed")
    with django_assert_num_queries(2):
        messages.plan_cancelled(booking, slot, now, by_office=True, reason="closed")
    with django_assert_num_queries(2):
        messages.plan_deferred(booking, slot, now, "health")


def test_nobody_who_already_stands_there_is_told_to_come() -> None:
    place = factories.location()
    factories.service(at=place)
    slot = factories.slot(place, factories.at_local(0, 0, 0), minutes=24 * 60 - 1)
    booking = book(
        service=factories.service(at=place),
        slot_id=slot.pk,
        person=factories.person(),
        takes_reserve=True,
    ).booking
    assert planned(booking) == {}


def test_a_move_by_the_resident_recalls_the_new_time_and_forgets_the_old() -> None:
    old, new = slot_at(wib("2027-03-16 09:20")), slot_at(wib("2027-03-18 10:00"))
    booking = book_at(old, now=wib("2027-03-10 10:00"))
    reschedule(
        booking_id=booking.pk,
        slot_id=new.pk,
        actor=Actor.RESIDENT,
        who="resident",
        why="moved online",
        now=wib("2027-03-11 22:00"),
    )
    assert planned(booking) == {
        "confirmed": wib("2027-03-11 22:00"),  # at night too: the answer to what they did
        "reminder_day_before": wib("2027-03-17 16:00"),
        "reminder_two_hours": wib("2027-03-18 08:00"),
    }
    assert set(
        Message.objects.filter(subject=booking.pk, state=State.PLANNED).values_list(
            "occasion", flat=True
        )
    ) == {1}
    assert Message.objects.filter(subject=booking.pk, state=State.WITHDRAWN).count() == 3


@pytest.mark.parametrize(
    ("now", "old_visit", "goes_at"),
    [
        ("2027-03-11 10:00", "2027-03-16 09:20", "2027-03-11 10:00"),
        ("2027-03-11 22:00", "2027-03-16 09:20", "2027-03-12 06:00"),
        ("2027-03-15 22:00", "2027-03-16 06:30", "2027-03-15 22:00"),
    ],
)
def test_a_move_by_the_office_waits_for_the_morning_unless_somebody_would_set_out(
    now: str, old_visit: str, goes_at: str
) -> None:
    old, new = slot_at(wib(old_visit)), slot_at(wib("2027-03-18 10:00"))
    booking = book_at(old, now=wib("2027-03-10 10:00"))
    reschedule(
        booking_id=booking.pk,
        slot_id=new.pk,
        actor=Actor.SUPERVISOR,
        who="staff:1",
        why="equipment",
        now=wib(now),
    )
    told = Message.objects.get(subject=booking.pk, kind=Kind.MOVED_BY_OFFICE)
    assert told.send_after == wib(goes_at)
    assert told.details["reason"] == "equipment"
    assert "confirmed" not in planned(booking)


def test_a_cancelled_booking_is_told_and_recalled_no_more() -> None:
    booking = book_at(slot_at(wib("2027-03-16 09:20")), now=wib("2027-03-10 10:00"))
    cancel(
        booking_id=booking.pk,
        actor=Actor.RESIDENT,
        who="resident",
        why="cancelled online",
        now=wib("2027-03-11 22:00"),
    )
    assert planned(booking) == {"cancelled": wib("2027-03-11 22:00")}
    assert Message.objects.get(kind=Kind.CANCELLED).details == {"reason": "own_request"}


def test_what_staff_write_in_their_own_words_stays_out_of_the_message() -> None:
    booking = book_at(slot_at(wib("2027-03-16 09:20")), now=wib("2027-03-10 10:00"))
    cancel(
        booking_id=booking.pk,
        actor=Actor.SUPERVISOR,
        who="staff:1",
        why="Siti menelepon, NIK 3509210101099001",
        now=wib("2027-03-11 10:00"),
    )
    assert Message.objects.get(kind=Kind.CANCELLED).details == {"reason": "other"}


def test_a_rolled_back_booking_tells_nothing() -> None:
    slot = slot_at(factories.at_local(3), capacity=1)
    book_at(slot)
    before = Message.objects.count()
    with pytest.raises(SlotFull):
        book_at(slot)
    assert Message.objects.count() == before


def test_asking_again_for_the_same_nik_sends_the_link_once_a_day() -> None:
    slot = slot_at(wib("2027-03-16 09:20"))
    booking = book_at(slot, now=wib("2027-03-10 10:00"))
    for hour in (10, 11, 12):
        messages.plan_link_again(booking, wib(f"2027-03-11 {hour}:00"))
    messages.plan_link_again(booking, wib("2027-03-12 08:00"))
    messages.plan_link_again(booking, wib("2027-03-16 09:30"))  # the visit has begun
    links = Message.objects.filter(subject=booking.pk, kind=Kind.LINK_AGAIN)
    assert links.count() == 3
    assert links.latest("occasion").send_before == wib("2027-03-16 11:30")


# --- What arrives --------------------------------------------------------------------------------

BOOKED_AT = wib("2026-12-01 10:00")


def deliver_all(sink: Sink, now: datetime) -> list[str]:
    """The texts that have arrived by `now`, without the line below them that ends e-mails."""
    delivery.deliver(now)
    bodies = [mail.get_body(("plain",)) for mail in sink.mails()]
    return [body.get_content().splitlines()[0] for body in bodies if body is not None]


def test_the_confirmation_says_who_when_where_what_to_bring_and_how_to_behave(sink: Sink) -> None:
    booking = book_at(slot_at(wib("2026-12-24 09:20")), BOOKED_AT)
    link = f"https://dispendukcapil.jemberkab.go.id/m/{booking.code}/{token_for(booking.pk, 1)}/"
    (text,) = deliver_all(sink, wib("2026-12-01 12:00"))
    assert text == (
        "Dispendukcapil Jember: Perekaman KTP-el pertama untuk Siti Nur tercatat pada Kamis,"
        " 24 Desember 2026 pukul 09.20 di Kantor Kecamatan Ambulu."
        f" Kode: {booking.code[:4]}-{booking.code[4:]}. Bawa: KK asli."
        " Wajib masker, suhu di bawah 37,3 C, jaga jarak 1 meter."
        f" Ubah atau batalkan: {link} Layanan ini gratis."
    )


def test_everything_is_said_in_the_persons_language(sink: Sink) -> None:
    book_at(slot_at(wib("2026-12-24 09:20")), BOOKED_AT, language="en")
    with override("id"):
        deliver_all(sink, wib("2026-12-22 12:00"))
        texts_sent = deliver_all(sink, wib("2026-12-23 16:05"))
    assert "Thursday, 24 December 2026 at 09:20" in texts_sent[0]
    assert "Mask required, below 37.3 C" in texts_sent[0]
    assert "Change before 24 December, 07:20: " in texts_sent[1]
    assert (
        sink.mails()[1]["Subject"] == "Jember Civil Registry: Reminder: your appointment tomorrow"
    )


def test_the_reminder_tells_the_protocol_in_force_when_it_is_sent(sink: Sink) -> None:
    slot = slot_at(wib("2026-12-24 09:20"))
    book_at(slot, BOOKED_AT)
    awas = factories.protocol("awas", rank=4, short_id="Datang sendiri.")
    type(slot.location).objects.filter(pk=slot.location.pk).update(protocol=awas)
    deliver_all(sink, wib("2026-12-22 12:00"))
    (_, reminder) = deliver_all(sink, wib("2026-12-23 16:05"))
    assert "Datang sendiri." in reminder
    assert "Ubah sebelum 24 Desember pukul 07.20: " in reminder


def test_a_move_tells_the_old_time_and_the_new_and_why(sink: Sink) -> None:
    old, new = slot_at(wib("2026-12-24 09:20")), slot_at(wib("2026-12-28 13:00"))
    booking = book_at(old, BOOKED_AT)
    reschedule(
        booking_id=booking.pk,
        slot_id=new.pk,
        actor=Actor.SUPERVISOR,
        who="staff:1",
        why="closed",
        now=wib("2026-12-02 10:00"),
    )
    (text,) = deliver_all(sink, wib("2026-12-02 12:00"))
    assert "jadwal Siti Nur kami pindahkan karena kantor tutup." in text
    assert "Semula Kamis, 24 Desember 2026 pukul 09.20; kini Senin, 28 Desember 2026" in text


def test_a_deferral_says_that_it_is_no_missed_visit_and_from_when_to_choose(sink: Sink) -> None:
    booking = book_at(slot_at(wib("2026-11-26 09:00")), wib("2026-11-24 10:00"))
    messages.plan_deferred(booking, booking.slot, wib("2026-11-26 09:00"), "temperature")
    Booking.objects.filter(pk=booking.pk).update(status=Status.DEFERRED)
    text = deliver_all(sink, wib("2026-11-26 09:01"))[-1]
    assert "ditunda demi kesehatan bersama. Ini bukan ketidakhadiran" in text
    assert "Pilih waktu mulai Jumat, 27 November 2026: " in text


def test_reminders_of_a_former_time_are_moot_even_where_nobody_withdrew_them(sink: Sink) -> None:
    """A sender that died had them in hand while the booking moved."""
    booking = book_at(slot_at(wib("2026-12-24 09:20")), BOOKED_AT)
    Booking.objects.filter(pk=booking.pk).update(moves=1)
    assert delivery.deliver(wib("2026-12-23 16:05")) == {"withdrawn": 2}
    assert sink.raw == []


def test_of_an_erased_person_nothing_is_told(sink: Sink) -> None:
    booking = book_at(slot_at(factories.at_local(3)))
    Booking.objects.filter(pk=booking.pk).update(erased_at=factories.at_local(0))
    assert delivery.deliver() == {"withdrawn": 1}


def test_describing_a_message_takes_one_statement(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    booking = book_at(slot_at(factories.at_local(3)))
    message = Message.objects.get(subject=booking.pk, kind=Kind.CONFIRMED)
    with django_assert_num_queries(1):
        assert messages.describe_many([message])[message.id] is not None


def test_a_landline_takes_no_messages() -> None:
    booking = book_at(slot_at(factories.at_local(3)), phone="+62331487654", email="")
    message = Message.objects.get(subject=booking.pk, kind=Kind.CONFIRMED)
    described = messages.describe_many([message])[message.id]
    assert described is not None
    assert not any(described.addresses.values())


@pytest.mark.parametrize(
    ("full_name", "shown"),
    [
        ("Siti Nur Aminah", "Siti Nur"),
        ("Sugiarto", "Sugiarto"),
        ("  Siti   Nur  Aminah ", "Siti Nur"),
        ("Muhammad Syarifuddinata Ali", "Muhammad Syarifuddin"),
        ("Abdurrahmanwahidhasyimasyari", "Abdurrahmanwahidhasy"),
        ("M.Yusuf Ali", "M. Yusuf Ali"),
        ("evil.test Hadiah", "evil. test Hadiah"),
    ],
)
def test_a_name_is_shown_short_and_never_as_a_link(full_name: str, shown: str) -> None:
    assert short_name(full_name) == shown
