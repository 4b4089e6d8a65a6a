"""How often something may be asked: counted in PostgreSQL, so it holds without Redis.

One statement counts and decides, and commits by itself before the work begins: a request that is
refused or fails later has still been counted, and two at once can't both be the last one. Windows
are fixed and follow the database's clock. What is counted for whom is the setting LIMITS; the
setting RATE_LIMITS switches all of it off.

Identities (addresses, accounts, NIK hashes) are stored as keyed hashes only.
"""

import ipaddress
from collections.abc import Iterator
from typing import NamedTuple

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from notifications.personal_data import lookup_hash
from services.refusals import Refusal

#: Windows older than this are swept; longer than the longest window of LIMITS.
KEPT = "2 days"


class TooManyRequests(Refusal):
    """Asked too often. `wait`: seconds until the window ends."""

    code = "throttled"
    status = 429
    message = _("Terlalu banyak permintaan. Silakan tunggu sebentar, lalu coba lagi.")

    def __init__(self, wait: int) -> None:
        super().__init__()
        self.wait = wait


class Use(NamedTuple):
    """One thing to count: a name of the setting LIMITS and whose use it is."""

    limit: str
    whose: str


def take(*uses: Use) -> None:
    """Count each use; raise TooManyRequests when one of them is past its limit.

    One statement. Call it outside `atomic()`: a count must not be rolled back with the work.
    """
    if not settings.RATE_LIMITS or not uses:
        return
    waits = [wait for limit, count, wait in _count(uses) if count > settings.LIMITS[limit][0]]
    if waits:
        raise TooManyRequests(wait=max(waits))


def give_back(*uses: Use) -> None:
    """Take uses back, where only failures are to count (a sign-in, a look-up)."""
    if not settings.RATE_LIMITS or not uses:
        return
    rows, values = _rows(uses)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE services_ratecount AS r SET count = r.count - 1"  # noqa: S608 (placeholders)
            f" FROM (VALUES {values}) AS asked (key, seconds)"
            ' WHERE r.key = asked.key AND r.count > 0 AND r."window" ='
            " to_timestamp(floor(extract(epoch FROM now()) / seconds) * seconds)",
            rows,
        )


def sweep() -> int:
    """Delete the counts of windows long past; how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(
            'DELETE FROM services_ratecount WHERE "window" < now() - %s::interval', [KEPT]
        )
        return cursor.rowcount


def contacts(phone: str, email: str) -> tuple[Use, ...]:
    """Whom a booking or a move will be told: anybody's number can be typed, and nobody should get
    a hundred messages by it. Given back where nothing was booked or moved."""
    return tuple(Use("contact", where.lower()) for where in (phone, email) if where)


def address_of(request: HttpRequest) -> str:
    """Whom an address stands for: an IPv4 address, or the /64 network of an IPv6 address.

    One household or phone has a whole /64, so counting single IPv6 addresses would count nothing.
    REMOTE_ADDR was set from the trusted proxy, if there is one (middleware TrustedProxy).
    """
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _count(uses: tuple[Use, ...]) -> Iterator[tuple[str, int, int]]:
    """Add one to each; yields (name of the limit, count by now, seconds until the window ends)."""
    rows, values = _rows(uses)
    names = {_key(use): use.limit for use in uses}
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO services_ratecount AS r (key, "window", count)'  # noqa: S608 (placeholders)
            " SELECT key, to_timestamp(floor(extract(epoch FROM now()) / seconds) * seconds), 1"
            f" FROM (VALUES {values}) AS asked (key, seconds)"
            ' ON CONFLICT (key, "window") DO UPDATE SET count = r.count + 1'
            ' RETURNING key, count, extract(epoch FROM now() - "window")::int',
            rows,
        )
        for key, count, elapsed in cursor.fetchall():
            yield names[key], count, max(1, settings.LIMITS[names[key]][1] - elapsed)


def _rows(uses: tuple[Use, ...]) -> tuple[list[str | int], str]:
    """Key and window of each use, flat, and their placeholders: `(%s::text, %s::int), …`.

    In one order for everybody, so that two requests with the same keys can't lock each other.
    """
    rows = sorted((_key(use), settings.LIMITS[use.limit][1]) for use in set(uses))
    return [value for row in rows for value in row], ", ".join(["(%s::text, %s::int)"] * len(rows))


def _key(use: Use) -> str:
    return f"{use.limit}:{lookup_hash('rate-limit', use.whose).hex()[:32]}"
