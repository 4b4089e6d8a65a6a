"""Is this process alive, and can it serve? Asked by Docker, the proxy and `make run`."""

from collections.abc import Callable

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from locations.clock import clocks_agree


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
        # Due times are the database's; a page that thinks it is another hour misleads people.
        return "" if clocks_agree() else "clock"
    except DatabaseError:
        return "database"
    finally:
        connection.close()


def plain(text: str, status: int = 200) -> HttpResponse:
    response = HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "no-store"
    return response
