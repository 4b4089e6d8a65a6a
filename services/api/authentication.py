"""Who calls: the holder of a booking's token, or staff with a token of their own or a session."""

from typing import Any

from knox.auth import TokenAuthentication
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

BOOKING_SCHEME = "Booking"
#: Longer than any token that we ever made.
LONGEST = 200


class BookingToken(BaseAuthentication):
    """`Authorization: Booking <token>`. Only carries the token: whether it opens the booking of
    the address is for the view to say, which answers 404 to every wrong one alike."""

    def authenticate(self, request: Request) -> tuple[None, str] | None:
        token = _credential(request, BOOKING_SCHEME)
        return None if token is None else (None, token)

    def authenticate_header(self, request: Request) -> str:
        return BOOKING_SCHEME


class StaffToken(TokenAuthentication):
    """`Authorization: Token <token>`, as `auth/login/` gave it; stored hashed.

    The library decodes whatever comes and fails on what is no text; such a token is just wrong.
    """

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        token = _credential(request, "Token")
        if token is None:
            return None
        if not token.isalnum() or not token.isascii():
            raise AuthenticationFailed()
        credentials: tuple[Any, Any] = self.authenticate_credentials(token.encode())
        return credentials


def _credential(request: Request, scheme: str) -> str | None:
    """What follows the scheme in the header; None for another scheme, empty for nonsense."""
    given, _, credential = get_authorization_header(request).decode("latin-1").partition(" ")
    if given.lower() != scheme.lower():
        return None
    return credential.strip() if len(credential) <= LONGEST else ""
