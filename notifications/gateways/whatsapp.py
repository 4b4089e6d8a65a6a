"""WhatsApp by Meta's Cloud API: templates that Meta approved, never free text.

Outside of 24 hours after a person's last word nothing else is allowed. Error codes:
developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes.
"""

from __future__ import annotations

import json
import re
from typing import Any

from notifications.texts import clean

from .answers import Blocked, NotSent, Outgoing, Permanent, Taken, Temporary, Unknown
from .configuration import GatewaySetting
from .http import Answer, by_status, pause_asked, post
from .plain_http import number, plain_id, server

TEMPLATE = re.compile(r"[a-z0-9_]{1,512}")
LONGEST = 1024  # letters of a template's body, filled

# Our token, account, number, payment or template: nothing would go out.
BLOCKED = {
    0, 3, 10, 190, 33, 368,
    130497,  # no business messages to this country
    131005, 131031, 131037, 131042, 131045, 131048,  # access, locked, name, payment, spam limit
    131051, 132000, 132001, 132007, 132012, 132015, 132016, 132068,
    133000, 133005, 133006, 133008, 133009, 133010, 133015, 133016,
}  # fmt: skip
# Meta's own trouble, or too much at once.
TEMPORARY = {1, 2, 4, 80007, 130429, 131000, 131016, 131057, 133004, 135000}
# Too much at once to this one number; the others may go on.
TEMPORARY_HERE = {131056}
# This number, or this message: no WhatsApp there, terms not accepted, held back by Meta.
PERMANENT = {100, 130472, 131008, 131009, 131021, 131026, 131030, 131047, 131049, 131050, 132005}
# Of `Invalid parameter` (100): the phone number id in our settings does not exist.
NO_SUCH_OBJECT = 33


def send(outgoing: Outgoing, setting: GatewaySetting) -> Taken:
    body = json.dumps(_request(outgoing)).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {setting.user}"}
    answer = post(server(setting), f"{setting.path}/messages", body, headers)
    if not 200 <= answer.status < 300:
        raise _refused(answer)
    provider_id = _id_of(answer.json())
    if not provider_id:
        raise Unknown("answer_unclear")
    return Taken(provider_id)


def _request(outgoing: Outgoing) -> dict[str, Any]:
    """Raises Permanent for what Meta would refuse anyway, before anything goes out."""
    if not TEMPLATE.fullmatch(outgoing.template):
        raise Permanent("no_template")
    # One line, no tab, never four spaces in a row; what stands for itself is never interpreted.
    values = [clean(value) for value in outgoing.template_values]
    if not all(values):
        raise Permanent("value_empty")
    if sum(map(len, values)) > LONGEST:
        raise Permanent("too_long")
    template: dict[str, Any] = {
        "name": outgoing.template,
        "language": {"code": outgoing.language},
    }
    if values:
        parameters = [{"type": "text", "text": value} for value in values]
        template["components"] = [{"type": "body", "parameters": parameters}]
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": number(outgoing.to).removeprefix("+"),
        "type": "template",
        "template": template,
        # Comes back with each receipt.
        "biz_opaque_callback_data": outgoing.reference,
    }


def _refused(answer: Answer) -> NotSent:
    found = answer.json()
    error = found.get("error") if isinstance(found, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    if not isinstance(code, int) or isinstance(code, bool):
        return by_status(answer)
    if code == 100 and isinstance(error, dict) and error.get("error_subcode") == NO_SUCH_OBJECT:
        return Blocked("whatsapp_100_33")
    return by_code(code, answer) or by_status(answer)


def by_code(code: int, answer: Answer | None = None) -> NotSent | None:
    """What an error code means, of an answer or of a receipt; None for one that is new to us."""
    name = f"whatsapp_{code}"
    pause = pause_asked(answer.retry_after) if answer else None
    if code in BLOCKED or 200 <= code <= 299:
        return Blocked(name)
    if code in TEMPORARY:
        return Temporary(name, pause)
    if code in TEMPORARY_HERE:
        return Temporary(name, pause, only_this_address=True)
    return Permanent(name) if code in PERMANENT else None


def _id_of(found: Any) -> str:
    try:
        return plain_id(found["messages"][0]["id"])
    except (TypeError, LookupError):
        return ""
