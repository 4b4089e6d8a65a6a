"""The table of moves (models.MOVES) and the fence, held by the database whoever writes."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION notifications_message_moves() RETURNS trigger LANGUAGE plpgsql AS $$
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
        ('planned', 'sending'), ('planned', 'expired'), ('planned', 'withdrawn'),
        ('sending', 'planned'), ('sending', 'sent'), ('sending', 'failed'),
        ('sending', 'expired'), ('sending', 'withdrawn')
    ) THEN
        RAISE EXCEPTION USING ERRCODE = '23514', CONSTRAINT = 'message_moves',
            MESSAGE = format('a message does not go from %s to %s', OLD.state, NEW.state);
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER message_begins BEFORE INSERT ON notifications_message
    FOR EACH ROW WHEN (NEW.state <> 'planned') EXECUTE FUNCTION notifications_message_moves();

CREATE TRIGGER message_moves BEFORE UPDATE OF state, fence ON notifications_message
    FOR EACH ROW WHEN (OLD.state <> NEW.state OR NEW.fence < OLD.fence)
    EXECUTE FUNCTION notifications_message_moves();
"""

BACKWARD = """
DROP TRIGGER message_moves ON notifications_message;
DROP TRIGGER message_begins ON notifications_message;
DROP FUNCTION notifications_message_moves();
"""


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
