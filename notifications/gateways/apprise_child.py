"""The child of apprise.py: `python -m notifications.gateways.apprise_child`.

Reads one job a line (`{"url", "body", "inside"}`), writes one line about how it ended:
`{"ok", "status", "error", "retry_after"}`. Nothing of the job is in the answer. In this process the
network is ours alone, so redirects are off and only names of `inside` may point into our network.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import os
import socket
import sys
from typing import Any

from .addresses import is_public

_look_up = socket.getaddrinfo


class Inward(OSError):
    """A name that points into our own network."""


def main() -> None:
    logging.disable(logging.CRITICAL)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever a plugin prints goes nowhere
    seen: dict[str, Any] = {}
    inside: set[str] = set()
    _fence(seen, inside)
    import apprise

    for line in sys.stdin:
        seen.clear()
        job = json.loads(line)
        inside.clear()
        inside.update(job["inside"])
        sender = apprise.Apprise()
        ok = False
        if sender.add(job["url"]):
            ok = bool(sender.notify(body=job["body"], body_format=apprise.NotifyFormat.TEXT))
        else:
            seen["error"] = "url"
        print(json.dumps({"ok": ok, **seen}), file=answers, flush=True)


def _fence(seen: dict[str, Any], inside: set[str]) -> None:
    """Note what the network said, and keep it outside."""
    import requests
    import requests.adapters
    import requests.sessions

    requests.sessions.DEFAULT_REDIRECT_LIMIT = 0  # type: ignore[attr-defined]
    go = requests.adapters.HTTPAdapter.send

    def send(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            response = go(self, request, *args, **kwargs)
        except (requests.exceptions.ConnectTimeout, requests.exceptions.SSLError):
            seen["error"] = "connect"
            raise
        except requests.exceptions.ConnectionError as error:
            # Inside: urllib3's "could not connect" (nothing went out) or a broken answer.
            before = "NewConnectionError" in repr(error) or "NameResolution" in repr(error)
            seen.setdefault("error", "connect" if before else "read")
            raise
        except requests.exceptions.RequestException:
            seen["error"] = "read"
            raise
        seen["status"] = response.status_code
        seen["retry_after"] = response.headers.get("Retry-After", "")
        return response

    def look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        found = _look_up(host, *args, **kwargs)
        for entry in found if host not in inside else ():
            if not is_public(ipaddress.ip_address(str(entry[4][0]).partition("%")[0])):
                seen["error"] = "refused"
                raise Inward
        return found

    requests.adapters.HTTPAdapter.send = send  # type: ignore[method-assign]
    socket.getaddrinfo = look_up


if __name__ == "__main__":
    main()
