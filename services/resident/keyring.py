"""Which tickets this browser may open: a signed cookie of codes and token versions.

The manage link trades its token for an entry here, so that the token leaves the address bar, and
nothing has to be written to the database for it. A new token version shuts old entries out.
"""

from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase

from services.booking import WITH_PLACE, find_by_token
from services.codes import read_code
from services.models import Booking
from services.refusals import NotFound

SALT = "resident.keyring"
LASTS_SECONDS = 12 * 60 * 60
MOST = 8  # a family's tickets


def cookie_name() -> str:
    return "__Host-tickets" if settings.SESSION_COOKIE_SECURE else "tickets"


def add(request: HttpRequest, response: HttpResponseBase, booking: Booking) -> None:
    """Let this browser open the booking for twelve hours."""
    entries = [entry for entry in _entries(request) if entry[0] != booking.code]
    _write(response, [*entries, [booking.code, booking.token_version]][-MOST:])


def remove(request: HttpRequest, response: HttpResponseBase, typed_code: str) -> None:
    code = read_code(typed_code)
    _write(response, [entry for entry in _entries(request) if entry[0] != code])


def opened(request: HttpRequest, typed_code: str) -> Booking:
    """The booking of this code with its place, for who holds its key; else NotFound.

    A browser's key is in its cookie; a program sends `Authorization: Booking <token>`, as to the
    API.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme == "Booking":
        return find_by_token(typed_code, token)
    code = read_code(typed_code)
    version = dict(_entries(request)).get(code)
    if code is None or version is None:
        raise NotFound()
    booking = Booking.objects.select_related(*WITH_PLACE).filter(code=code).first()
    if booking is None or booking.token_version != version or booking.erased_at:
        raise NotFound()
    return booking


def _entries(request: HttpRequest) -> list[list[Any]]:
    try:
        return signing.loads(
            request.COOKIES.get(cookie_name(), ""), salt=SALT, max_age=LASTS_SECONDS
        )
    except signing.BadSignature:
        return []


def _write(response: HttpResponseBase, entries: list[list[Any]]) -> None:
    if not entries:
        response.delete_cookie(cookie_name(), samesite="Lax")
        return
    response.set_cookie(
        cookie_name(),
        signing.dumps(entries, salt=SALT),
        max_age=LASTS_SECONDS,
        secure=bool(settings.SESSION_COOKIE_SECURE),
        httponly=True,
        samesite="Lax",
    )
