"""What gateways tell us, signed: receipts, and what people write to the office's bot.

Whoever signs wrongly learns nothing: one answer, whatever the reason. Nothing of a body is logged.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.module_loading import import_string

from . import breaker, strict_json
from .gateways import Blocked, whatsapp
from .gateways.configuration import GatewaySetting
from .gateways.plain_http import plain_id
from .models import Attempt
from .receipts import Receipt, note_receipts

log = structlog.get_logger(__name__)

MOST_READ = 64 * 1024
#: How far the time of a signature may be off: an older one may have been overheard.
REPLAY_WINDOW = timedelta(minutes=5)
#: A gateway's clock is believed for so long back.
OLDEST = timedelta(days=7)
MOST_AT_ONCE = 1000

WORDS = {
    "delivered": Attempt.Receipt.DELIVERED,
    "read": Attempt.Receipt.READ,
    "seen": Attempt.Receipt.READ,
    "played": Attempt.Receipt.READ,
    "undelivered": Attempt.Receipt.UNDELIVERED,
    "failed": Attempt.Receipt.UNDELIVERED,
    "rejected": Attempt.Receipt.UNDELIVERED,
    "expired": Attempt.Receipt.UNDELIVERED,
}


def receive(request: HttpRequest, gateway: str) -> HttpResponse:
    """404 unknown gateway, 403 not signed by it, 413 too long, 400 no strict JSON, else 200."""
    setting = settings.GATEWAYS.get(gateway)
    if setting is None or setting.scheme not in _TAKES or not setting.secrets:
        return HttpResponse(status=404)
    if request.method == "GET" and setting.scheme == "whatsapp":
        return _introduce(request, setting)
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    body = _body(request)
    if body is None:
        return HttpResponse(status=413)
    signed, take = _TAKES[setting.scheme]
    if not signed(request, body, setting):
        return HttpResponse(status=403)
    try:
        value = strict_json.read(body)
    except ValueError:
        return HttpResponse(status=400)
    take(gateway, value)
    return HttpResponse(status=200)


def _body(request: HttpRequest) -> bytes | None:
    """At most MOST_READ; what is announced as longer is not read at all."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > MOST_READ:
        return None
    body = request.read(MOST_READ + 1)
    return body if len(body) <= MOST_READ else None


# --- Signatures ----------------------------------------------------------------------------------


def _introduce(request: HttpRequest, setting: GatewaySetting) -> HttpResponse:
    """Meta asks once whether this address is ours: the word is agreed, its challenge goes back."""
    given = request.GET.get("hub.verify_token", "").encode()
    challenge = request.GET.get("hub.challenge", "")
    known = _any(hmac.compare_digest(given, word.encode()) for word in _secrets(setting, "verify"))
    if not known or not re.fullmatch(r"[A-Za-z0-9_-]{1,200}", challenge):
        return HttpResponse(status=403)
    return HttpResponse(challenge, content_type="text/plain")


def _signed_by_meta(request: HttpRequest, body: bytes, setting: GatewaySetting) -> bool:
    return _matches(request.headers.get("X-Hub-Signature-256", ""), body, setting, "sha256=")


def _signed_plainly(request: HttpRequest, body: bytes, setting: GatewaySetting) -> bool:
    """The time is signed too, or an old body could be sent again under a new one."""
    stamp = request.headers.get("X-Timestamp", "")
    signed = f"{stamp}.".encode() + body
    matches = _matches(request.headers.get("X-Signature", ""), signed, setting)
    return matches and _is_fresh(stamp)


def _is_fresh(stamp: str) -> bool:
    if not re.fullmatch(r"[0-9]{1,12}", stamp):
        return False
    return abs(timezone.now().timestamp() - int(stamp)) <= REPLAY_WINDOW.total_seconds()


def _signed_by_telegram(request: HttpRequest, body: bytes, setting: GatewaySetting) -> bool:
    given = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "").encode()
    secrets = _secrets(setting, "webhook")
    return _any(hmac.compare_digest(given, secret.encode()) for secret in secrets)


def _matches(given: str, signed: bytes, setting: GatewaySetting, prefix: str = "") -> bool:
    made = [
        prefix + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        for secret in setting.receipt_secrets
    ]
    return _any(hmac.compare_digest(given.encode(), one.encode()) for one in made)


def _any(comparisons: Iterable[bool]) -> bool:
    """Looks at all of them, so that its time does not say which one matched."""
    return bool(sum(list(comparisons)))


def _secrets(setting: GatewaySetting, kind: str) -> tuple[str, ...]:
    names = {"verify": "verify_token", "webhook": "webhook_secret"}
    return setting.secrets.get(names[kind], ())


# --- What they say -------------------------------------------------------------------------------


def _take_from_meta(gateway: str, value: Any) -> None:
    """Statuses of what we sent; whatever else Meta tells is passed over."""
    receipts = []
    blocked = ""
    for status in _statuses(value):
        errors = status.get("errors")
        error = errors[0] if isinstance(errors, list) and errors else None
        number = error.get("code") if isinstance(error, dict) else None
        code = ""
        if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 10**9:
            code = f"whatsapp_{number}"
            if isinstance(whatsapp.by_code(number), Blocked):
                blocked = code
        receipts += _receipt(status.get("id"), status.get("status"), code, status.get("timestamp"))
    _note(gateway, receipts)
    if blocked:
        breaker.pause(gateway, blocked)


def _statuses(value: Any) -> Iterator[dict[str, Any]]:
    for entry in _list(value, "entry"):
        for change in _list(entry, "changes"):
            inner = change.get("value")
            yield from _list(inner, "statuses")


def _list(value: Any, name: str) -> list[dict[str, Any]]:
    found = value.get(name) if isinstance(value, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _take_plainly(gateway: str, value: Any) -> None:
    many = _list(value, "receipts")
    if not many and isinstance(value, dict):
        many = [value]
    receipts = []
    for one in many:
        code = one.get("code")
        code = code if isinstance(code, str) and re.fullmatch(r"[a-z0-9_.-]{1,40}", code) else ""
        receipts += _receipt(one.get("id"), one.get("status"), code, one.get("at"))
    _note(gateway, receipts)


def _receipt(provider_id: Any, word: Any, code: str, at: Any) -> list[Receipt]:
    """None for what says nothing new (sent, queued) or nothing that we know."""
    known = WORDS.get(word.lower()) if isinstance(word, str) else None
    plain = plain_id(provider_id)
    if known is None or not plain:
        return []
    return [Receipt(provider_id=plain, receipt=known, code=code, at=_moment(at))]


def _moment(at: Any) -> datetime:
    """Unix seconds or ISO 8601; now for what is neither, lies ahead or is too long ago."""
    now = timezone.now()
    found = None
    try:
        if isinstance(at, str) and not at.isdigit():
            found = parse_datetime(at)
        elif isinstance(at, str | int) and not isinstance(at, bool):
            found = datetime.fromtimestamp(int(at), tz=now.tzinfo)
        if found is not None and found.tzinfo is not None and now - OLDEST <= found <= now:
            return found
    except (ValueError, OverflowError, OSError):
        pass
    return now


def _note(gateway: str, receipts: list[Receipt]) -> None:
    if receipts:
        known = note_receipts(gateway, receipts[:MOST_AT_ONCE])
        log.info("receipts", gateway=gateway, came=len(receipts), known=known)


def _take_update(gateway: str, value: Any) -> None:
    """To whoever links chats with people (settings.NOTIFICATIONS_TELEGRAM_UPDATE)."""
    if settings.NOTIFICATIONS_TELEGRAM_UPDATE and isinstance(value, dict):
        take: Callable[[dict[str, Any]], None] = import_string(
            settings.NOTIFICATIONS_TELEGRAM_UPDATE
        )
        take(value)


Signed = Callable[[HttpRequest, bytes, GatewaySetting], bool]
Take = Callable[[str, Any], None]
_TAKES: dict[str, tuple[Signed, Take]] = {
    "whatsapp": (_signed_by_meta, _take_from_meta),
    "https": (_signed_plainly, _take_plainly),
    "http": (_signed_plainly, _take_plainly),
    "telegram": (_signed_by_telegram, _take_update),
}
