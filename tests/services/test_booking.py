"""Booking, moving and cancelling: the verbs behind pages and API."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from locations.models import Slot
from services import refusals
from services.booking import book, cancel, find_by_code_and_nik, find_by_token, reschedule
from services.lifecycle import Actor, Status
from services.models import Booking, BookingEvent
from services.tokens import token_for
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def place():
    return factories.location("kecamatan-ambulu")


@pytest.fixture
def service(place):
    return factories.service(at=place)


@pytest.fixture
def slot(place):
    return factories.slot(place, capacity=2)


def move(booking, slot, **values):
    return reschedule(
        booking_id=booking.id,
        slot_id=slot.pk,
        **({"actor": Actor.RESIDENT, "who": "resident", "why": "moved"} | values),
    )


def drop(booking, **values):
    return cancel(
        booking_id=booking.id,
        **({"actor": Actor.RESIDENT, "who": "resident", "why": "cancelled"} | values),
    )


def booked(slot):
    return Slot.objects.values_list("booked", flat=True).get(pk=slot.pk)


def test_a_booking_takes_one_place_and_keeps_the_person_sealed(service, slot):
    made = book(service=service, slot_id=slot.pk, person=factories.person(7, full_name="Slamet"))

    assert booked(slot) == 1
    stored = Booking.objects.get(pk=made.booking.pk)
    assert (stored.full_name, stored.nik) == ("Slamet", factories.nik(7))
    assert b"Slamet" not in bytes(stored.full_name_sealed)
    with connection.cursor() as cursor:
        cursor.execute("SELECT b::text FROM services_booking b")
        row = cursor.fetchone()[0]
    assert factories.nik(7) not in row and "Slamet" not in row


def test_a_full_slot_is_refused_with_the_nearest_free_times(service, place, slot):
    later = factories.slot(place, slot.starts_at + timedelta(hours=1))
    elsewhere = factories.location("kecamatan-balung")
    factories.service(at=elsewhere)
    there = factories.slot(elsewhere, slot.starts_at)
    for _ in range(2):
        factories.booking(slot, service)

    with pytest.raises(refusals.SlotFull) as refused:
        book(service=service, slot_id=slot.pk, person=factories.person())

    assert [s.pk for s in refused.value.alternatives] == [later.pk, there.pk]
    assert booked(slot) == 2


def test_one_person_has_one_active_booking_per_service(service, place, slot):
    other = factories.slot(place, slot.starts_at + timedelta(hours=1))
    who = factories.person()
    book(service=service, slot_id=slot.pk, person=who)

    with pytest.raises(refusals.AlreadyBooked):
        book(service=service, slot_id=other.pk, person=who)

    replacement = factories.service("replacement", at=place)
    book(service=replacement, slot_id=other.pk, person=who)
    assert (booked(slot), booked(other)) == (1, 1)


def test_after_a_cancellation_the_same_person_may_book_again(service, slot):
    who = factories.person()
    drop(book(service=service, slot_id=slot.pk, person=who).booking)
    book(service=service, slot_id=slot.pk, person=who)
    assert booked(slot) == 1


def test_a_closed_slot_and_a_past_one_are_refused(service, place, slot):
    past = factories.slot(place, timezone.now() - timedelta(hours=1))
    with pytest.raises(refusals.SlotClosed):
        book(service=service, slot_id=past.pk, person=factories.person())


def test_a_slot_of_a_place_without_the_service_does_not_exist(service):
    elsewhere = factories.slot(factories.location())
    with pytest.raises(refusals.FieldRefusal) as refused:
        book(service=service, slot_id=elsewhere.pk, person=factories.person())
    assert (refused.value.attr, refused.value.code) == ("slot", "does_not_exist")


def test_the_walk_in_reserve_is_not_bookable_online_before_the_day(service, place):
    slot = factories.slot(place, capacity=3, reserve=2)
    factories.booking(slot, service)
    with pytest.raises(refusals.SlotFull):
        factories.booking(slot, service)
    book(
        service=service,
        slot_id=slot.pk,
        person=factories.person(),
        channel=Booking.Channel.ASSISTED,
        takes_reserve=True,
    )
    assert booked(slot) == 2


def test_a_doubtful_nik_needs_a_confirmation_and_is_marked(service, slot):
    doubtful = "3509993101099007"
    with pytest.raises(refusals.FieldRefusal) as refused:
        book(service=service, slot_id=slot.pk, person=factories.person(nik=doubtful))
    assert refused.value.code == "nik_doubtful"

    made = book(
        service=service, slot_id=slot.pk, person=factories.person(nik=doubtful, confirm_nik=True)
    )
    assert made.booking.nik_doubtful


def test_age_counts_on_the_day_of_the_visit(service, place):
    day = factories.at_local(10)
    born = day.date().replace(year=day.year - 16)
    who = factories.minor(birth_date=born, nik=f"350921{born:%d%m%y}9001")
    eve = factories.slot(place, day - timedelta(days=1))
    with pytest.raises(refusals.FieldRefusal) as refused:
        book(service=service, slot_id=eve.pk, person=who)
    assert refused.value.code == "under_age"

    book(service=service, slot_id=factories.slot(place, day).pk, person=who)


def test_below_eighteen_a_guardian_consents_unless_ever_married(service, slot):
    who = factories.minor(guardian=None)
    with pytest.raises(refusals.FieldRefusal) as refused:
        book(service=service, slot_id=slot.pk, person=who)
    assert refused.value.code == "guardian_required"

    book(service=service, slot_id=slot.pk, person=factories.minor(guardian=None, ever_married=True))


def test_a_move_before_the_eighteenth_birthday_needs_a_guardian_too(service, place):
    birthday = timezone.localdate() + timedelta(days=5)
    try:
        born = birthday.replace(year=birthday.year - 18)
    except ValueError:  # 29 February
        born = birthday.replace(year=birthday.year - 18, month=3, day=1)
    who = factories.person(birth_date=born, nik=f"350921{born:%d%m%y}9001")
    grown_up = factories.slot(place, factories.at_local(9))
    before = factories.slot(place, factories.at_local(3))
    made = book(service=service, slot_id=grown_up.pk, person=who).booking
    with pytest.raises(refusals.FieldRefusal) as refused:
        move(made, before)
    assert (refused.value.attr, refused.value.code) == ("guardian", "guardian_required")
    assert (booked(grown_up), booked(before)) == (1, 0)

    minor = book(service=service, slot_id=grown_up.pk, person=factories.minor()).booking
    assert move(minor, before).slot == before


def test_a_full_or_closed_slot_says_nothing_about_a_nik(service, place, slot):
    """Tries that find no place are not counted (limits), so they must not answer who is booked."""
    who = factories.person()
    book(service=service, slot_id=slot.pk, person=who)
    full = factories.slot(place, factories.at_local(4), capacity=0)
    past = factories.slot(place, factories.at_local(-1))
    for wanted, refusal in ((full, refusals.SlotFull), (past, refusals.SlotClosed)):
        for person in (who, factories.person()):
            with pytest.raises(refusal):
                book(service=service, slot_id=wanted.pk, person=person)


def test_a_slot_that_is_taken_away_meanwhile_is_a_refusal(service, place, slot, monkeypatch):
    later = factories.slot(place, slot.starts_at + timedelta(hours=1))
    taken_away = lambda booking, slot, now: Slot.objects.filter(pk=slot.pk).delete()  # noqa: E731
    monkeypatch.setattr("services.booking.messages.plan_booked", taken_away)
    with pytest.raises(refusals.SlotClosed) as refused:
        book(service=service, slot_id=slot.pk, person=factories.person())
    assert [s.pk for s in refused.value.alternatives] == [later.pk]


def test_the_same_key_and_content_find_the_same_booking(service, slot):
    who = factories.person()
    first = book(service=service, slot_id=slot.pk, person=who, key="kunci-yang-sama")
    again = book(service=service, slot_id=slot.pk, person=who, key="kunci-yang-sama")
    assert (first.replayed, again.replayed) == (False, True)
    assert first.booking == again.booking
    assert booked(slot) == 1


def test_a_key_still_answers_when_the_slot_is_full_or_the_booking_cancelled(service, place):
    slot, who = factories.slot(place, capacity=1), factories.person()
    first = book(service=service, slot_id=slot.pk, person=who, key="kunci-yang-sama")
    assert book(service=service, slot_id=slot.pk, person=who, key="kunci-yang-sama").replayed
    drop(first.booking)
    again = book(service=service, slot_id=slot.pk, person=who, key="kunci-yang-sama")
    assert again.booking.status == Status.CANCELLED
    assert booked(slot) == 0


def test_a_key_with_other_content_is_refused(service, slot):
    book(service=service, slot_id=slot.pk, person=factories.person(), key="kunci-yang-sama")
    with pytest.raises(refusals.KeyReused):
        book(service=service, slot_id=slot.pk, person=factories.person(), key="kunci-yang-sama")
    assert booked(slot) == 1


def test_a_refusal_is_not_stored_under_its_key(service, place):
    slot = factories.slot(place, capacity=1)
    other = factories.booking(slot, service)
    who = factories.person()
    with pytest.raises(refusals.SlotFull):
        book(service=service, slot_id=slot.pk, person=who, key="kunci-yang-sama")
    drop(other)
    assert not book(service=service, slot_id=slot.pk, person=who, key="kunci-yang-sama").replayed


def test_a_move_takes_the_new_place_and_frees_the_old_one(service, place, slot):
    target = factories.slot(place, slot.starts_at + timedelta(hours=1))
    moved = move(factories.booking(slot, service), target)
    assert (booked(slot), booked(target)) == (0, 1)
    assert moved.moves == Booking.objects.get(pk=moved.pk).moves == 1


def test_a_move_to_a_full_slot_leaves_the_old_place(service, place, slot):
    full = factories.slot(place, slot.starts_at + timedelta(hours=1), capacity=1)
    factories.booking(full, service)
    mine = factories.booking(slot, service)
    with pytest.raises(refusals.SlotFull):
        move(mine, full)
    assert Booking.objects.get(pk=mine.pk).slot_id == slot.pk
    assert (booked(slot), booked(full)) == (1, 1)


def test_moving_to_where_one_is_already_changes_nothing(service, slot):
    mine = factories.booking(slot, service)
    assert move(mine, slot).moves == 0
    assert booked(slot) == 1


def test_cancelling_twice_gives_one_place_back_once(service, slot):
    mine = factories.booking(slot, service)
    factories.booking(slot, service)
    assert drop(mine).status == drop(mine).status == Status.CANCELLED
    assert booked(slot) == 1
    assert BookingEvent.objects.filter(pgh_obj=mine, status=Status.CANCELLED).count() == 1


def test_after_the_cut_off_only_the_office_changes_a_booking(service, place):
    soon = factories.slot(place, timezone.now() + timedelta(minutes=90))
    mine = factories.booking(soon, service)
    with pytest.raises(refusals.TooLate):
        drop(mine)
    with pytest.raises(refusals.TooLate):
        move(mine, factories.slot(place))
    office = {"actor": Actor.SUPERVISOR, "who": "staff:1", "why": "at the person's request"}
    assert drop(mine, **office).status == Status.CANCELLED


def test_a_finished_or_cancelled_booking_cannot_be_moved(service, place, slot):
    mine = factories.booking(slot, service)
    drop(mine)
    with pytest.raises(refusals.InvalidTransition):
        move(mine, factories.slot(place, slot.starts_at + timedelta(hours=1)))


def test_history_says_who_when_from_to_and_why_without_personal_values(service, place, slot):
    mine = factories.booking(slot, service)
    target = factories.slot(place, slot.starts_at + timedelta(hours=1))
    move(mine, target, who="staff:12", why="equipment failed", actor=Actor.SUPERVISOR)

    rows = list(BookingEvent.objects.filter(pgh_obj=mine).order_by("pgh_id"))
    assert [(row.status, row.slot_id) for row in rows] == [
        ("booked", slot.pk),
        ("booked", target.pk),
    ]
    assert rows[1].pgh_context == {"who": "staff:12", "why": "equipment failed"}
    columns = {field.name for field in BookingEvent._meta.get_fields()}
    assert not {c for c in columns if c.endswith(("_sealed", "_hash"))} and "code" not in columns


def test_a_booking_opens_by_its_token_and_by_code_with_nik_only(service, slot):
    mine = factories.booking(slot, service, factories.person(41))
    token = token_for(mine.id, mine.token_version)
    assert find_by_token(mine.shown_code.lower(), token) == mine
    assert find_by_code_and_nik(mine.code, factories.nik(41)) == mine

    for wrong in ("", "x" * 32, token[:-1], token_for(mine.id, 2), "é" * 32, "x" * 10**6):
        with pytest.raises(refusals.NotFound):
            find_by_token(mine.code, wrong)
    for code, nik in [(mine.code, factories.nik(42)), ("00000000", factories.nik(41)), ("", "")]:
        with pytest.raises(refusals.NotFound):
            find_by_code_and_nik(code, nik)


def test_a_booking_needs_few_statements_whatever_the_data(
    service, place, django_assert_max_num_queries
):
    slot = factories.slot(place, capacity=50)
    for _ in range(10):
        factories.booking(slot, service)
    with django_assert_max_num_queries(9):
        book(service=service, slot_id=slot.pk, person=factories.person(), key="kunci-ukur-1")
