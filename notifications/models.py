"""Message, the outbox: one row is one thing one person is told, from plan to end state.

A row holds no personal data. `subject` is an opaque id that only the caller understands; who the
person is, where they can be reached and what to say is asked at the moment of sending, so that a
changed number or a new health protocol counts, and nothing has to be erased here later.
"""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7


class Kind(models.TextChoices):
    """What a message says; each has its text in wording/."""

    CONFIRMED = "confirmed", _("Konfirmasi")
    REMINDER_DAY_BEFORE = "reminder_day_before", _("Pengingat sehari sebelumnya")
    REMINDER_TWO_HOURS = "reminder_two_hours", _("Pengingat dua jam sebelumnya")
    MOVED_BY_OFFICE = "moved_by_office", _("Dipindahkan kantor")
    CANCELLED = "cancelled", _("Dibatalkan")
    DEFERRED = "deferred", _("Ditunda")
    PLACE_OFFERED = "place_offered", _("Tempat ditawarkan")
    LINK_AGAIN = "link_again", _("Tautan dikirim ulang")


class State(models.TextChoices):
    PLANNED = "planned", _("Direncanakan")
    SENDING = "sending", _("Sedang dikirim")
    SENT = "sent", _("Terkirim")
    FAILED = "failed", _("Gagal")
    EXPIRED = "expired", _("Kedaluwarsa")
    WITHDRAWN = "withdrawn", _("Ditarik kembali")


# The one table of moves. The trigger `message_moves` holds the same table in the database;
# a test tries every pair there and compares.
# sending -> planned is another try after a passing failure; sending -> expired a sender that died
# and whose message is now too late; sending -> withdrawn a message that turned out to be moot.
MOVES: dict[State, frozenset[State]] = {
    State.PLANNED: frozenset({State.SENDING, State.EXPIRED, State.WITHDRAWN}),
    State.SENDING: frozenset(
        {State.PLANNED, State.SENT, State.FAILED, State.EXPIRED, State.WITHDRAWN}
    ),
    State.SENT: frozenset(),
    State.FAILED: frozenset(),
    State.EXPIRED: frozenset(),
    State.WITHDRAWN: frozenset(),
}


def new_reference() -> str:
    """128 random bits: a gateway's receipt must not be forgeable by counting."""
    return secrets.token_urlsafe(16)


class Message(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    subject = models.UUIDField(_("perihal"))
    kind = models.CharField(_("jenis"), max_length=40, choices=Kind)
    # Number of the move that this message belongs to; 0 = the first appointment.
    occasion = models.PositiveSmallIntegerField(_("perpindahan ke"), db_default=0)
    # What the text needs and cannot be looked up later, without personal data: the old time of a
    # moved appointment, the code of a reason.
    details = models.JSONField(_("rincian"), default=dict, db_default={})
    state = models.CharField(
        _("keadaan"), max_length=10, choices=State, db_default=State.PLANNED.value
    )
    created_at = models.DateTimeField(_("dibuat"), db_default=Now())
    send_after = models.DateTimeField(_("kirim setelah"))
    send_before = models.DateTimeField(_("kirim sebelum"))
    # May go out in quiet hours: the answer to what the person has just done, or what cannot wait.
    may_wake = models.BooleanField(_("boleh di jam tenang"), db_default=False)
    next_attempt_at = models.DateTimeField(_("percobaan berikut"))
    attempts = models.PositiveSmallIntegerField(_("percobaan"), db_default=0)
    lease_until = models.DateTimeField(_("dipegang sampai"), null=True, blank=True)
    # Grows with every claim; who settles must show the number of his claim, so a sender whose
    # lease ran out can no longer write.
    fence = models.BigIntegerField(_("nomor pegangan"), db_default=0)
    channel = models.CharField(_("saluran"), max_length=20, blank=True, db_default="")
    # Goes with every attempt (Message-ID, a gateway's client reference): a repeat after a crash
    # carries the same one and can be told from a new message.
    reference = models.CharField(_("rujukan"), max_length=32, default=new_reference)
    sent_at = models.DateTimeField(_("terkirim"), null=True, blank=True)
    ended_at = models.DateTimeField(_("selesai"), null=True, blank=True)
    failure = models.CharField(_("sebab gagal"), max_length=40, blank=True, db_default="")

    # Set by outbox.claim, no column: when this sender took the message.
    claimed_at: datetime

    class Meta:
        verbose_name = _("pesan")
        verbose_name_plural = _("pesan")
        indexes = [
            # The only rows a look for due messages reads, however many were sent before.
            models.Index(
                fields=["next_attempt_at"],
                name="message_due",
                condition=Q(state__in=["planned", "sending"]),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["subject", "kind", "occasion"], name="message_unique"),
            models.CheckConstraint(
                name="message_state", condition=Q(state__in=[state.value for state in State])
            ),
            # A message whose next try lies after its end would stay planned for ever.
            models.CheckConstraint(
                name="message_in_time",
                condition=Q(send_after__lt=F("send_before"))
                & Q(next_attempt_at__lt=F("send_before")),
            ),
            models.CheckConstraint(
                name="message_lease",
                condition=Q(state="sending", lease_until__isnull=False)
                | (~Q(state="sending") & Q(lease_until__isnull=True)),
            ),
            models.CheckConstraint(
                name="message_ended",
                condition=Q(state__in=["planned", "sending"], ended_at__isnull=True)
                | (~Q(state__in=["planned", "sending"]) & Q(ended_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="message_sent",
                condition=Q(state="sent", sent_at__isnull=False)
                | (~Q(state="sent") & Q(sent_at__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class DemoMessage(models.Model):
    """What the demo channel pretends to have sent; filled in demo mode alone.

    The text names a person, so it is sealed like every other personal value.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Unique: a repeat with the same reference is dropped, as a good gateway does.
    reference = models.CharField(max_length=32)
    channel = models.CharField(max_length=20)
    kind = models.CharField(max_length=40)
    language = models.CharField(max_length=5)
    sealed = models.BinaryField()
    sent_at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reference"], name="demo_message_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.kind}"
