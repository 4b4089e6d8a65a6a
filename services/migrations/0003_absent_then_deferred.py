"""Who was marked as absent, arrives after all and is turned away for health: deferred."""

from django.db import migrations

MOVES = """
CREATE OR REPLACE FUNCTION booking_moves_by_the_table() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status IS DISTINCT FROM NEW.status AND (OLD.status, NEW.status) NOT IN (
        ('booked', 'checked_in'), ('booked', 'cancelled'), ('booked', 'no_show'),
        ('booked', 'deferred'),
        ('checked_in', 'called'), ('checked_in', 'deferred'), ('checked_in', 'no_show'),
        ('called', 'checked_in'), ('called', 'recorded'), ('called', 'not_recorded'),
        ('called', 'deferred'), ('called', 'no_show'),
        ('no_show', 'checked_in'){absent},
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
"""


class Migration(migrations.Migration):
    dependencies = [("services", "0002_protections")]
    operations = [
        migrations.RunSQL(MOVES.format(absent=", ('no_show', 'deferred')"), MOVES.format(absent=""))
    ]
