"""From the door to "recorded": what each verb of the counter does, and what it refuses."""

from datetime import timedelta
from decimal import Decimal

import pytest

from services import day_end, refusals, visit
from services.booking import cancel, reschedule
from services.lifecycle import Actor, Status
from services.models import Booking, BookingEvent, QueueDay, Visit, VisitEvent
from services.visit import VerdictCode, check_in, find_for_counter
from tests import factories

pytestmark = pytest.mark.django_db

FINE = {"temperature_c": Decimal("36.6"), "mask": True, "symptoms": False}
HOT = FINE | {"temperature_c": Decimal("37.3")}
STAFF = "staff:1"


@pytest.fixture
def place():
    place = factories.location("kecamatan-ambulu")
    factories.counter(place, 1)
    factories.counter(place, 2)
    return place


@pytest.fixture
def slot(place):
    return factories.slot(place, capacity=5)


@pytest.fixture
def now(slot):
    return slot.starts_at


@pytest.fixture
def booking(slot):
    return factories.booking(slot)


@pytest.fixture
def arrive(place, now):
    """Check somebody in at the hour of the slot; answers and time may differ."""

    def arrive(booking, **values):
        return check_in(
            **({"location": place, "code": booking.code, "who": STAFF, "now": now} | FINE | values)
        )

    return arrive


@pytest.fixture
def call(place, now):
    def call(counter=1):
        return visit.call_next(location=place, counter=counter, who=STAFF, now=now)

    return call


def status(booking):
    return Booking.objects.values_list("status", flat=True).get(pk=booking.pk)


# --- The ticket -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        "{code}",
        " {shown} ",
        "{lower}",
        "https://ktp.jemberkab.go.id/m/{code}/AbCdEfGhIjKlMnOpQrStUvWxYz012345/",
        "https://ktp.jemberkab.go.id/en/jadwal/{shown}/",
    ],
)
def test_a_ticket_is_found_by_what_is_typed_or_scanned(place, now, booking, typed):
    text = typed.format(code=booking.code, shown=booking.shown_code, lower=booking.code.lower())
    assert find_for_counter(location=place, typed=text, now=now).booking == booking


@pytest.mark.parametrize("typed", ["", "ABCDEFGH", "https://vaksin.example/qr", "x" * 4096, "\0"])
def test_what_is_not_a_ticket_is_not_found(place, now, booking, typed):
    with pytest.raises(refusals.NotFound):
        find_for_counter(location=place, typed=typed, now=now)


def test_another_place_is_named_but_not_the_person(place, now, booking):
    elsewhere = factories.location("dispendukcapil")
    with pytest.raises(refusals.WrongLocation) as refusal:
        find_for_counter(location=elsewhere, typed=booking.code, now=now)
    assert place.name in str(refusal.value.message)
    assert booking.full_name not in str(refusal.value.message)


def test_another_day_is_told(place, now, booking):
    with pytest.raises(refusals.WrongDay):
        find_for_counter(location=place, typed=booking.code, now=now - timedelta(days=1))


def test_too_early_says_from_when_and_late_people_are_taken_in(place, slot, booking, arrive):
    early = timedelta(minutes=place.early_minutes)
    with pytest.raises(refusals.TooEarly) as refusal:
        arrive(booking, now=slot.starts_at - early - timedelta(seconds=1))
    assert refusal.value.opens_at == slot.starts_at - early
    assert arrive(booking, now=slot.ends_at + timedelta(hours=3)).code == VerdictCode.ADMITTED


def test_a_cancelled_booking_does_not_come_in(booking, arrive):
    cancel(booking_id=booking.pk, actor=Actor.SUPERVISOR, who=STAFF, why="test")
    with pytest.raises(refusals.InvalidTransition):
        arrive(booking)


# --- The screening --------------------------------------------------------------------------------


def test_who_passes_gets_a_number_and_the_day_counts_on(slot, arrive):
    numbers = [arrive(booking).queue_number for booking in factories.fill(slot, 3)]
    assert numbers == [1, 2, 3]
    assert QueueDay.objects.get().last_number == 3


def test_a_second_scan_changes_nothing(booking, arrive):
    first = arrive(booking)
    events = VisitEvent.objects.count()
    second = arrive(booking)
    assert (second.code, second.queue_number) == (VerdictCode.ALREADY_IN, first.queue_number)
    assert VisitEvent.objects.count() == events
    assert QueueDay.objects.get().last_number == 1


@pytest.mark.parametrize("missing", ["temperature_c", "mask"])
def test_what_the_protocol_asks_must_be_answered(booking, arrive, missing):
    with pytest.raises(refusals.FieldRefusal) as refusal:
        arrive(booking, **{missing: None})
    assert (refusal.value.attr, refusal.value.code) == (missing, "required")
    assert not Visit.objects.exists()


def test_who_says_nothing_of_symptoms_reports_none(booking, arrive):
    assert arrive(booking, symptoms=None).code == VerdictCode.ADMITTED


def test_a_level_that_asks_nothing_needs_no_answers_and_keeps_none(place, booking, arrive):
    place.protocol = factories.protocol(
        "normal", rank=1, mask="if_coughing", temperature_limit=None, asks_symptoms=False
    )
    place.save()
    nothing = {"mask": None, "symptoms": None, "temperature_c": Decimal("39.0")}
    assert arrive(booking, **nothing).code == VerdictCode.ADMITTED
    assert Visit.objects.get().temperature_c is None


def test_without_a_mask_nothing_is_written(booking, arrive):
    assert arrive(booking, mask=False).code == VerdictCode.MASK_REQUIRED
    assert not Visit.objects.exists()


def test_the_limit_itself_is_too_high(booking, arrive):
    assert arrive(booking, temperature_c=Decimal("37.2")).code == VerdictCode.ADMITTED


def test_a_first_high_reading_is_measured_again_after_five_minutes(booking, now, arrive):
    verdict = arrive(booking, **HOT)
    assert (verdict.code, verdict.recheck_at) == (VerdictCode.RECHECK, now + timedelta(minutes=5))
    assert status(booking) == Status.BOOKED
    again = arrive(booking, **HOT, now=now + timedelta(minutes=4))
    assert (again.code, again.recheck_at) == (VerdictCode.RECHECK, verdict.recheck_at)


def test_a_low_second_reading_lets_in(booking, now, arrive):
    arrive(booking, **HOT)
    assert arrive(booking, now=now + timedelta(minutes=5)).code == VerdictCode.ADMITTED


def test_a_high_second_reading_defers_and_says_so_again(booking, slot, now, arrive, monkeypatch):
    told = []
    monkeypatch.setattr(
        "services.messages.plan_deferred", lambda booking, *args, **kwargs: told.append(booking.pk)
    )
    arrive(booking, **HOT)
    later = {"now": now + timedelta(minutes=5)}
    assert arrive(booking, **HOT, **later).code == VerdictCode.DEFERRED
    assert arrive(booking, **FINE, **later).code == VerdictCode.DEFERRED
    assert told == [booking.pk]
    assert status(booking) == Status.DEFERRED
    slot.refresh_from_db()
    assert slot.booked == 0


def test_symptoms_defer_at_once(booking, arrive):
    assert arrive(booking, symptoms=True).code == VerdictCode.DEFERRED


def test_the_figure_is_kept_until_the_evening_and_never_in_the_history(booking, now, arrive):
    arrive(booking, temperature_c=Decimal("36.4"))
    assert Visit.objects.get().temperature_c == Decimal("36.4")
    assert not [field for field in VisitEvent._meta.fields if "temperature" in field.name]
    assert day_end.erase_temperatures(now) == 0
    assert day_end.erase_temperatures(now + timedelta(days=1)) == 1
    kept = Visit.objects.get()
    assert (kept.temperature_c, kept.verdict) == (None, Visit.Verdict.PASSED)


def test_a_deferred_person_comes_back_on_another_day_with_the_same_code(
    place, now, booking, arrive
):
    arrive(booking, symptoms=True)
    other = factories.slot(place, factories.at_local(5))
    reschedule(
        booking_id=booking.pk, slot_id=other.pk, actor=Actor.RESIDENT, who="resident", why="moved"
    )
    verdict = arrive(booking, now=other.starts_at)
    assert (verdict.code, verdict.queue_number) == (VerdictCode.ADMITTED, 1)


# --- The room -------------------------------------------------------------------------------------


def test_the_room_takes_people_with_their_companions_up_to_its_limit(place, slot, arrive):
    place.room_square_metres = 16  # at 4 m² each: four people
    place.save()
    first, second, third = factories.fill(slot, 3)
    assert arrive(first, companions=1).code == VerdictCode.ADMITTED
    full = arrive(second, companions=2)
    assert (full.code, full.inside, full.inside_limit) == (VerdictCode.ROOM_FULL, 2, 4)
    assert status(second) == Status.BOOKED
    assert arrive(third, companions=1).code == VerdictCode.ADMITTED


def test_who_leaves_makes_room(place, slot, arrive, call):
    place.room_square_metres = 4
    place.save()
    first, second = factories.fill(slot, 2)
    arrive(first)
    assert arrive(second).code == VerdictCode.ROOM_FULL
    call()
    visit.record(location=place, code=first.code, who=STAFF)
    assert arrive(second).code == VerdictCode.ADMITTED


# --- Calling and recording ------------------------------------------------------------------------


def test_people_are_called_in_order_and_each_by_one_counter(slot, arrive, call):
    people = factories.fill(slot, 2)
    for person in people:
        arrive(person)
    assert call(1) == people[0]
    assert call(2) == people[1]


def test_priority_goes_first(slot, arrive, call):
    service = factories.service(at=slot.location)
    plain = factories.booking(slot)
    elderly = factories.booking(slot, service, factories.person(support=("elderly",)))
    arrive(plain)
    arrive(elderly)
    assert call() == elderly


def test_a_button_pressed_twice_calls_nobody_else(slot, arrive, call):
    for person in factories.fill(slot, 2):
        arrive(person)
    assert call(1) == call(1)
    assert Booking.objects.filter(status=Status.CALLED).count() == 1


def test_nobody_waits_and_no_such_counter(booking, call):
    assert call() is None
    with pytest.raises(refusals.NotFound):
        call(9)


def test_recording_twice_is_harmless_and_undoing_it_is_not_possible(place, booking, arrive, call):
    arrive(booking)
    call()
    visit.record(location=place, code=booking.code, who=STAFF)
    events = BookingEvent.objects.count()
    visit.record(location=place, code=booking.code, who=STAFF)
    assert BookingEvent.objects.count() == events
    assert status(booking) == Status.RECORDED
    with pytest.raises(refusals.InvalidTransition):
        visit.no_show(location=place, code=booking.code, who=STAFF)


def test_recording_somebody_who_was_not_called_is_refused(place, booking, arrive):
    arrive(booking)
    with pytest.raises(refusals.InvalidTransition):
        visit.record(location=place, code=booking.code, who=STAFF)


def test_not_recorded_keeps_its_reason(place, booking, arrive, call):
    arrive(booking)
    call()
    end = {"location": place, "code": booking.code, "who": STAFF}
    with pytest.raises(refusals.FieldRefusal):
        visit.not_recorded(**end, reason="bored")
    visit.not_recorded(**end, reason="equipment")
    visit.not_recorded(**end, reason="equipment")
    with pytest.raises(refusals.InvalidTransition):
        visit.not_recorded(**end, reason="biometrics")
    assert Visit.objects.get().outcome_reason == "equipment"


def test_parked_people_keep_their_number_and_are_called_again(place, booking, arrive, call):
    number = arrive(booking).queue_number
    call(1)
    visit.recall(location=place, code=booking.code, who=STAFF)
    assert Visit.objects.get().calls == 2
    visit.park(location=place, code=booking.code, who=STAFF)
    visit.park(location=place, code=booking.code, who=STAFF)
    again = call(2)
    assert (again.visit.queue_number, again.visit.counter.number) == (number, 2)


def test_parking_is_only_for_who_is_at_a_counter(place, booking):
    with pytest.raises(refusals.InvalidTransition):
        visit.park(location=place, code=booking.code, who=STAFF)


def test_who_is_admitted_at_the_second_reading_is_answered_with_their_number(booking, now, arrive):
    arrive(booking, **HOT)
    later = arrive(booking, now=now + timedelta(minutes=5), companions=1)
    assert later.code == VerdictCode.ADMITTED
    assert (later.booking.visit.queue_number, later.booking.visit.companions) == (1, 1)


def test_absent_people_who_arrive_after_all_are_taken_in(place, slot, booking, arrive, now):
    visit.no_show(location=place, code=booking.code, who=STAFF, now=now)
    slot.refresh_from_db()
    assert slot.booked == 0
    assert arrive(booking).code == VerdictCode.ADMITTED
    slot.refresh_from_db()
    assert slot.booked == 1


def test_absent_people_whose_place_is_gone_are_told_so(place, slot, arrive, now):
    people = factories.fill(slot, 5)
    visit.no_show(location=place, code=people[0].code, who=STAFF, now=now)
    factories.booking(slot)
    with pytest.raises(refusals.SlotFull):
        arrive(people[0])
    assert not Visit.objects.exists()


@pytest.mark.parametrize("verb", ["record", "park", "recall", "no_show", "defer"])
def test_a_booking_of_another_place_does_not_exist_here(booking, verb):
    elsewhere = factories.location("dispendukcapil")
    with pytest.raises(refusals.NotFound):
        getattr(visit, verb)(location=elsewhere, code=booking.code, who=STAFF)


def test_the_history_says_who(booking, arrive):
    arrive(booking)
    event = BookingEvent.objects.filter(status=Status.CHECKED_IN).get()
    assert event.pgh_context == {"who": STAFF, "why": "check-in"}


def test_checking_in_takes_few_statements(booking, arrive, django_assert_max_num_queries):
    with django_assert_max_num_queries(11):
        arrive(booking)


# --- The day, read --------------------------------------------------------------------------------


def test_the_board_shows_numbers_and_no_names(place, slot, now, arrive, call):
    for person in factories.fill(slot, 3):
        arrive(person, companions=1)
    call(2)
    board = visit.board(place, now)
    assert [(one.number, one.counter) for one in board.called] == [(1, 2)]
    assert board.waiting == [2, 3]
    assert (board.inside, board.inside_limit) == (6, 15)


def test_today_lists_who_waits_who_is_called_and_who_is_still_to_come(
    place, slot, now, arrive, call
):
    people = factories.fill(slot, 4)
    for person in people[:3]:
        arrive(person)
    call()
    today = visit.today_at(place, now)
    assert today.called == [people[0]]
    assert today.waiting == people[1:3]
    assert today.upcoming == [people[3]]
    assert (today.inside, today.places_left, today.slots[0].came) == (3, 12, 3)


@pytest.mark.parametrize("people", [1, 5])
def test_reading_the_day_takes_as_many_statements_for_one_as_for_many(
    place, slot, now, arrive, people, django_assert_num_queries
):
    for person in factories.fill(slot, people):
        arrive(person)
    with django_assert_num_queries(2):
        visit.today_at(place, now)
    with django_assert_num_queries(1):
        visit.board(place, now)


# --- The end of the day ---------------------------------------------------------------------------


def test_who_did_not_come_is_marked_where_the_day_shows_life(slot, arrive):
    came, absent = factories.fill(slot, 2)
    arrive(came)
    evening = slot.ends_at + timedelta(hours=3)
    assert day_end.mark_no_shows(slot.ends_at + timedelta(hours=1)) == 0
    assert day_end.mark_no_shows(evening) == 1
    assert day_end.mark_no_shows(evening) == 0
    assert (status(came), status(absent)) == (Status.CHECKED_IN, Status.NO_SHOW)


def test_a_location_that_never_opened_gives_a_new_choice_instead(booking, slot):
    next_day = slot.ends_at + timedelta(days=1)
    assert day_end.mark_no_shows(next_day) == 0
    assert day_end.defer_unserved(slot.ends_at + timedelta(hours=3)) == 0
    assert day_end.defer_unserved(next_day) == 1
    assert status(booking) == Status.DEFERRED


def test_nobody_is_marked_while_a_later_slot_of_the_day_is_still_open(place, slot, arrive):
    came, absent = factories.fill(slot, 2)
    arrive(came)
    factories.slot(place, slot.starts_at + timedelta(hours=4))
    assert day_end.mark_no_shows(slot.ends_at + timedelta(hours=3)) == 0
    assert status(absent) == Status.BOOKED
