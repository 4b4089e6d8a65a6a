"""E-mail by the server of EMAIL_URL."""

from __future__ import annotations

import smtplib
from email.utils import parseaddr

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import BadHeaderError, EmailMessage
from django.core.validators import validate_email

from . import smtp
from .answers import Blocked, NotSent, Outgoing, Permanent, Taken, Temporary, Unknown

# 530 sign-in required, 534 and 535 refused, 538 only over TLS.
SIGN_IN_REFUSED = {530, 534, 535, 538}


def send(outgoing: Outgoing) -> Taken:
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
    except smtplib.SMTPAuthenticationError as error:
        raise Blocked(f"smtp_{error.smtp_code}") from error
    except (BadHeaderError, UnicodeError, smtplib.SMTPNotSupportedError) as error:
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
