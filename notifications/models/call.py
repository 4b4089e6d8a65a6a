"""Call: a person whom no message reaches, to be told by voice."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from .message import Message


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(condition=pghistory.AnyChange("state", "held_by")),
    model_name="CallEvent",
    fields=["message", "state", "reason", "held_by", "tries"],
    context_field=pghistory.ContextJSONField(),
    context_id_field=pghistory.ContextUUIDField(),
)
class Call(models.Model):
    """One row of the call list: what one message would have said, to be said by staff.

    Whoever takes it holds it until `held_until` (the database's clock), so two callers never ring
    the same person; then it is free again. After `not_reached` it comes back at `next_at`.
    """

    class State(models.TextChoices):
        OPEN = "open", _("perlu ditelepon")
        REACHED = "reached", _("sudah diberi tahu")
        WRONG_NUMBER = "wrong_number", _("nomor salah")
        GIVEN_UP = "given_up", _("tidak terhubung sampai batas waktu")
        MOOT = "moot", _("tidak perlu lagi")

    class Reason(models.TextChoices):
        NO_CHANNEL = "no_channel", _("tidak punya ponsel atau surel")
        ALL_FAILED = "all_failed", _("semua saluran gagal")
        OPTED_OUT = "opted_out", _("tidak mau lewat saluran yang ada")

    message = models.OneToOneField(Message, on_delete=models.CASCADE, primary_key=True)
    # As in the message, so that a list of subjects needs one look.
    subject = models.UUIDField(_("perihal"))
    reason = models.CharField(_("sebab"), max_length=12, choices=Reason)
    state = models.CharField(_("keadaan"), max_length=12, choices=State, db_default="open")
    deadline = models.DateTimeField(_("batas waktu"))
    created_at = models.DateTimeField(db_default=Now())
    tries = models.PositiveSmallIntegerField(_("kali ditelepon"), db_default=0)
    next_at = models.DateTimeField(_("telepon lagi"), db_default=Now())
    held_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    held_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("telepon")
        verbose_name_plural = _("daftar telepon")
        indexes = [
            models.Index(fields=["deadline"], name="call_open", condition=Q(state="open")),
            models.Index(fields=["subject"], name="call_subject"),
        ]
        constraints = [
            models.CheckConstraint(
                name="call_held",
                condition=Q(held_by__isnull=True, held_until__isnull=True)
                | Q(held_by__isnull=False, held_until__isnull=False, state="open"),
            ),
            models.CheckConstraint(
                name="call_ended",
                condition=Q(state="open", ended_at__isnull=True)
                | (~Q(state="open") & Q(ended_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.pk}"
