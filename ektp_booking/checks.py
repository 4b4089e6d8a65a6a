"""System checks: what would be unsafe to run is said loudly, before it runs."""

import base64
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Critical, Tags, Warning, register

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@register(Tags.security)
def check_mode(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Demo mode has known passwords and must never meet production."""
    problems: list[CheckMessage] = []
    site = urlsplit(settings.SITE_URL)
    if settings.DEMO and (settings.PRODUCTION or site.scheme == "https"):
        problems.append(
            Critical(
                "DEMO is on together with production settings.",
                hint="Take DEMO out of the environment: its sign-ins are public.",
                id="ektp.C001",
            )
        )
    if settings.PRODUCTION and settings.DEBUG:
        problems.append(Critical("DEBUG is on in production.", id="ektp.C002"))
    if settings.PRODUCTION and site.scheme != "https":
        problems.append(
            Critical(
                "SITE_URL must begin with https:// in production.",
                hint="Links in messages to residents are made from it.",
                id="ektp.C003",
            )
        )
    return problems


@register(Tags.security)
def check_keys(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Every key is there, has its length, and is not used for two things."""
    problems: list[CheckMessage] = []
    if len(settings.SECRET_KEY) < 50:
        problems.append(Critical("SECRET_KEY is missing or shorter than 50.", id="ektp.C010"))
    values = {"LOOKUP_PEPPER": settings.LOOKUP_PEPPER, "TOKEN_KEY": settings.TOKEN_KEY}
    if not settings.PERSONAL_DATA_KEYS:
        problems.append(Critical("PERSONAL_DATA_KEYS is missing.", id="ektp.C011"))
    for number, entry in enumerate(settings.PERSONAL_DATA_KEYS, start=1):
        name, _, value = entry.partition(":")
        values[f"PERSONAL_DATA_KEYS, entry {number}"] = value if name else ""
    for name, value in values.items():
        if not is_key(value):
            problems.append(
                Critical(
                    f"{name} is not a key of 32 bytes in base64.",
                    hint="Make one: head -c 32 /dev/urandom | base64",
                    id="ektp.C012",
                )
            )
    if len(set(values.values())) < len(values):
        problems.append(Critical("Two keys are the same; each has one purpose.", id="ektp.C013"))
    return problems


@register(Tags.security)
def check_gateways(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """A gateway whose URL is wrong is not connected, so nobody would be told by it."""
    hint = "docs/operate.md has the form of each; the value is not shown, as it holds a secret."
    problems: list[CheckMessage] = [
        Critical(problem, hint=hint, id="ektp.C020") for problem in settings.GATEWAY_PROBLEMS
    ]
    unknown = set(settings.CHANNEL_ORDER) - {"telegram", "whatsapp", "sms", "email"}
    if unknown:
        problems.append(Critical("CHANNEL_ORDER names a channel there is none of.", id="ektp.C021"))
    unsaid = [name for name in settings.GATEWAYS if not settings.OFFICIAL_SENDERS.get(name)]
    problems += [
        Warning(
            f"SENDER_{name.upper()} is not set: people cannot compare who wrote to them.",
            hint="The page /pesan-asli/ lists the office's senders.",
            id="ektp.W022",
        )
        for name in unsaid
    ]
    return problems


def is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == 32
    except ValueError:
        return False
