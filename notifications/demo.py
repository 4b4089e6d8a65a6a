"""The demo channel: keeps what would have been sent, for /demo/. Never used outside demo mode."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from django.db.models.functions import Now
from django.utils import timezone

from . import personal_data, texts
from .models import DemoMessage, Kind, Text

if TYPE_CHECKING:
    from .gateways.answers import Outgoing

LATEST = 200
TABLE = "demo_message"


def keep(channel: str, outgoing: Outgoing) -> None:
    """Add to the list; a second time with the same reference changes nothing."""
    row = uuid.uuid4()
    plain = json.dumps({"to": outgoing.to, "text": outgoing.text})
    DemoMessage.objects.bulk_create(
        [
            DemoMessage(
                id=row,
                reference=outgoing.reference,
                channel=channel,
                kind=outgoing.kind,
                language=outgoing.language,
                sealed=personal_data.seal(plain, table=TABLE, column="sealed", row=row),
            )
        ],
        ignore_conflicts=True,
    )


def latest() -> list[dict[str, Any]]:
    """The newest first: `[{channel, to, kind, language, text, sent_at}]`, at most LATEST."""
    rows = DemoMessage.objects.order_by("-sent_at", "-id")[:LATEST]
    return [_shown(row) for row in rows]


def approve_whatsapp() -> None:
    """Publish the shipped words for WhatsApp, as if Meta had approved them; others stay."""
    Text.objects.bulk_create(
        [
            Text(
                kind=kind,
                language=language,
                channel=Text.Channel.WHATSAPP,
                version=1,
                wording=texts.shipped(kind, language).wording,
                state=Text.State.PUBLISHED,
                template=f"{kind}_{language}_v1",
                approval=Text.Approval.APPROVED,
                published_at=Now(),
            )
            for kind in Kind.values
            for language in texts.LANGUAGES
        ],
        ignore_conflicts=True,
    )


def _shown(row: DemoMessage) -> dict[str, Any]:
    plain = json.loads(
        personal_data.open_sealed(bytes(row.sealed), table=TABLE, column="sealed", row=row.id)
    )
    return {
        "channel": row.channel,
        "to": plain["to"],
        "kind": row.kind,
        "language": row.language,
        "text": plain["text"],
        "sent_at": timezone.localtime(row.sent_at),
    }
