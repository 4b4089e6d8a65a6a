"""Is this process alive, and can it serve? Asked by Docker, the proxy and `make run`."""

import time
from collections.abc import Callable

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase

# Due times are the database's; a page that thinks it is another hour would mislead people.
MAX_CLOCK_SKEW_SECONDS = 30


class Health:
    """Answers before everything else: no host check, no session, no redirect, no log line."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info == "/healthz":
            return plain("ok")
        if request.path_info == "/readyz":
            trouble = readiness_trouble()
            return plain(trouble, status=503) if trouble else plain("ok")
        return self.get_response(request)


def readiness_trouble() -> str:
    """What keeps this process from serving, in one word; empty when nothing does.

    Redis is not asked: booking does not need it.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
            skew = abs(cursor.fetchone()[0] - time.time())
    except DatabaseError:
        return "database"
    finally:
        connection.close()
    return "clock" if skew > MAX_CLOCK_SKEW_SECONDS else ""


def plain(text: str, status: int = 200) -> HttpResponse:
    response = HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "no-store"
    return response
