"""Which gateways there are, as the environment says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings

from . import apprise, email, plain_http, telegram, whatsapp
from .answers import Outgoing, Taken
from .configuration import GatewaySetting

# The phone channels: three joined SMS of 153 letters each (docs/domain.md section 7).
LIMITS = {"whatsapp": 459, "sms": 459}

SEND: dict[str, Callable[[Outgoing, GatewaySetting], Taken]] = {
    "whatsapp": whatsapp.send,
    "telegram": telegram.send,
    "https": plain_http.send,
    "http": plain_http.send,
    "apprise": apprise.send,
}
# Where the contract says nothing: what the services allow to every customer.
RATES = {"whatsapp": 20.0, "telegram": 20.0}
# An Apprise gateway is a process of its own for each message under way.
AT_ONCE = {"apprise": 2}


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
    found = [_connected(setting) for setting in settings.GATEWAYS.values()]
    if settings.EMAIL_BY_SMTP or settings.EMAIL_PROVIDER:
        found.append(GatewayConfig(name="email", channel="email", send=email.send))
    order = settings.CHANNEL_ORDER
    found = [gateway for gateway in found if gateway.channel in order]
    found.sort(key=lambda gateway: order.index(gateway.channel))
    if settings.DEMO:  # what really arrives comes first there
        real = {gateway.channel for gateway in found}
        shown = [channel for channel in ("whatsapp", "sms", "email") if channel not in real]
        found += [_demo(channel) for channel in shown]
    return {gateway.name: gateway for gateway in found}


def _connected(setting: GatewaySetting) -> GatewayConfig:
    return GatewayConfig(
        name=setting.name,
        channel=setting.name,
        send=lambda outgoing: SEND[setting.scheme](outgoing, setting),
        rate_per_second=setting.rate or RATES.get(setting.scheme),
        at_once=setting.at_once or AT_ONCE.get(setting.scheme),
        has_receipts=bool(setting.receipt_secrets),
        limit=LIMITS.get(setting.name),
    )


def _demo(channel: str) -> GatewayConfig:
    """Takes everything; who settles the message keeps it for the demo's page (delivery.py)."""

    def send(outgoing: Outgoing) -> Taken:
        return Taken()

    return GatewayConfig(
        name=f"demo-{channel}", channel=channel, send=send, limit=LIMITS.get(channel)
    )
