"""Telegram by its Bot API, to people who have opened a chat with the office's bot."""

from __future__ import annotations

import json
import re
from datetime import timedelta

from .answers import Blocked, NotSent, Outgoing, Permanent, Taken, Temporary, Unknown
from .configuration import GatewaySetting
from .http import LONGEST_PAUSE, Answer, by_status, post
from .plain_http import plain_id, server

LONGEST = 4096


def send(outgoing: Outgoing, setting: GatewaySetting) -> Taken:
    if not re.fullmatch(r"-?\d{1,19}", outgoing.to):
        raise Permanent("address_invalid")
    if len(outgoing.text) > LONGEST:
        raise Permanent("too_long")
    # No parse_mode: what looks like markup stays as typed.
    body = {
        "chat_id": int(outgoing.to),
        "text": outgoing.text,
        "link_preview_options": {"is_disabled": True},
    }
    path = f"/bot{setting.user}:{setting.password}/sendMessage"
    headers = {"Content-Type": "application/json"}
    answer = post(server(setting), path, json.dumps(body).encode(), headers)
    found = answer.json()
    if not 200 <= answer.status < 300:
        raise _refused(answer)
    try:
        message = plain_id(found["result"]["message_id"]) if found["ok"] is True else ""
    except (TypeError, LookupError):
        message = ""
    if not message:
        raise Unknown("answer_unclear")
    return Taken(message)


def _refused(answer: Answer) -> NotSent:
    if answer.status in (401, 404):  # the bot's token stands in the path
        return Blocked(f"http_{answer.status}")
    if answer.status == 403:  # this person has blocked the bot, or is gone
        return Permanent("http_403")
    if answer.status == 429:
        return Temporary("http_429", _pause(answer))
    return by_status(answer)


def _pause(answer: Answer) -> timedelta | None:
    found = answer.json()
    try:
        seconds = found["parameters"]["retry_after"]
    except (TypeError, LookupError):
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int) or seconds < 0:
        return None
    return min(timedelta(seconds=min(seconds, 10**6)), LONGEST_PAUSE)
