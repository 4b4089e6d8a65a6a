"""What the database refuses by itself, whoever writes: raw SQL as the application's own role."""

from itertools import product

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError

from ektp_booking.protections import history_tables
from locations.models import Slot
from services.conflicts import constraint_of
from services.lifecycle import HOLDING, MOVES, Status
from services.models import Booking, BookingEvent
from tests import factories
from tests.conftest import owner_cursor

pytestmark = pytest.mark.django_db


@pytest.fixture
def place():
    return factories.location()


@pytest.fixture
def service(place):
    return factories.service(at=place)


def sql(statement: str, *values) -> int:
    """One statement in a savepoint; the number of rows."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.rowcount


def refused(statement: str, *values) -> str:
    """The name of the constraint that refuses the statement."""
    with pytest.raises(IntegrityError) as error:
        sql(statement, *values)
    return constraint_of(error.value)


def forbidden(statement: str) -> bool:
    with pytest.raises(ProgrammingError) as error:
        sql(statement)
    return error.value.__cause__.sqlstate == "42501"


COPY = """
    INSERT INTO services_booking
    SELECT (b2).* FROM (
        SELECT jsonb_populate_record(b, jsonb_build_object(
            'id', gen_random_uuid(), 'code', substr(md5(random()::text), 1, 8),
            'nik_hash', '\\x' || md5(random()::text), 'slot_id', %s)) AS b2
        FROM services_booking b WHERE status = 'booked' LIMIT 1) AS copied"""


def test_raw_sql_cannot_put_one_more_into_a_full_slot(place, service):
    slot = factories.slot(place, capacity=1)
    factories.booking(slot, service)
    assert refused(COPY, slot.pk) == "slot_full"
    roomy = factories.slot(place, factories.at_local(4), capacity=1)
    assert sql(COPY, roomy.pk) == 1
    assert Slot.objects.get(pk=roomy.pk).booked == 1


def test_raw_sql_cannot_put_anybody_into_a_closed_slot(place, service):
    factories.booking(factories.slot(place), service)
    shut = factories.slot(place, factories.at_local(4))
    closure = place.closures.create(
        starts_at=shut.starts_at, ends_at=shut.ends_at, reason="alat rusak"
    )
    Slot.objects.filter(pk=shut.pk).update(closure=closure)
    assert refused(COPY, shut.pk) == "slot_closed"


def test_a_session_setting_switches_neither_counting_nor_history_off(place, service):
    slot = factories.slot(place, capacity=1)
    mine = factories.booking(slot, service)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(tgname, ',') FROM pg_trigger WHERE tgrelid ="
            " 'services_booking'::regclass AND NOT tgisinternal"
        )
        ((names,),) = cursor.fetchall()
    sql("SELECT set_config('pgtrigger.ignore', %s, true)", "{" + names + "}")

    assert refused(COPY, slot.pk) == "slot_full"
    sql("UPDATE services_booking SET status = 'cancelled' WHERE id = %s", mine.pk)
    assert Slot.objects.get(pk=slot.pk).booked == 0
    assert BookingEvent.objects.filter(pgh_obj=mine, status="cancelled").exists()


def test_the_application_may_not_write_the_counter_nor_change_the_schema(place, service):
    factories.booking(factories.slot(place), service)
    for statement in [
        "UPDATE locations_slot SET booked = 0",
        "UPDATE locations_slot SET excess = 5",
        "TRUNCATE services_booking CASCADE",
        "TRUNCATE locations_slot CASCADE",
        "DELETE FROM services_booking",
        "ALTER TABLE services_booking DISABLE TRIGGER ALL",
        "DROP TRIGGER zz_count_booking ON services_booking",
        "CREATE TABLE mine (id int)",
        "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION count_booking() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RETURN NULL; END'",
    ]:
        assert forbidden(statement), statement


def test_a_slot_starts_empty(place):
    assert (
        refused(
            "INSERT INTO locations_slot (location_id, starts_at, ends_at, capacity, reserve,"
            " booked, edited) VALUES (%s, now(), now() + interval '1 hour', 5, 0, 3, false)",
            place.pk,
        )
        == "slot_counter_is_not_written"
    )


def test_slots_of_a_place_never_overlap(place):
    slot = factories.slot(place)
    elsewhere = factories.location()
    insert = (
        "INSERT INTO locations_slot (location_id, starts_at, ends_at, capacity, reserve, edited)"
        " VALUES (%s, %s::timestamptz + interval '10 minutes',"
        " %s::timestamptz + interval '50 minutes', 5, 0, false)"
    )
    assert refused(insert, place.pk, slot.starts_at, slot.starts_at) == "slot_overlaps"
    assert sql(insert, elsewhere.pk, slot.starts_at, slot.starts_at) == 1


def test_a_slot_that_holds_bookings_keeps_its_time_and_place(place, service):
    slot, empty = factories.slots(place, 2, capacity=3)
    factories.booking(slot, service)
    later = "UPDATE locations_slot SET ends_at = ends_at - interval '5 minutes' WHERE id = %s"
    assert refused(later, slot.pk) == "slot_with_bookings_stays"
    assert sql(later, empty.pk) == 1
    sql("UPDATE services_booking SET status = 'cancelled'")
    assert sql(later, slot.pk) == 1


def test_history_can_be_read_and_nothing_else(place, service):
    factories.booking(factories.slot(place), service)
    assert "services_bookingevent" in history_tables()
    assert "locations_slotevent" in history_tables()
    for table in history_tables():
        for statement in (
            f"UPDATE {table} SET pgh_label = 'x'",
            f"DELETE FROM {table}",
            f"INSERT INTO {table} DEFAULT VALUES",
            f"TRUNCATE {table}",
        ):
            assert forbidden(statement), statement


def test_a_cut_below_what_is_booked_drains_and_lets_nobody_new_in(place, service):
    slot = factories.slot(place, capacity=5)
    made = [factories.booking(slot, service) for _ in range(4)]
    Slot.objects.filter(pk=slot.pk).update(capacity=2)
    row = Slot.objects.get(pk=slot.pk)
    assert (row.booked, row.capacity, row.excess) == (4, 2, 2)
    assert refused(COPY, slot.pk) == "slot_full"

    for number, (booked, excess) in enumerate([(3, 1), (2, 0), (1, 0)]):
        sql("UPDATE services_booking SET status = 'cancelled' WHERE id = %s", made[number].pk)
        row = Slot.objects.get(pk=slot.pk)
        assert (row.booked, row.excess) == (booked, excess)
    assert sql(COPY, slot.pk) == 1
    assert refused(COPY, slot.pk) == "slot_full"


def test_a_raise_of_a_draining_slot_ends_the_excess(place, service):
    slot = factories.slot(place, capacity=3)
    for _ in range(3):
        factories.booking(slot, service)
    Slot.objects.filter(pk=slot.pk).update(capacity=1)
    Slot.objects.filter(pk=slot.pk).update(capacity=4)
    row = Slot.objects.get(pk=slot.pk)
    assert (row.booked, row.excess) == (3, 0)
    assert sql(COPY, slot.pk) == 1
    assert refused(COPY, slot.pk) == "slot_full"


#: How a fresh booking is brought into each state, by allowed moves.
PATHS: dict[str, list[str]] = {
    "booked": [],
    "checked_in": ["checked_in"],
    "called": ["checked_in", "called"],
    "recorded": ["checked_in", "called", "recorded"],
    "not_recorded": ["checked_in", "called", "not_recorded"],
    "cancelled": ["cancelled"],
    "no_show": ["no_show"],
    "deferred": ["deferred"],
}


@pytest.mark.parametrize(("current", "target"), list(product(Status.values, Status.values)))
def test_the_database_allows_exactly_the_moves_of_the_table(place, service, current, target):
    slot = factories.slot(place)
    mine = factories.booking(slot, service)
    for step in PATHS[current]:
        Booking.objects.filter(pk=mine.pk).update(status=step)
    update = "UPDATE services_booking SET status = %s WHERE id = %s"

    if current == target or (Status(current), Status(target)) in MOVES:
        assert sql(update, target, mine.pk) == 1
        holds = target in HOLDING
    else:
        assert refused(update, target, mine.pk) == "booking_move"
        holds = current in HOLDING
    assert Slot.objects.get(pk=slot.pk).booked == int(holds)


def test_a_booking_begins_as_booked_and_moves_its_slot_only_before_the_visit(place, service):
    slot, other = factories.slots(place, 2)
    mine = factories.booking(slot, service)
    assert (
        refused(COPY.replace("'slot_id'", "'status', 'recorded', 'slot_id'"), other.pk)
        == "booking_starts_booked"
    )
    Booking.objects.filter(pk=mine.pk).update(status="checked_in")
    assert (
        refused("UPDATE services_booking SET slot_id = %s WHERE id = %s", other.pk, mine.pk)
        == "booking_move"
    )


def test_a_row_left_out_by_on_conflict_is_not_counted(place, service):
    slot = factories.slot(place)
    factories.booking(slot, service)
    doubled = (
        "INSERT INTO services_booking SELECT (b2).* FROM (SELECT jsonb_populate_record(b,"
        " jsonb_build_object('id', gen_random_uuid(), 'code', 'AAAAAAAA')) AS b2"
        " FROM services_booking b LIMIT 1) AS copied ON CONFLICT DO NOTHING"
    )
    assert sql(doubled) == 0
    assert Slot.objects.get(pk=slot.pk).booked == 1


@pytest.mark.django_db(transaction=True)
def test_even_the_owner_cannot_truncate_bookings_or_write_the_counter():
    place = factories.location()
    factories.booking(factories.slot(place), factories.service(at=place))
    import psycopg

    for statement in (
        "TRUNCATE services_booking CASCADE",
        "UPDATE locations_slot SET booked = 0",
        "UPDATE locations_slot SET excess = 1",
    ):
        with pytest.raises(psycopg.errors.IntegrityError), owner_cursor() as cursor:
            cursor.execute(statement)
