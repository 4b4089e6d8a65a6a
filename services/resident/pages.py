"""What residents' views share: headers of personal pages, and refusals turned into pages."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from services.limits import TooManyRequests
from services.refusals import TryAgain

View = Callable[..., HttpResponse]


def personal(view: View) -> View:
    """A page about one person: kept in no cache, its address told to nobody outside.

    The referrer policy is same-origin and not no-referrer: with the latter, browsers send `Origin:
    null` with the page's own forms and Django's check against forgery refuses them.
    """

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = calm(view)(request, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        response.setdefault("Referrer-Policy", "same-origin")
        return response

    return wrapped


def calm(view: View) -> View:
    """Asked too often, or a conflict that the database could not settle: a page that says so."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except TooManyRequests as refusal:
            return _later(request, 429, refusal.wait)
        except TryAgain:
            return _later(request, 503, 5)

    return wrapped


def _later(request: HttpRequest, status: int, seconds: int) -> HttpResponse:
    response = render(request, f"{status}.html", status=status)
    response["Retry-After"] = str(seconds)
    return response
