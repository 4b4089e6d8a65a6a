"""The table of moves (models.MOVES), the fence, and words that stay as they were published.

Held by the database, whoever writes.
"""

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
        ('planned', 'due'), ('planned', 'expired'), ('planned', 'withdrawn'),
        ('due', 'planned'), ('due', 'sending'), ('due', 'expired'), ('due', 'withdrawn'),
        ('sending', 'planned'), ('sending', 'due'), ('sending', 'sent'), ('sending', 'delivered'),
        ('sending', 'failed'), ('sending', 'expired'), ('sending', 'withdrawn'),
        ('sent', 'due'), ('sent', 'delivered'), ('sent', 'failed'),
        ('failed', 'delivered')
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

CREATE FUNCTION notifications_text_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = '23514', CONSTRAINT = 'text_fixed',
        MESSAGE = 'a published text is never changed, it is replaced by a new version';
END $$;

CREATE TRIGGER text_fixed BEFORE UPDATE ON notifications_text
    FOR EACH ROW WHEN (
        OLD.state <> 'draft' AND (
            (OLD.kind, OLD.language, OLD.channel, OLD.version, OLD.wording, OLD.subject)
            IS DISTINCT FROM
            (NEW.kind, NEW.language, NEW.channel, NEW.version, NEW.wording, NEW.subject)
            OR NEW.state = 'draft'
        )
    ) EXECUTE FUNCTION notifications_text_fixed();

CREATE TRIGGER text_kept BEFORE DELETE ON notifications_text
    FOR EACH ROW WHEN (OLD.state <> 'draft') EXECUTE FUNCTION notifications_text_fixed();
"""

BACKWARD = """
DROP TRIGGER text_kept ON notifications_text;
DROP TRIGGER text_fixed ON notifications_text;
DROP FUNCTION notifications_text_fixed();
DROP TRIGGER message_moves ON notifications_message;
DROP TRIGGER message_begins ON notifications_message;
DROP FUNCTION notifications_message_moves();
"""


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
