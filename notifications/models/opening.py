"""Opening: somebody looked at what was sent to whom."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from .message import Attempt


class Opening(models.Model):
    """Who opened the sealed address and text of an attempt, and when; never changed or deleted."""

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="openings")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("pembukaan isi pesan")
        verbose_name_plural = _("pembukaan isi pesan")

    def __str__(self) -> str:
        return f"{self.attempt_id} {self.by_id}"
