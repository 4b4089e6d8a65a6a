"""Consent: which channels a person wants, said when and under which words."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Consent(models.Model):
    """One yes or no to one channel; the newest of a subject and channel counts, none is changed.

    `text_version` names the words the person saw. `address_sealed` is where the channel reaches
    the person if nobody else knows it (the chat of a Telegram bot), sealed for `subject`.
    """

    class Source(models.TextChoices):
        BOOKING = "booking", _("saat memesan")
        LINK = "link", _("tautan di pesan")
        PAGE = "page", _("halaman kelola")
        GATEWAY = "gateway", _("balasan lewat saluran itu")
        STAFF = "staff", _("petugas")

    subject = models.UUIDField(_("perihal"))
    channel = models.CharField(_("saluran"), max_length=20)
    wanted = models.BooleanField(_("mau"))
    source = models.CharField(_("asal"), max_length=10, choices=Source)
    text_version = models.CharField(_("versi kata-kata"), max_length=20)
    address_sealed = models.BinaryField(null=True)
    at = models.DateTimeField(_("waktu"), db_default=Now())
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        verbose_name = _("persetujuan saluran")
        verbose_name_plural = _("persetujuan saluran")
        indexes = [models.Index(fields=["subject", "channel", "-id"], name="consent_newest")]
        constraints = [
            models.CheckConstraint(name="consent_source", condition=~Q(source="")),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.wanted}"
