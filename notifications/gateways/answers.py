"""What goes to a gateway, and what it can answer.

`send` takes one Outgoing and returns Taken, or raises one of the four below. It holds no database
connection and knows no outbox. Codes are short, of our own making, and hold nothing personal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One text on its way to one address.

    `to` is in E.164 for WhatsApp and SMS, a mail address, or a chat id. `template` and
    `template_values` (in the order of the template's places) are what WhatsApp sends instead of
    `text`. `calendar` (a whole iCalendar file) and `unsubscribe` (a link) are for e-mail alone.
    What names a person stays out of `repr`, so out of every log.
    """

    to: str = field(repr=False)
    kind: str
    language: str
    subject: str
    text: str = field(repr=False)
    reference: str
    template: str = ""
    template_values: tuple[str, ...] = field(default=(), repr=False)
    calendar: bytes | None = field(default=None, repr=False)
    unsubscribe: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Taken:
    """The gateway took it; `provider_id` is its own id, of which its receipts speak."""

    provider_id: str = ""


class NotSent(Exception):
    """The gateway did not take the message; `code` is short and holds nothing personal."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Permanent(NotSent):
    """This address will never take it."""


class Temporary(NotSent):
    """Later may do; `retry_after` is what the gateway asks for, if it says so.

    `only_this_address`: a mailbox that is full or greylists says nothing of the gateway, which is
    not left alone for it.
    """

    def __init__(
        self,
        code: str,
        retry_after: timedelta | None = None,
        *,
        only_this_address: bool = False,
    ) -> None:
        super().__init__(code)
        self.retry_after = retry_after
        self.only_this_address = only_this_address


class Blocked(NotSent):
    """It would take nothing from us: credentials, account, template or setting. Not the message's
    fault and not the person's, so the gateway is paused and nothing is given up."""


class Unknown(NotSent):
    """It may have arrived: the connection broke before the gateway's answer, or the answer says
    nothing that we understand."""
