"""The one parser of the API: JSON, and strictly so.

What two readers could read differently is refused: duplicate keys, other encodings, a byte order
mark, NaN and Infinity, numbers beyond a double, bodies deeper than anything here needs. The
standard library alone accepts all of these, and answers some with an exception that is no 4xx
(docs/decisions.md).
"""

import json
import math
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.conf import settings
from django.utils.http import parse_header_parameters
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser

MAX_DEPTH = 20
#: More digits than any number here has; the cost of reading a number grows with its square.
MAX_DIGITS = 40


class TooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


class StrictJSONParser(BaseParser):
    """One JSON value in UTF-8, at most DATA_UPLOAD_MAX_MEMORY_SIZE bytes and MAX_DEPTH deep.

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
        value = _DECODER.decode(body.decode("utf-8"))
        if _depth(value) > MAX_DEPTH:
            raise ParseError()
    # RecursionError: deeper than the interpreter goes. UnicodeDecodeError is a ValueError too.
    except (ValueError, RecursionError):
        raise ParseError() from None
    return value


def _check_encoding(media_type: str, request: Any) -> None:
    """UTF-8 and nothing packed: an unpacked body could be of any size."""
    charset = parse_header_parameters(media_type)[1].get("charset", "utf-8")
    packed = request.META.get("HTTP_CONTENT_ENCODING", "") if request is not None else ""
    if charset.lower() not in ("utf-8", "utf8") or packed.lower() not in ("", "identity"):
        raise UnsupportedMediaType(media_type)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in an object")
    return found


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError("a number of too many digits")
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number beyond a double")
    return number


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)


def _depth(value: Any) -> int:
    """How many objects and lists lie in one another; a bare value is 0."""
    deepest, open_values = 0, [(value, 1)]
    while open_values:
        current, depth = open_values.pop()
        if isinstance(current, dict | list):
            deepest = max(deepest, depth)
            inner = current.values() if isinstance(current, dict) else current
            open_values.extend((one, depth + 1) for one in inner)
    return deepest
