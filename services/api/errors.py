"""The one place where whatever went wrong becomes an answer in the one error shape.

`{"type", "errors": [{"code", "detail", "attr"}]}`, and `alternatives` beside `errors` where a place
was refused. `code` never changes; `detail` is a sentence in the reader's language that never
repeats what came in, since that may be somebody's NIK.
"""

from typing import Any

import structlog
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError, DataError
from django.utils.translation import gettext_lazy as _
from drf_standardized_errors.formatter import ExceptionFormatter
from drf_standardized_errors.handler import ExceptionHandler
from drf_standardized_errors.types import Error, ErrorResponse, ErrorType
from rest_framework import exceptions, status
from rest_framework.response import Response

from locations.database import is_unavailable
from services.api.answers import AlternativeAnswer
from services.api.parser import TooLarge
from services.api.staff_answers import HasBookings, OverAnswer
from services.conflicts import sqlstate_of
from services.refusals import FieldRefusal, PlaceRefusal, Refusal, Text

log = structlog.get_logger("api")

RETRY_AFTER_SECONDS = 5

#: Instead of the framework's sentences, which are half translated or repeat the input.
SENTENCES: dict[str, Text] = {
    "parse_error": _("Isi permintaan bukan JSON yang sah."),
    "authentication_failed": _("Anda belum masuk, atau kunci masuk tidak berlaku lagi."),
    "not_authenticated": _("Anda belum masuk, atau kunci masuk tidak berlaku lagi."),
    "permission_denied": _("Anda tidak berhak melakukan ini."),
    "not_found": _("Yang Anda cari tidak ada di sini."),
    "method_not_allowed": _("Cara ini tidak berlaku di alamat ini."),
    "not_acceptable": _("Bentuk jawaban yang diminta tidak tersedia; yang ada JSON."),
    "unsupported_media_type": _("Kirim isi sebagai application/json dalam UTF-8."),
    "too_large": _("Isi permintaan terlalu besar."),
    "invalid": _("Permintaan ini tidak dapat dipahami."),
    "unavailable": _("Layanan sedang tidak tersedia. Silakan coba lagi sebentar lagi."),
    "error": _("Terjadi kesalahan di pihak kami. Silakan coba lagi nanti."),
}


class BadRequest(exceptions.APIException):
    """Nothing that a field could be blamed for."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "invalid"


class Unavailable(exceptions.APIException):
    """The database is away or too busy; nothing was written, or the same key finds what was."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "unavailable"
    wait = RETRY_AFTER_SECONDS


class Refused(exceptions.APIException):
    """A refusal of the rules (services/refusals.py), on its way out."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(str(refusal.message), refusal.code)
        self.refusal = refusal
        self.status_code = refusal.status
        self.wait: int | None = getattr(refusal, "wait", None)
        if refusal.status == status.HTTP_503_SERVICE_UNAVAILABLE:
            self.wait = RETRY_AFTER_SECONDS


class Handler(ExceptionHandler):
    """Every exception of a view, turned into one that has a status and a code."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        if isinstance(exc, Refusal):
            # What is hidden and what does not exist look the same, whoever says so.
            return exceptions.NotFound() if exc.status == 404 else Refused(exc)
        if isinstance(exc, RequestDataTooBig):
            return TooLarge()
        if isinstance(exc, SuspiciousOperation):
            return BadRequest()
        if is_unavailable(exc):
            return Unavailable()
        if isinstance(exc, DataError):
            # A field let something pass that the database cannot hold: our defect, not a crash.
            log.error("a value that the database refused", exc_info=exc)
            return BadRequest()
        return super().convert_known_exceptions(exc)

    def report_exception(self, exc: exceptions.APIException, response: Response) -> None:
        """Only what is a defect is reported as one; a database that is away gets a line."""
        if response.status_code == status.HTTP_500_INTERNAL_SERVER_ERROR:
            super().report_exception(exc, response)
        elif isinstance(self.exc, DatabaseError):
            log.warning("database", status=response.status_code, sqlstate=sqlstate_of(self.exc))


class Formatter(ExceptionFormatter):
    """Our sentences, and the free places beside the refusal of one."""

    @property
    def refusal(self) -> Refusal | None:
        return self.exc.refusal if isinstance(self.exc, Refused) else None

    def get_error_type(self) -> ErrorType:
        if isinstance(self.refusal, FieldRefusal):
            return "validation_error"
        return super().get_error_type()

    def get_errors(self) -> list[Error]:
        if isinstance(self.exc, exceptions.ValidationError):
            return super().get_errors()
        code = str(self.exc.get_codes())
        if self.refusal is not None:
            attr = self.refusal.attr if isinstance(self.refusal, FieldRefusal) else None
            return [Error(code, str(self.refusal.message), attr)]
        return [Error(code, str(SENTENCES.get(code, SENTENCES["error"])), None)]

    def format_error_response(self, error_response: ErrorResponse) -> dict[str, Any]:
        answer: dict[str, Any] = super().format_error_response(error_response)
        if isinstance(self.refusal, PlaceRefusal):
            answer["alternatives"] = AlternativeAnswer(self.refusal.alternatives, many=True).data
        if isinstance(self.refusal, HasBookings):
            answer["over"] = OverAnswer(self.refusal.people, many=True).data
        return answer
