"""How a request is read, before any middleware: what fails here would reach nobody's error page."""

from typing import Any

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters


class Request(WSGIRequest):
    """A request whose address and forms are UTF-8, whatever its Content-Type says.

    Django decodes the query, too, by the charset that is named for the body, and fails on those
    of Python's codecs that are none of text (`charset=base64`). The API refuses other charsets by
    itself; a browser sends forms in the charset of our pages.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            kind, parameters = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except ValueError:  # an encoded parameter (RFC 2231) in an encoding that does not exist
            meta["CONTENT_TYPE"] = ""
            kind, parameters = "", {}
        self.content_type, self.content_params = kind, parameters


class Handler(WSGIHandler):
    request_class = Request
