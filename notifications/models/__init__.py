"""What the outbox keeps: messages and their attempts, texts, gateways, consents, calls."""

from .call import Call
from .consent import Consent
from .demo import DemoMessage
from .gateway import EarlyReceipt, Gateway
from .message import MOVES, OPEN, Attempt, Kind, Message, State, new_reference
from .opening import Opening
from .text import Text

__all__ = [
    "MOVES",
    "OPEN",
    "Attempt",
    "Call",
    "Consent",
    "DemoMessage",
    "EarlyReceipt",
    "Gateway",
    "Kind",
    "Message",
    "Opening",
    "State",
    "Text",
    "new_reference",
]
