"""The one parser of the API: JSON, and strictly so (notifications/strict_json.py)."""

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.utils.http import parse_header_parameters
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser

from notifications import strict_json


class TooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


class StrictJSONParser(BaseParser):
    """One JSON value in UTF-8, at most DATA_UPLOAD_MAX_MEMORY_SIZE bytes.

    Raises ParseError (400), TooLarge (413), UnsupportedMediaType (415).
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        _check_encoding(media_type or "", (parser_context or {}).get("request"))
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(most + 1)
        if len(body) > most:
            raise TooLarge()
        return read_json(body)


def read_json(body: bytes) -> Any:
    """The value of a JSON text; ParseError for whatever could be read in two ways or not at all."""
    try:
        return strict_json.read(body)
    except ValueError:
        raise ParseError() from None


def _check_encoding(media_type: str, request: Any) -> None:
    """UTF-8 and nothing packed: an unpacked body could be of any size."""
    charset = parse_header_parameters(media_type)[1].get("charset", "utf-8")
    packed = request.META.get("HTTP_CONTENT_ENCODING", "") if request is not None else ""
    if charset.lower() not in ("utf-8", "utf8") or packed.lower() not in ("", "identity"):
        raise UnsupportedMediaType(media_type)
