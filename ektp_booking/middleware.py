"""What happens to every request before and after the views."""

import ipaddress
import secrets
import time
from collections.abc import Callable

import structlog
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

from ektp_booking import errors

GetResponse = Callable[[HttpRequest], HttpResponseBase]
access_log = structlog.get_logger("access")

API = "/api/"
PAGE_METHODS = ("GET", "HEAD", "POST")


class RequestLog:
    """One line a request: the route, never the path, which may carry a code or a token."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = secrets.token_hex(8)
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        try:
            response = self.get_response(request)
            access_log.info(
                "request",
                method=request.method if request.method in METHODS else "OTHER",
                route=request.resolver_match.route if request.resolver_match else None,
                status=response.status_code,
                ms=round((time.perf_counter() - started) * 1000, 1),
            )
        finally:
            structlog.contextvars.unbind_contextvars("request_id")
        response["X-Request-ID"] = request_id
        return response


METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}


class TrustedProxy:
    """Take the client's address and scheme from a proxy, but only from one we know.

    The last entry of X-Forwarded-For is what that proxy saw; everything before it was written by
    whoever is on the other side and is dropped. Without a trusted proxy the headers are removed,
    so no library can be talked into believing them.
    """

    FORWARDED = (
        "HTTP_X_FORWARDED_FOR",
        "HTTP_X_FORWARDED_PROTO",
        "HTTP_X_FORWARDED_HOST",
        "HTTP_X_FORWARDED_PORT",
        "HTTP_X_REAL_IP",
        "HTTP_FORWARDED",
    )

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        meta = request.META
        forwarded = {name: meta.pop(name, "") for name in self.FORWARDED}
        if is_trusted_proxy(meta.get("REMOTE_ADDR", "")):
            last_hop = forwarded["HTTP_X_FORWARDED_FOR"].rsplit(",", 1)[-1].strip()
            if is_address(last_hop):
                meta["REMOTE_ADDR"] = last_hop
            if forwarded["HTTP_X_FORWARDED_PROTO"] in ("http", "https"):
                meta["HTTP_X_FORWARDED_PROTO"] = forwarded["HTTP_X_FORWARDED_PROTO"]
        return self.get_response(request)


def is_trusted_proxy(peer: str) -> bool:
    """Whether `peer` is in the setting TRUSTED_PROXY (`unix` stands for a socket's empty peer)."""
    if not is_address(peer):
        return "unix" in settings.TRUSTED_PROXY
    address = ipaddress.ip_address(peer)
    return any(
        address in ipaddress.ip_network(network)
        for network in settings.TRUSTED_PROXY
        if network != "unix"
    )


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


class Envelope:
    """Refuse what no view should have to think of: too large, without length, NUL bytes, methods
    that no page has (the API's views answer for themselves)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        length = request.META.get("CONTENT_LENGTH") or ""
        if "HTTP_TRANSFER_ENCODING" in request.META and not length:
            # WSGI cannot say where such a body ends; Django would read it as empty.
            return errors.refuse(request, 411, "length_required")
        if length and not (length.isascii() and length.isdigit()):
            return errors.refuse(request, 400, "parse_error")
        if length and (len(length) > 12 or int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE):
            return errors.refuse(request, 413, "too_large")
        if request.method not in PAGE_METHODS and not request.path_info.startswith(API):
            response = errors.refuse(request, 405, "method_not_allowed")
            response["Allow"] = ", ".join(PAGE_METHODS)
            return response
        if "\x00" in request.path_info:
            raise Http404
        if "%00" in request.META.get("QUERY_STRING", "") or "\x00" in request.META.get(
            "QUERY_STRING", ""
        ):
            raise SuspiciousOperation("NUL in the query")
        # A quoted cookie may hold one as \000; the session's key is looked up in the database.
        if any("\x00" in value for value in request.COOKIES.values()):
            raise SuspiciousOperation("NUL in a cookie")
        return self.get_response(request)


class AccountPages:
    """allauth's pages show addresses and the secrets of a second factor: kept in no cache."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        match = request.resolver_match
        if match and match.route.removeprefix("en/").startswith("akun/"):
            response["Cache-Control"] = "no-store"
        return response


class Locale(LocaleMiddleware):
    """Pages speak the language of their address, the API that of `Accept-Language`."""

    def process_request(self, request: HttpRequest) -> None:
        if not request.path_info.startswith(API):
            super().process_request(request)
            return
        translation.activate(accepted_language(request.headers.get("Accept-Language", "")))
        request.LANGUAGE_CODE = translation.get_language()


def accepted_language(header: str) -> str:
    """The first language of the header that we speak; Indonesian when there is none."""
    if len(header) > 500:  # browsers send some forty characters
        return settings.LANGUAGE_CODE
    for language, _ in parse_accept_lang_header(header):
        base = language.split("-")[0]
        if base in dict(settings.LANGUAGES):
            return base
    return settings.LANGUAGE_CODE
