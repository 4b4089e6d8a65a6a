"""What demo mode pretends to have sent."""

import uuid

from django.db import models
from django.db.models.functions import Now


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
