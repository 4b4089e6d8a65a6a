"""The OpenAPI description of the API (3.1), made from the views and what they take and answer.

The generator of drf-spectacular does the work; here it learns what it cannot see: the two token
headers, the strict fields, and which codes each call may refuse with.
"""

import json
from functools import cache
from typing import Any, cast

from django.http import HttpResponse
from django.utils.translation import override
from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerFieldExtension,
)
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from services.api import fields
from services.api.answers import ErrorAnswer, PlaceErrorAnswer
from services.api.base import ApiView, DocumentView, StaffView
from services.api.staff_answers import OverErrorAnswer

Codes = dict[int, tuple[str, ...]]

#: What every call may be refused with, by status.
ANY: Codes = {
    400: ("invalid",),
    404: ("not_found",),
    405: ("method_not_allowed",),
    406: ("not_acceptable",),
    429: ("throttled",),
    503: ("unavailable",),
}
WITH_BODY: Codes = {
    400: ("parse_error", *fields.SENTENCES),
    411: ("length_required",),
    413: ("too_large",),
    415: ("unsupported_media_type",),
}
STAFF_ONLY: Codes = {
    401: ("not_authenticated", "authentication_failed"),
    403: ("permission_denied",),
}
WAIT = {"Retry-After": {"description": "seconds", "schema": {"type": "integer", "minimum": 1}}}


class ApiSchema(AutoSchema):
    """Beside what a view answers when all is well: every refusal, with its codes."""

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        if direction == "response":
            for status, codes in codes_of(cast(ApiView, self.view), self.method or "").items():
                bodies[str(status)] = self._refusal(status, codes)
        return bodies

    def _refusal(self, status: int, codes: tuple[str, ...]) -> dict[str, Any]:
        shape = PlaceErrorAnswer if "slot_full" in codes else ErrorAnswer
        if "has_bookings" in codes:
            shape = OverErrorAnswer
        known = {"properties": {"code": {"enum": list(codes)}}}
        narrowed = {"properties": {"errors": {"items": known}}}
        schema = {"allOf": [self.resolve_serializer(shape, "response").ref, narrowed]}
        body: dict[str, Any] = {
            "description": ", ".join(codes),
            "content": {"application/json": {"schema": schema}},
        }
        if status in (429, 503):
            body["headers"] = WAIT
        return body

    def get_summary(self) -> str:
        return self.get_description().split(". ")[0].split("\n")[0].rstrip(".")


def codes_of(view: ApiView, method: str) -> Codes:
    """Status → codes with which this call may be refused; `view.codes` are its own."""
    found: Codes = {}
    shared = [ANY]
    shared += [WITH_BODY] if method == "POST" else []
    shared += [STAFF_ONLY] if isinstance(view, StaffView) else []
    for some in (*shared, view.codes):
        for status, codes in some.items():
            found[status] = tuple(dict.fromkeys((*found.get(status, ()), *codes)))
    return dict(sorted(found.items()))


class BookingTokenScheme(OpenApiAuthenticationExtension):
    target_class = "services.api.authentication.BookingToken"
    name = "bookingToken"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Booking <token>`, as the answer to `POST bookings/` carries it.",
        }


class StaffTokenScheme(OpenApiAuthenticationExtension):
    target_class = "services.api.authentication.StaffToken"
    name = "staffToken"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token <token>`, as `POST auth/login/` answers it.",
        }


class StrictFieldSchema(OpenApiSerializerFieldExtension):
    """What strict fields take, which the framework's classes above them say too loosely."""

    target_class = fields.Strict
    match_subclasses = True

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Any) -> dict[str, Any]:
        field = self.target
        if isinstance(field, fields.StrictList):
            inner = StrictFieldSchema(field.child).map_serializer_field(auto_schema, direction)
            return {"type": "array", "items": inner, "maxItems": field.most, "uniqueItems": True}
        if isinstance(field, fields.StrictInteger):
            return {"type": "integer", "minimum": field.least, "maximum": field.most}
        if isinstance(field, fields.StrictBoolean):
            return {"type": "boolean"}
        if isinstance(field, fields.StrictChoice):
            return {"type": "string", "enum": list(field.choices)}
        if isinstance(field, fields.StrictDecimal):
            number = {"minimum": float(field.least), "maximum": float(field.most)}
            return {"type": ["number", "string"], **number, "multipleOf": 0.1}
        return self._text(field)

    def _text(self, field: Any) -> dict[str, Any]:
        if isinstance(field, fields.StrictDate):
            return {"type": "string", "format": "date"}
        if isinstance(field, fields.StrictTime):
            return {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
        if isinstance(field, fields.StrictSlug):
            return {"type": "string", "pattern": "^[-a-zA-Z0-9_]+$", "maxLength": 60}
        text: dict[str, Any] = {"type": "string", "maxLength": field.most}
        if not field.allow_blank:
            text["minLength"] = 1
        return text


class MustBeTrueSchema(OpenApiSerializerFieldExtension):
    target_class = fields.MustBeTrue

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Any) -> dict[str, Any]:
        return {"type": "boolean", "const": True}


@cache
def schema() -> dict[str, Any]:
    """The whole description; the same for everybody, so it is made once in a process."""
    with override("en"):
        made = SchemaGenerator().get_schema(request=None, public=True)
        plain: dict[str, Any] = json.loads(json.dumps(made, default=str))
    return plain


class Schema(DocumentView):
    """This description."""

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(json.dumps(schema()), content_type="application/json")
