"""Gateway: how each gateway fares, shared by all senders."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Gateway(models.Model):
    """The state of one configured gateway; its address and secret stand in the environment alone.

    `paused_at`: nothing goes through it until somebody takes the pause away (`paused_by` empty: it
    paused itself, `pause_reason` says why). `open_until`: the circuit breaker; until then it is
    left alone, then one message tries it. `next_at`: when the rate of its contract allows the next
    message.
    """

    name = models.CharField(max_length=40, primary_key=True)
    failures = models.PositiveIntegerField(_("kegagalan beruntun"), db_default=0)
    open_until = models.DateTimeField(_("diistirahatkan sampai"), null=True)
    next_at = models.DateTimeField(db_default=Now())
    paused_at = models.DateTimeField(_("dijeda sejak"), null=True)
    pause_reason = models.CharField(_("sebab jeda"), max_length=40, blank=True, db_default="")
    paused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("gateway")
        verbose_name_plural = _("gateway")

    def __str__(self) -> str:
        return self.name


class EarlyReceipt(models.Model):
    """A receipt that came before the sender had written down the gateway's answer.

    Settling looks here; what nobody asks for in a day belongs to no message and is swept.
    """

    gateway = models.CharField(max_length=40)
    provider_id = models.CharField(max_length=200)
    receipt = models.CharField(max_length=12)
    code = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField()
    received_at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["gateway", "provider_id", "receipt"], name="early_receipt_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gateway} {self.receipt}"
