"""E-mail by the server or the provider of EMAIL_URL."""

from __future__ import annotations

import re
import smtplib
from email.mime.text import MIMEText
from email.utils import parseaddr

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import BadHeaderError, EmailMessage
from django.core.validators import validate_email

from notifications.texts import clean

from . import provider, smtp
from .answers import Blocked, NotSent, Outgoing, Permanent, Taken, Temporary, Unknown

# 530 sign-in required, 534 and 535 refused, 538 only over TLS.
SIGN_IN_REFUSED = {530, 534, 535, 538}
LONGEST_SUBJECT = 150
METHOD = re.compile(rb"^METHOD:(PUBLISH|REQUEST|CANCEL)\r?$", re.MULTILINE)


def send(outgoing: Outgoing) -> Taken:
    """What is refused for this address is permanent, the server's own trouble is not."""
    try:
        validate_email(outgoing.to)
    except ValidationError as error:
        raise Permanent("address_invalid") from error
    try:
        message = compose(outgoing)
        if settings.EMAIL_PROVIDER:
            return provider.send(message)
        return _by_smtp(message)
    except (BadHeaderError, UnicodeError) as error:
        raise Permanent("address_invalid") from error


def compose(outgoing: Outgoing) -> EmailMessage:
    """Nothing that a person typed gets into a header but the address, which was checked."""
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    headers = {
        "Message-ID": f"<{outgoing.reference}@{host}>",
        "Auto-Submitted": "auto-generated",
    }
    if outgoing.unsubscribe:
        headers["List-Unsubscribe"] = f"<{outgoing.unsubscribe}>"
        if outgoing.unsubscribe.startswith("https://"):  # RFC 8058: one click, over TLS alone
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message = EmailMessage(
        subject=clean(outgoing.subject)[:LONGEST_SUBJECT],
        body=outgoing.text + "\n",
        to=[outgoing.to],
        headers=headers,
    )
    if outgoing.calendar is not None:
        message.attach(_calendar_part(outgoing.calendar))
    return message


def _calendar_part(calendar: bytes) -> MIMEText:
    """The file as an invitation that calendars take by themselves: `method` as the file says."""
    part = MIMEText(calendar.decode(), "calendar", "utf-8")
    found = METHOD.search(calendar)
    if found:
        part.set_param("method", found[1].decode())
    part.add_header("Content-Disposition", "attachment", filename="jadwal.ics")
    return part


def _by_smtp(message: EmailMessage) -> Taken:
    try:
        smtp.send(message)
    except smtp.OutcomeUnknown as error:
        raise Unknown("smtp_unknown") from error
    except smtplib.SMTPAuthenticationError as error:
        raise Blocked(f"smtp_{error.smtp_code}") from error
    except smtplib.SMTPNotSupportedError as error:
        raise Permanent("address_invalid") from error
    except smtplib.SMTPRecipientsRefused as error:
        raise _by_code(max(code for code, _ in error.recipients.values())) from error
    except smtplib.SMTPDataError as error:
        raise _by_code(error.smtp_code) from error
    except smtplib.SMTPResponseException as error:
        # Greeting, sign-in or sender refused: that is about us, not about this address. Giving
        # up would burn every message that is due.
        if error.smtp_code in SIGN_IN_REFUSED:
            raise Blocked(f"smtp_{error.smtp_code}") from error
        raise Temporary(f"smtp_{error.smtp_code}") from error
    except (smtplib.SMTPException, OSError) as error:
        raise Temporary("smtp_unreachable") from error
    return Taken()


def _by_code(code: int) -> NotSent:
    if code in SIGN_IN_REFUSED:
        return Blocked(f"smtp_{code}")
    if code >= 500:
        return Permanent(f"smtp_{code}")
    return Temporary(f"smtp_{code}", only_this_address=True)
