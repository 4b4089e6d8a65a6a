"""Which words are in force: what the office has published, else what the product ships."""

from __future__ import annotations

from . import texts
from .models import Text
from .texts import Wording

# Channels for which a third party must have approved the words; unapproved ones are never sent.
APPROVED_ONLY = frozenset({Text.Channel.WHATSAPP})


class InForce:
    """The words of all kinds, languages and channels as they are at one moment: one statement."""

    def __init__(self) -> None:
        self._published = {
            (kind, language, channel): Wording(version, wording, subject, template)
            for kind, language, channel, version, wording, subject, template in (
                Text.objects.filter(state=Text.State.PUBLISHED).values_list(
                    "kind", "language", "channel", "version", "wording", "subject", "template"
                )
            )
        }

    def may_go(self, kind: str, language: str, channel: str) -> bool:
        """Whether there are words that may go by this channel at all."""
        return channel not in APPROVED_ONLY or (kind, language, channel) in self._published

    def get(self, kind: str, language: str, channel: str) -> Wording | None:
        """The words for this channel; None: nothing may go by it. Raises UnknownText."""
        if channel in APPROVED_ONLY:
            # A published one is approved: the constraint `text_approved` holds that.
            return self._published.get((kind, language, channel))
        found = self._published.get((kind, language, Text.Channel.EVERY))
        if found is None:
            return texts.shipped(kind, language)
        subject = found.subject or texts.subject(kind, language)
        return Wording(found.version, found.wording, subject)


def published(kind: str, language: str, channel: str) -> Wording | None:
    """The words in force for one; for a whole batch make one InForce. Raises UnknownText."""
    return InForce().get(kind, language, channel)
