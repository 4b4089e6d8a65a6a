"""A receipt that comes late says the truth of what had expired or been withdrawn meanwhile as well.

The table of moves (models.MOVES) as a whole, as the trigger holds it.
"""

from django.db import migrations

MOVES = """
CREATE OR REPLACE FUNCTION notifications_message_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        RAISE EXCEPTION USING ERRCODE = '23514', CONSTRAINT = 'message_moves',
            MESSAGE = format('a message begins as planned, not as %s', NEW.state);
    END IF;
    IF NEW.fence < OLD.fence THEN
        RAISE EXCEPTION USING ERRCODE = '23514', CONSTRAINT = 'message_fence',
            MESSAGE = 'a fence never goes back';
    END IF;
    IF OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN (
        ('planned', 'due'), ('planned', 'expired'), ('planned', 'withdrawn'),
        ('due', 'planned'), ('due', 'sending'), ('due', 'expired'), ('due', 'withdrawn'),
        ('sending', 'planned'), ('sending', 'due'), ('sending', 'sent'), ('sending', 'delivered'),
        ('sending', 'failed'), ('sending', 'expired'), ('sending', 'withdrawn'),
        ('sent', 'due'), ('sent', 'delivered'), ('sent', 'failed'),
        @LATE@
    ) THEN
        RAISE EXCEPTION USING ERRCODE = '23514', CONSTRAINT = 'message_moves',
            MESSAGE = format('a message does not go from %s to %s', OLD.state, NEW.state);
    END IF;
    RETURN NEW;
END $$;
"""
BEFORE = "('failed', 'delivered')"
NOW = f"{BEFORE}, ('expired', 'delivered'), ('withdrawn', 'delivered')"


class Migration(migrations.Migration):
    dependencies = [("notifications", "0005_opening")]
    operations = [migrations.RunSQL(MOVES.replace("@LATE@", NOW), MOVES.replace("@LATE@", BEFORE))]
