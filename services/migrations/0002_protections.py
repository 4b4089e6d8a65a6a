"""What the database holds about bookings (invariants 1, 2 and 6), in plain SQL.

Not as pgtrigger triggers: any session may switch those off with a setting. The counting function
runs as its owner, since the application may not write a slot's counter. It runs AFTER the row was
written, so a row that `ON CONFLICT DO NOTHING` left out is not counted, and its name puts it behind
the history trigger, so that the slot's row is locked by the last write before the commit.

Refusals carry the constraint names that services/booking.py knows: slot_full, slot_closed,
slot_missing, booking_move, booking_starts_booked.
"""

from django.db import migrations

PROTECTIONS = """
CREATE FUNCTION count_booking() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
DECLARE
    held bigint;
    wants bigint;
    shut boolean;
    found_slot boolean;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        IF OLD.status IN ('booked', 'checked_in', 'called', 'recorded', 'not_recorded') THEN
            held := OLD.slot_id;
        END IF;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        IF NEW.status IN ('booked', 'checked_in', 'called', 'recorded', 'not_recorded') THEN
            wants := NEW.slot_id;
        END IF;
    END IF;
    IF held IS NOT DISTINCT FROM wants THEN
        RETURN NULL;
    END IF;
    IF held IS NOT NULL AND wants IS NOT NULL THEN
        -- Both slots in one order for everybody: two people who swap places cannot deadlock.
        PERFORM 1 FROM locations_slot WHERE id IN (held, wants) ORDER BY id FOR NO KEY UPDATE;
    END IF;
    IF wants IS NOT NULL THEN
        UPDATE locations_slot SET booked = booked + 1
            WHERE id = wants AND closure_id IS NULL AND booked < capacity
            AND (NEW.takes_reserve OR booked < capacity - reserve
                 OR (starts_at AT TIME ZONE 'Asia/Jakarta')::date
                    <= (now() AT TIME ZONE 'Asia/Jakarta')::date);
        IF NOT FOUND THEN
            SELECT true, closure_id IS NOT NULL INTO found_slot, shut
                FROM locations_slot WHERE id = wants;
            RAISE EXCEPTION USING ERRCODE = '23514', MESSAGE = 'no place in this slot',
                CONSTRAINT = CASE WHEN found_slot IS NULL THEN 'slot_missing'
                    WHEN shut THEN 'slot_closed' ELSE 'slot_full' END;
        END IF;
    END IF;
    IF held IS NOT NULL THEN
        UPDATE locations_slot SET booked = booked - 1, excess = greatest(0, booked - 1 - capacity)
            WHERE id = held;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER zz_count_booking AFTER INSERT OR DELETE OR UPDATE OF slot_id, status
    ON services_booking FOR EACH ROW EXECUTE FUNCTION count_booking();

CREATE FUNCTION booking_moves_by_the_table() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status IS DISTINCT FROM NEW.status AND (OLD.status, NEW.status) NOT IN (
        ('booked', 'checked_in'), ('booked', 'cancelled'), ('booked', 'no_show'),
        ('booked', 'deferred'),
        ('checked_in', 'called'), ('checked_in', 'deferred'), ('checked_in', 'no_show'),
        ('called', 'checked_in'), ('called', 'recorded'), ('called', 'not_recorded'),
        ('called', 'deferred'), ('called', 'no_show'),
        ('no_show', 'checked_in'), ('no_show', 'deferred'),
        ('deferred', 'booked'), ('deferred', 'cancelled')
    ) THEN
        RAISE EXCEPTION USING ERRCODE = '23514', CONSTRAINT = 'booking_move',
            MESSAGE = 'this move is not in the table of moves';
    END IF;
    IF OLD.slot_id IS DISTINCT FROM NEW.slot_id AND NEW.status <> 'booked' THEN
        RAISE EXCEPTION USING ERRCODE = '23514', CONSTRAINT = 'booking_move',
            MESSAGE = 'only a booking before its visit changes its slot';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER booking_moves_by_the_table BEFORE UPDATE OF status, slot_id ON services_booking
    FOR EACH ROW EXECUTE FUNCTION booking_moves_by_the_table();

CREATE FUNCTION booking_is_refused() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = '23514', CONSTRAINT = TG_ARGV[0],
        MESSAGE = 'refused by ' || TG_ARGV[0];
END $$;

CREATE TRIGGER booking_starts_booked BEFORE INSERT ON services_booking
    FOR EACH ROW WHEN (NEW.status <> 'booked')
    EXECUTE FUNCTION booking_is_refused('booking_starts_booked');

CREATE TRIGGER booking_is_not_truncated BEFORE TRUNCATE ON services_booking
    FOR EACH STATEMENT EXECUTE FUNCTION booking_is_refused('booking_is_not_truncated');

ALTER TABLE services_ratecount SET UNLOGGED;
"""

NO_PROTECTIONS = """
ALTER TABLE services_ratecount SET LOGGED;
DROP TRIGGER booking_is_not_truncated ON services_booking;
DROP TRIGGER booking_starts_booked ON services_booking;
DROP FUNCTION booking_is_refused();
DROP TRIGGER booking_moves_by_the_table ON services_booking;
DROP FUNCTION booking_moves_by_the_table();
DROP TRIGGER zz_count_booking ON services_booking;
DROP FUNCTION count_booking();
"""


class Migration(migrations.Migration):
    dependencies = [("services", "0001_initial"), ("locations", "0002_slot_guards")]
    operations = [migrations.RunSQL(PROTECTIONS, NO_PROTECTIONS)]
