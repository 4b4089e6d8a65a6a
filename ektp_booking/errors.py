"""What people and programs see when something went wrong outside the views.

Pages get a page, the API its one error shape. None of these may touch the database: they are
shown when it is away.
"""

import sys

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from locations.database import is_unavailable

RETRY_AFTER_SECONDS = 5

# For pages every 4xx that has no page of its own shows the one of 400.
PAGES = {400, 403, 404, 413, 429, 500, 503}


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return refuse(request, 413, "too_large")
    return refuse(request, 400, "invalid")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refuse(request, 403, "permission_denied")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return refuse(request, 403, "csrf_failed")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refuse(request, 404, "not_found")


def server_error(request: HttpRequest) -> HttpResponse:
    """Django calls this for every exception that nobody caught, middleware's included.

    So this is the one place that turns a database that is away or a pool that is exhausted into
    a calm 503, also when it was the look-up of the session that failed.
    """
    if is_unavailable(sys.exc_info()[1]):
        return refuse(request, 503, "unavailable")
    return refuse(request, 500, "error")


def refuse(request: HttpRequest, status: int, code: str) -> HttpResponse:
    """A refusal in the form that fits who asked: the API's error shape, or a page."""
    response: HttpResponse
    if request.path_info.startswith("/api/"):
        kind = "server_error" if status >= 500 else "client_error"
        error = {"code": code, "detail": detail(status), "attr": None}
        response = JsonResponse({"type": kind, "errors": [error]}, status=status)
    else:
        page = status if status in PAGES else 400
        context = {"status": status, "code": code, "detail": detail(status)}
        response = HttpResponse(render_to_string(f"{page}.html", context, request), status=status)
    if status == 503:
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    response["Cache-Control"] = "no-store"
    return response


def detail(status: int) -> str:
    """What happened and what to do next, in the reader's language."""
    sentences = {
        403: _("Anda tidak berhak membuka halaman ini."),
        404: _("Yang Anda cari tidak ada di sini."),
        411: _("Panjang isi permintaan tidak disebutkan."),
        413: _("Isi permintaan terlalu besar."),
        429: _("Terlalu banyak permintaan. Silakan tunggu sebentar, lalu coba lagi."),
        500: _("Terjadi kesalahan di pihak kami. Silakan coba lagi nanti."),
        503: _("Layanan sedang tidak tersedia. Silakan coba lagi sebentar lagi."),
    }
    return sentences.get(status, _("Permintaan ini tidak dapat dipahami."))
