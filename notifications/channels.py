"""How a message travels: which channels there are, and whom each of them reaches.

A channel sends one text to one address and answers by returning, or by raising Permanent,
Temporary or Unknown. It holds no database connection and knows no outbox.
"""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parseaddr

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import BadHeaderError, EmailMessage
from django.core.validators import validate_email
from django.db import DatabaseError

from . import smtp, texts
from .demo import keep as keep_for_demo
from .description import Description


class NotSent(Exception):
    """The channel did not take the message; `code` is short and holds nothing personal."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Permanent(NotSent):
    """This address will never take it."""


class Temporary(NotSent):
    """Later may do; `retry_after` is what the gateway asks for, if it says so."""

    def __init__(self, code: str, retry_after: timedelta | None = None) -> None:
        super().__init__(code)
        self.retry_after = retry_after


class Unknown(Temporary):
    """It may have arrived: the connection broke before the gateway's answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One text on its way to one address."""

    to: str
    kind: str
    language: str
    subject: str
    text: str
    reference: str


@dataclass(frozen=True, slots=True)
class Channel:
    """`address` says where a person is reached on it (empty: not at all); `send` sends."""

    name: str
    address: Callable[[Description], str]
    send: Callable[[Outgoing], None]
    limit: int | None = None  # letters a text should not exceed


def channels() -> list[Channel]:
    """What is connected, the first choice first."""
    found = []
    if settings.EMAIL_BY_SMTP:
        found.append(Channel("email", lambda person: person.email, send_email))
    if settings.DEMO:
        found += [
            Channel(
                "whatsapp",
                lambda person: person.phone if person.whatsapp else "",
                _demo("whatsapp"),
                texts.SMS_LIMIT,
            ),
            Channel("sms", lambda person: person.phone, _demo("sms"), texts.SMS_LIMIT),
            Channel("email", lambda person: person.email, _demo("email")),
        ]
    return found


def choose(person: Description) -> Channel | None:
    """The first channel that reaches this person."""
    return next((channel for channel in channels() if channel.address(person)), None)


def send_email(outgoing: Outgoing) -> None:
    """By SMTP. What the server refuses for this address is permanent, its own trouble is not."""
    try:
        validate_email(outgoing.to)
    except ValidationError as error:
        raise Permanent("address_invalid") from error
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    try:
        smtp.send(
            EmailMessage(
                subject=outgoing.subject,
                body=outgoing.text + "\n",
                to=[outgoing.to],
                headers={
                    "Message-ID": f"<{outgoing.reference}@{host}>",
                    "Auto-Submitted": "auto-generated",
                },
            )
        )
    except smtp.OutcomeUnknown as error:
        raise Unknown("smtp_unknown") from error
    except (BadHeaderError, UnicodeError, smtplib.SMTPNotSupportedError) as error:
        raise Permanent("address_invalid") from error
    except smtplib.SMTPRecipientsRefused as error:
        raise _by_code(max(code for code, _ in error.recipients.values())) from error
    except smtplib.SMTPDataError as error:
        raise _by_code(error.smtp_code) from error
    except smtplib.SMTPResponseException as error:
        # Greeting, sign-in or sender refused: that is about us, not about this address. Giving
        # up would burn every message that is due.
        raise Temporary(f"smtp_{error.smtp_code}") from error
    except (smtplib.SMTPException, OSError) as error:
        raise Temporary("smtp_unreachable") from error
    if settings.DEMO:
        # It has gone out: a list that can't be written must not make it go again.
        with suppress(DatabaseError):
            keep_for_demo("email", outgoing)


def _by_code(code: int) -> NotSent:
    return Permanent(f"smtp_{code}") if code >= 500 else Temporary(f"smtp_{code}")


def _demo(name: str) -> Callable[[Outgoing], None]:
    def send(outgoing: Outgoing) -> None:
        keep_for_demo(name, outgoing)

    return send
