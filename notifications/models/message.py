"""Message, the outbox: one row is one thing one person is told, from plan to end state.

A row holds no personal data. `subject` is an opaque id that only the caller understands; who the
person is, where they can be reached and what to say is asked at the moment of sending, so that a
changed number or a new health protocol counts. What was sent, and where to, is kept sealed with
the attempt that sent it (`Attempt`), and erased when its time is over.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7


class Kind(models.TextChoices):
    """What a message says; each has its text in wording/ and what the office made of it (Text)."""

    CONFIRMED = "confirmed", _("Konfirmasi")
    REMINDER_DAY_BEFORE = "reminder_day_before", _("Pengingat sehari sebelumnya")
    REMINDER_TWO_HOURS = "reminder_two_hours", _("Pengingat dua jam sebelumnya")
    MOVED_BY_OFFICE = "moved_by_office", _("Dipindahkan kantor")
    CANCELLED = "cancelled", _("Dibatalkan")
    DEFERRED = "deferred", _("Ditunda")
    PLACE_OFFERED = "place_offered", _("Tempat ditawarkan")
    LINK_AGAIN = "link_again", _("Tautan dikirim ulang")
    PROTOCOL_CHANGED = "protocol_changed", _("Protokol kesehatan berubah")


class State(models.TextChoices):
    PLANNED = "planned", _("Direncanakan")
    DUE = "due", _("Menunggu giliran kirim")
    SENDING = "sending", _("Sedang dikirim")
    SENT = "sent", _("Terkirim")
    DELIVERED = "delivered", _("Sampai")
    FAILED = "failed", _("Gagal")
    EXPIRED = "expired", _("Kedaluwarsa")
    WITHDRAWN = "withdrawn", _("Ditarik kembali")


# The one table of moves. The trigger `message_moves` holds the same table in the database;
# a test tries every pair there and compares.
# planned: its moment has not come, or quiet hours hold it; due: it waits for a sender, at first or
# for another try. sending -> expired is a sender that died and whose message is now too late;
# sending -> withdrawn a message that turned out to be moot. sent -> due: no receipt in time, or a
# bad one, so the next channel is tried. failed, expired or withdrawn -> delivered: a receipt that
# came late; what ended so had gone out by an earlier channel before.
MOVES: dict[State, frozenset[State]] = {
    State.PLANNED: frozenset({State.DUE, State.EXPIRED, State.WITHDRAWN}),
    State.DUE: frozenset({State.PLANNED, State.SENDING, State.EXPIRED, State.WITHDRAWN}),
    State.SENDING: frozenset(
        {
            State.PLANNED,
            State.DUE,
            State.SENT,
            State.DELIVERED,
            State.FAILED,
            State.EXPIRED,
            State.WITHDRAWN,
        }
    ),
    State.SENT: frozenset({State.DUE, State.DELIVERED, State.FAILED}),
    State.DELIVERED: frozenset(),
    State.FAILED: frozenset({State.DELIVERED}),
    State.EXPIRED: frozenset({State.DELIVERED}),
    State.WITHDRAWN: frozenset({State.DELIVERED}),
}
#: Not ended: something may still be sent.
OPEN = (State.PLANNED, State.DUE, State.SENDING)


def new_reference() -> str:
    """128 random bits: a gateway's receipt must not be forgeable by counting."""
    return secrets.token_urlsafe(16)


class Message(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    subject = models.UUIDField(_("perihal"))
    kind = models.CharField(_("jenis"), max_length=40, choices=Kind)
    # Number of the move that this message belongs to; 0 = the first appointment.
    occasion = models.PositiveSmallIntegerField(_("perpindahan ke"), db_default=0)
    # 0 = as planned; each time staff send it again there is a new row with the next number.
    repeat = models.PositiveSmallIntegerField(_("pengiriman ulang ke"), db_default=0)
    # What the text needs and cannot be looked up later, without personal data: the old time of a
    # moved appointment, the code of a reason.
    details = models.JSONField(_("rincian"), default=dict, db_default={})
    state = models.CharField(
        _("keadaan"), max_length=10, choices=State, db_default=State.PLANNED.value
    )
    created_at = models.DateTimeField(_("dibuat"), db_default=Now())
    send_after = models.DateTimeField(_("kirim setelah"))
    send_before = models.DateTimeField(_("kirim sebelum"))
    # May go out in quiet hours: the answer to what the person has just done.
    may_wake = models.BooleanField(_("boleh di jam tenang"), db_default=False)
    # Quiet hours that end later than this don't hold it: it would come too late. Empty: all do.
    patient_until = models.DateTimeField(_("dapat menunggu sampai"), null=True, blank=True)
    next_attempt_at = models.DateTimeField(_("percobaan berikut"))
    attempts = models.PositiveSmallIntegerField(_("percobaan"), db_default=0)
    lease_until = models.DateTimeField(_("dipegang sampai"), null=True, blank=True)
    # Grows with every claim; who settles must show the number of his claim, so a sender whose
    # lease ran out can no longer write.
    fence = models.BigIntegerField(_("nomor pegangan"), db_default=0)
    # The channel of the last try, and those that have been given up for this message.
    channel = models.CharField(_("saluran"), max_length=20, blank=True, db_default="")
    given_up = ArrayField(models.CharField(max_length=20), default=list, db_default=[])
    # Without a receipt by then the next channel is tried; empty where there is none to try.
    fallback_at = models.DateTimeField(_("saluran berikut pada"), null=True, blank=True)
    # Goes with every attempt (Message-ID, a gateway's client reference): a repeat after a crash
    # carries the same one and can be told from a new message.
    reference = models.CharField(_("rujukan"), max_length=32, default=new_reference)
    # What was told, without personal data: `{"protocol": "awas"}`; says later if it still holds.
    told = models.JSONField(_("isi yang disampaikan"), default=dict, db_default={})
    due_at = models.DateTimeField(_("jatuh waktu"), null=True, blank=True)
    sent_at = models.DateTimeField(_("terkirim"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("sampai"), null=True, blank=True)
    ended_at = models.DateTimeField(_("selesai"), null=True, blank=True)
    # Why the last try failed, or why it ended without arriving: a short code.
    failure = models.CharField(_("sebab"), max_length=40, blank=True, db_default="")

    # Set by outbox.claim, no columns: when this sender took the message, and if a receipt says that
    # an earlier try reached the person after all.
    claimed_at: datetime
    arrived: bool

    class Meta:
        verbose_name = _("pesan")
        verbose_name_plural = _("pesan")
        indexes = [
            # The only rows a look for due messages reads, however many were sent before.
            models.Index(
                fields=["next_attempt_at"], name="message_planned", condition=Q(state="planned")
            ),
            models.Index(
                Coalesce("patient_until", "send_before"),
                "id",
                name="message_due",
                condition=Q(state__in=["due", "sending"]),
            ),
            models.Index(
                fields=["fallback_at"],
                name="message_fallback",
                condition=Q(state="sent", fallback_at__isnull=False),
            ),
            # The office's page of a day.
            models.Index(fields=["send_after"], name="message_day"),
            models.Index(fields=["ended_at"], name="message_ended_at"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "kind", "occasion", "repeat"], name="message_unique"
            ),
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
                condition=Q(state__in=["planned", "due", "sending"], ended_at__isnull=True)
                | Q(state="sent")
                | Q(state__in=["delivered", "failed", "expired", "withdrawn"])
                & Q(ended_at__isnull=False),
            ),
            models.CheckConstraint(
                name="message_sent",
                condition=~Q(state="sent") | Q(sent_at__isnull=False, delivered_at__isnull=True),
            ),
            models.CheckConstraint(
                name="message_delivered",
                condition=Q(state="delivered", delivered_at__isnull=False)
                | (~Q(state="delivered") & Q(delivered_at__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def needed_by(self) -> datetime:
        """What has piled up is sent in this order: by when the person acts on it."""
        return self.patient_until or self.send_before


class Attempt(models.Model):
    """One try to send one message through one gateway; the life of a message is its attempts.

    `to_sealed` and `text_sealed` are what was sent and where to, as it was sent. They are sealed
    for this row's message (notifications/personal_data.py) and erased: the address a week after
    the message has ended, the text with the person.
    """

    class Outcome(models.TextChoices):
        TAKEN = "taken", _("diterima gateway")
        TEMPORARY = "temporary", _("gagal sementara")
        PERMANENT = "permanent", _("alamat tidak dapat dicapai")
        BLOCKED = "blocked", _("gateway menolak semua")
        UNKNOWN = "unknown", _("tidak diketahui")
        LOST = "lost", _("pengirim terhenti")

    class Receipt(models.TextChoices):
        DELIVERED = "delivered", _("sampai")
        READ = "read", _("dibaca")
        UNDELIVERED = "undelivered", _("tidak sampai")

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="tries")
    fence = models.BigIntegerField(_("nomor pegangan"))
    channel = models.CharField(_("saluran"), max_length=20, blank=True)
    gateway = models.CharField(_("gateway"), max_length=40, blank=True)
    began_at = models.DateTimeField(_("mulai"))
    ended_at = models.DateTimeField(_("selesai"))
    outcome = models.CharField(_("hasil"), max_length=10, choices=Outcome)
    code = models.CharField(_("kode"), max_length=40, blank=True)
    # The gateway's own id of what it took: its receipts speak of it.
    provider_id = models.CharField(max_length=200, blank=True, db_default="")
    # Number of the text's version that was sent (models.Text); 0 is the one shipped.
    text_version = models.PositiveIntegerField(null=True)
    receipt = models.CharField(_("tanda terima"), max_length=12, choices=Receipt, blank=True)
    receipt_at = models.DateTimeField(null=True)
    to_sealed = models.BinaryField(null=True)
    text_sealed = models.BinaryField(null=True)

    class Meta:
        verbose_name = _("percobaan kirim")
        verbose_name_plural = _("percobaan kirim")
        ordering = ["fence"]
        constraints = [
            models.UniqueConstraint(fields=["message", "fence"], name="attempt_unique"),
            models.CheckConstraint(
                name="attempt_receipt",
                condition=Q(receipt="", receipt_at__isnull=True)
                | (~Q(receipt="") & Q(receipt_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(
                fields=["gateway", "provider_id"],
                name="attempt_provider",
                condition=~Q(provider_id=""),
            ),
            # What is to be erased, and nothing else.
            models.Index(
                fields=["message"], name="attempt_kept", condition=Q(to_sealed__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.message_id} {self.fence} {self.outcome}"
