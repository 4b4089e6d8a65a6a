"""Guards of the slot's counter, in plain SQL: a session setting can switch a pgtrigger trigger off.

`booked` and `excess` are written by the counting trigger of services alone; `excess` follows a
changed capacity by itself. The owner of the tables is held to it too, not only the application.
"""

from django.db import migrations

GUARDS = """
CREATE FUNCTION slot_excess_follows_capacity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.excess := greatest(0, NEW.booked - NEW.capacity);
    RETURN NEW;
END $$;

CREATE TRIGGER slot_excess_follows_capacity BEFORE UPDATE OF capacity ON locations_slot
    FOR EACH ROW WHEN (OLD.capacity IS DISTINCT FROM NEW.capacity)
    EXECUTE FUNCTION slot_excess_follows_capacity();

CREATE FUNCTION slot_counter_is_not_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = '23514', CONSTRAINT = 'slot_counter_is_not_written',
        MESSAGE = 'booked and excess are kept by triggers';
END $$;

CREATE TRIGGER slot_a_counter_is_not_written BEFORE UPDATE OF booked, excess ON locations_slot
    FOR EACH ROW WHEN (pg_trigger_depth() = 0 AND
        (OLD.booked IS DISTINCT FROM NEW.booked OR OLD.excess IS DISTINCT FROM NEW.excess))
    EXECUTE FUNCTION slot_counter_is_not_written();

CREATE TRIGGER slot_starts_empty BEFORE INSERT ON locations_slot
    FOR EACH ROW WHEN (NEW.booked <> 0 OR NEW.excess <> 0)
    EXECUTE FUNCTION slot_counter_is_not_written();

-- People were told a time and a place: they are moved by their booking, never by the slot.
CREATE FUNCTION slot_with_bookings_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = '23514', CONSTRAINT = 'slot_with_bookings_stays',
        MESSAGE = 'a slot that holds bookings keeps its time and place';
END $$;

CREATE TRIGGER slot_with_bookings_stays BEFORE UPDATE OF starts_at, ends_at, location_id
    ON locations_slot FOR EACH ROW WHEN (OLD.booked > 0 AND
        (OLD.starts_at, OLD.ends_at, OLD.location_id)
        IS DISTINCT FROM (NEW.starts_at, NEW.ends_at, NEW.location_id))
    EXECUTE FUNCTION slot_with_bookings_stays();
"""

NO_GUARDS = """
DROP TRIGGER slot_with_bookings_stays ON locations_slot;
DROP FUNCTION slot_with_bookings_stays();
DROP TRIGGER slot_starts_empty ON locations_slot;
DROP TRIGGER slot_a_counter_is_not_written ON locations_slot;
DROP TRIGGER slot_excess_follows_capacity ON locations_slot;
DROP FUNCTION slot_counter_is_not_written();
DROP FUNCTION slot_excess_follows_capacity();
"""


class Migration(migrations.Migration):
    dependencies = [("locations", "0001_initial")]
    operations = [migrations.RunSQL(GUARDS, NO_GUARDS)]
