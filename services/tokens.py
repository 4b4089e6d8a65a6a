"""The token of a booking: derived, never stored (docs/decisions.md).

HMAC over the booking's id and version. Every message can show it again, a repeated request too; a
new version revokes it; the purpose keeps it from being any other secret of the product.
"""

import base64
import hashlib
import hmac
import re
from uuid import UUID

from django.conf import settings

TOKEN_LENGTH = 32
# The links of messages (resident/urls.py) in a text, up to the token.
_LINK = re.compile(rf"(/(?:m|berhenti)/[A-Za-z0-9-]+/)[A-Za-z0-9_-]{{{TOKEN_LENGTH}}}")


def token_for(booking_id: UUID, version: int) -> str:
    """The token that opens this booking: 32 URL-safe characters (192 bits)."""
    message = b"booking-token\0" + booking_id.bytes + version.to_bytes(4, "big")
    digest = hmac.new(settings.TOKEN_KEY.encode(), message, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def unsubscribe_token(booking_id: UUID, version: int) -> str:
    """The token that ends this booking's e-mails, and can do nothing else: providers of mail see
    it, and follow it by themselves (RFC 8058)."""
    message = b"unsubscribe-token\0" + booking_id.bytes + version.to_bytes(4, "big")
    digest = hmac.new(settings.TOKEN_KEY.encode(), message, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def unsubscribe_token_opens(token: str, booking_id: UUID, version: int) -> bool:
    if not token.isascii() or len(token) != TOKEN_LENGTH:
        return False
    return hmac.compare_digest(token, unsubscribe_token(booking_id, version))


def token_opens(token: str, booking_id: UUID, version: int) -> bool:
    """Whether the token is the one of this booking; takes the same time for a wrong one."""
    if not token.isascii() or len(token) != TOKEN_LENGTH:
        return False
    return hmac.compare_digest(token, token_for(booking_id, version))


def without_tokens(text: str) -> str:
    """A message as staff may read it: who had its link could act as the resident, and the history
    would say that the resident did it."""
    return _LINK.sub(r"\1…", text)
