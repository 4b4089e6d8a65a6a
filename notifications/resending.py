"""Sending a message again because staff ask for it: a new row, never a second life of the old."""

from __future__ import annotations

from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from .description import is_moot
from .models import OPEN, Message, State, new_reference


class CannotResend(Exception):
    """Refused; `code` is one of REASONS, which say it in words."""

    REASONS = {
        "open": _("Pesan ini masih menunggu giliran atau sedang dikirim."),
        "withdrawn": _("Pesan ini sudah ditarik kembali karena tidak berlaku lagi."),
        "moot": _("Isi pesan ini tidak berlaku lagi."),
        "past": _("Waktu untuk pesan ini sudah lewat."),
    }

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def plan_again(message: Message) -> UUID:
    """Plan what `message` says once more, as things stand now; returns the new row's id.

    Raises CannotResend while one of its rows is still open, where it has been withdrawn or become
    moot, and where its time is over. Two people who ask at once get one row.
    """
    with transaction.atomic():
        rows = Message.objects.filter(
            subject=message.subject, kind=message.kind, occasion=message.occasion
        )
        latest = list(rows.select_for_update().order_by("repeat"))[-1]
        if latest.state in OPEN:
            raise CannotResend("open")
        if latest.state == State.WITHDRAWN:
            raise CannotResend("withdrawn")
        if is_moot(latest):
            raise CannotResend("moot")
        return _insert(latest)


def _insert(latest: Message) -> UUID:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO notifications_message
                   (id, subject, kind, occasion, repeat, details, send_after, send_before,
                    may_wake, patient_until, next_attempt_at, reference)
            SELECT %s, subject, kind, occasion, repeat + 1, details, statement_timestamp(),
                   send_before, may_wake, patient_until, statement_timestamp(), %s
              FROM notifications_message
             WHERE id = %s AND send_before > statement_timestamp()
                ON CONFLICT (subject, kind, occasion, repeat) DO NOTHING
            RETURNING id
            """,
            [uuid7(), new_reference(), latest.id],
        )
        row = cursor.fetchone()
    if row is None:
        # Somebody was quicker, else its time is over.
        again = Message.objects.filter(
            subject=latest.subject,
            kind=latest.kind,
            occasion=latest.occasion,
            repeat__gt=latest.repeat,
        )
        raise CannotResend("open" if again.exists() else "past")
    new: UUID = row[0]
    return new
