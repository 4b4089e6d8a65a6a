"""Text: what the office lets a message say, in versions."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from locations.history import tracked

from .message import Kind


@tracked
class Text(models.Model):
    """One version of the words of one kind in one language on one channel.

    Version 0 is not here: it is what the product ships (wording/<language>.json). A version is
    never changed once it is published; going back to an older one publishes its words again under
    a new number. `channel` empty holds for every channel that has no words of its own; WhatsApp
    always has its own, since Meta approves each template word by word.
    """

    class Channel(models.TextChoices):
        EVERY = "", _("Semua saluran")
        WHATSAPP = "whatsapp", "WhatsApp"

    class State(models.TextChoices):
        DRAFT = "draft", _("Draf")
        PUBLISHED = "published", _("Berlaku")
        REPLACED = "replaced", _("Diganti")

    class Approval(models.TextChoices):
        NONE = "", _("Tidak diperlukan")
        ASKED = "asked", _("Menunggu persetujuan Meta")
        APPROVED = "approved", _("Disetujui Meta")
        REJECTED = "rejected", _("Ditolak Meta")

    kind = models.CharField(_("jenis"), max_length=40, choices=Kind)
    language = models.CharField(_("bahasa"), max_length=2)
    channel = models.CharField(
        _("saluran"), max_length=20, choices=Channel, blank=True, db_default=""
    )
    version = models.PositiveIntegerField(_("versi"))
    wording = models.TextField(_("teks"), max_length=1024)
    subject = models.CharField(_("judul surel"), max_length=100, blank=True, db_default="")
    state = models.CharField(_("keadaan"), max_length=10, choices=State, db_default="draft")
    # The name under which Meta knows the template, and what Meta says of it.
    template = models.CharField(_("nama templat"), max_length=100, blank=True, db_default="")
    approval = models.CharField(
        _("persetujuan"), max_length=10, choices=Approval, blank=True, db_default=""
    )
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    published_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("teks pesan")
        verbose_name_plural = _("teks pesan")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "language", "channel", "version"], name="text_unique"
            ),
            models.UniqueConstraint(
                fields=["kind", "language", "channel"],
                condition=Q(state="published"),
                name="text_one_published",
            ),
            models.CheckConstraint(name="text_version", condition=Q(version__gt=0)),
            # An unapproved template is never sent: only an approved one can be in force.
            models.CheckConstraint(
                name="text_approved",
                condition=~Q(channel="whatsapp", state="published")
                | (Q(approval="approved") & ~Q(template="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.language} {self.channel} {self.version}"
