"""SMS through any gateway that takes a POST: JSON or a form, its fields named in the settings."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from .answers import Outgoing, Permanent, Taken, Unknown
from .configuration import PLACES, GatewaySetting
from .http import Answer, Server, by_status, post

NUMBER = re.compile(r"\+[1-9]\d{6,14}")
DEFAULT_FIELDS = {"to": "{to}", "text": "{text}", "reference": "{reference}"}
LONGEST_ID = 200


def send(outgoing: Outgoing, setting: GatewaySetting) -> Taken:
    number(outgoing.to)
    body, content_type = _body(outgoing, setting)
    headers = {"Content-Type": content_type, "Accept": "application/json", **setting.headers}
    # A gateway that knows this header drops a repeat by itself.
    headers["Idempotency-Key"] = outgoing.reference
    if setting.user or setting.password:
        headers["Authorization"] = _authorization(setting)
    answer = post(server(setting), setting.path, body, headers)
    if not 200 <= answer.status < 300:
        raise by_status(answer)
    return Taken(_provider_id(answer, setting.options.get("id", "id")))


def server(setting: GatewaySetting) -> Server:
    return Server(setting.host, setting.port, tls=setting.tls, private=setting.private)


def number(to: str) -> str:
    """The number in E.164, or Permanent."""
    if not NUMBER.fullmatch(to):
        raise Permanent("address_invalid")
    return to


def plain_id(found: Any) -> str:
    """A gateway's id as text; empty for what can be none."""
    if isinstance(found, bool) or not isinstance(found, str | int):
        return ""
    text = str(found)
    return text if re.fullmatch(r"[\x21-\x7e]{1,200}", text) else ""


def _body(outgoing: Outgoing, setting: GatewaySetting) -> tuple[bytes, str]:
    fields = {
        name: _filled(text, outgoing) for name, text in (setting.fields or DEFAULT_FIELDS).items()
    }
    if setting.options.get("format", "json") == "form":
        return urlencode(fields).encode(), "application/x-www-form-urlencoded"
    return json.dumps(_nested(fields)).encode(), "application/json"


def _filled(text: str, outgoing: Outgoing) -> str:
    values = {
        "to": outgoing.to,
        "to_digits": outgoing.to.removeprefix("+"),
        "text": outgoing.text,
        "reference": outgoing.reference,
    }
    return PLACES.sub(lambda place: values[place[1]], text)


def _nested(fields: Mapping[str, str]) -> dict[str, Any]:
    """`message.text` becomes `{"message": {"text": …}}`."""
    whole: dict[str, Any] = {}
    for name, value in fields.items():
        *outer, last = name.split(".")
        inner = whole
        for part in outer:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return whole


def _authorization(setting: GatewaySetting) -> str:
    if setting.options.get("auth", "basic") == "bearer":
        return f"Bearer {setting.password or setting.user}"
    pair = f"{setting.user}:{setting.password}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"


def _provider_id(answer: Answer, path: str) -> str:
    """Its id, under `path` (`messages.0.id`); an answer without one says nothing that we know."""
    found = answer.json()
    for part in path.split("."):
        if isinstance(found, dict):
            found = found.get(part)
        elif isinstance(found, list) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        else:
            found = None
    provider_id = plain_id(found)
    if not provider_id:
        raise Unknown("answer_unclear")
    return provider_id
