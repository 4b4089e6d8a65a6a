"""Which gateways there are, as the environment says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings

from . import email
from .answers import Outgoing, Taken

# The phone channels: three joined SMS of 153 letters each (docs/domain.md section 7).
LIMITS = {"whatsapp": 459, "sms": 459}


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayConfig:
    """One gateway. `rate_per_second` None: as fast as it takes them; `at_once`: how many senders
    may talk to it at the same time, None for all. `limit`: letters a text should not exceed."""

    name: str
    channel: str
    send: Callable[[Outgoing], Taken]
    rate_per_second: float | None = None
    at_once: int | None = None
    has_receipts: bool = False
    limit: int | None = None


def configured() -> dict[str, GatewayConfig]:
    """What is connected, by name, the first choice first (settings.CHANNEL_ORDER)."""
    found = []
    if settings.EMAIL_BY_SMTP:
        found.append(GatewayConfig(name="email", channel="email", send=email.send))
    found.sort(key=lambda gateway: settings.CHANNEL_ORDER.index(gateway.channel))
    if settings.DEMO:  # what really arrives comes first there
        real = {gateway.channel for gateway in found}
        shown = [channel for channel in ("whatsapp", "sms", "email") if channel not in real]
        found += [_demo(channel) for channel in shown]
    return {gateway.name: gateway for gateway in found}


def _demo(channel: str) -> GatewayConfig:
    """Takes everything; who settles the message keeps it for the demo's page (delivery.py)."""

    def send(outgoing: Outgoing) -> Taken:
        return Taken()

    return GatewayConfig(
        name=f"demo-{channel}", channel=channel, send=send, limit=LIMITS.get(channel)
    )
