"""E-mail by a provider's API, with django-anymail, over our own way out (http.py)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import requests
from anymail.exceptions import (
    AnymailAPIError,
    AnymailError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
)
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from requests.adapters import BaseAdapter

from .answers import Blocked, NotSent, Permanent, Taken, Unknown
from .http import Answer, Server, by_status, post
from .plain_http import plain_id


class _OurWayOut(BaseAdapter):
    """Carries a request of the library through http.post: bounded, checked, no redirects.

    What went wrong is raised as our own answer, past the library's errors. `answer` is the last.
    """

    answer: Answer | None = None

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        parts = urlsplit(request.url or "")
        host = parts.hostname or ""
        private = host in settings.GATEWAY_PRIVATE_HOSTS
        tls = parts.scheme == "https"
        if request.method != "POST" or not (tls or private):
            raise Blocked("provider_settings")
        # http.post says its own length, and reads no packed answers.
        skipped = ("accept-encoding", "connection", "content-length", "keep-alive")
        headers = {
            str(name): str(value)
            for name, value in request.headers.items()
            if str(name).lower() not in skipped
        }
        body = request.body if isinstance(request.body, str | bytes) else b""
        answer = post(
            Server(host, parts.port or (443 if tls else 80), tls=tls, private=private),
            f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}",
            body.encode() if isinstance(body, str) else body,
            headers,
        )
        self.answer = answer
        response = requests.Response()
        response.status_code = answer.status
        response._content = answer.body
        response.headers["Retry-After"] = answer.retry_after
        response.url, response.request = request.url or "", request
        return response

    def close(self) -> None: ...


def send(message: EmailMessage) -> Taken:
    backend: Any = get_connection()
    way_out = _OurWayOut()
    try:
        backend.open()
        backend.session.adapters.clear()
        for start in ("https://", "http://"):
            backend.session.mount(start, way_out)
        backend.send_messages([message])
    except (AnymailRecipientsRefused, AnymailInvalidAddress):
        raise Permanent("address_refused_by_provider") from None
    except AnymailAPIError:
        # Without the cause: the library's error text shows the address and the answer.
        raise _refused(way_out.answer) from None
    except AnymailError:
        raise Blocked("provider_settings") from None
    finally:
        backend.close()
    status: Any = getattr(message, "anymail_status", None)
    if not set(getattr(status, "status", None) or {"unknown"}) <= {"sent", "queued"}:
        raise _refused(way_out.answer)  # the library is not sure what the answer says
    found = getattr(status, "message_id", None)
    return Taken(plain_id(found) if isinstance(found, str) else "")


def _refused(answer: Answer | None) -> NotSent:
    if answer is None or 200 <= answer.status < 300:
        return Unknown("answer_unclear")
    return by_status(answer)
