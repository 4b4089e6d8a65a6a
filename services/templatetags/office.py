"""Codes, kinds and states of messages in words and colours, for the templates of the office."""

from django import template

from notifications.models import Kind
from services.office import words

register = template.Library()

_STATE_LOOKS = {
    "delivered": "is-ok",
    "sent": "is-new",
    "planned": "",
    "due": "is-wait",
    "sending": "is-wait",
    "failed": "is-stop",
    "expired": "is-stop",
}
_OUTCOME_LOOKS = {"taken": "is-ok", "temporary": "is-wait", "unknown": "is-wait", "lost": "is-wait"}


@register.filter
def in_words(code: str) -> words.Words:
    return words.of_code(code)


@register.filter
def channel_words(channel: str) -> words.Words:
    return words.of_channel(channel)


@register.filter
def kind_words(kind: str) -> words.Words:
    return Kind(kind).label if kind in Kind.values else kind


@register.filter
def state_look(state: str) -> str:
    return _STATE_LOOKS.get(state, "")


@register.filter
def outcome_look(outcome: str) -> str:
    return _OUTCOME_LOOKS.get(outcome, "is-stop")
