"""How a message leaves: the gateways that are connected, each for one channel."""

from .answers import Blocked, NotSent, Outgoing, Permanent, Taken, Temporary, Unknown
from .connected import GatewayConfig, configured

__all__ = [
    "Blocked",
    "GatewayConfig",
    "NotSent",
    "Outgoing",
    "Permanent",
    "Taken",
    "Temporary",
    "Unknown",
    "configured",
]
