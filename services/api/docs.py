"""The description of the API for people: one page, drawn from the schema."""

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from services.api.base import DocumentView
from services.api.schema import ANY, STAFF_ONLY, WITH_BODY, schema


@dataclass(frozen=True)
class Row:
    """A parameter or field: its name, where it stands, its type in short, whether it must be."""

    name: str
    kind: str
    required: bool
    place: str = ""


@dataclass(frozen=True)
class Answer:
    status: str
    says: str
    fields: list[Row] = field(default_factory=list)


@dataclass(frozen=True)
class Call:
    """One method at one address."""

    method: str
    path: str
    summary: str
    description: str
    sign_in: str
    parameters: list[Row]
    body: list[Row]
    answers: list[Answer]

    @property
    def anchor(self) -> str:
        return f"{self.method}{self.path.replace('/', '-')}".strip("-").lower()


class Docs(DocumentView):
    """The page."""

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        shared = [
            Answer(str(status), ", ".join(dict.fromkeys((*ANY.get(status, ()), *codes))))
            for status, codes in sorted((ANY | STAFF_ONLY | WITH_BODY).items())
        ]
        shown = {"calls": calls(schema()), "shared": shared}
        return render(request._request, "api/docs.html", shown)


def calls(described: dict[str, Any]) -> list[Call]:
    """What the page shows, by path."""
    return [
        Call(
            method=method.upper(),
            path=path,
            summary=call.get("summary", ""),
            description=call.get("description", ""),
            sign_in=", ".join(name for one in call.get("security", []) for name in one),
            parameters=[_parameter(described, one) for one in call.get("parameters", [])],
            body=_fields(described, _schema_of(call.get("requestBody", {}))),
            answers=_answers(described, method.upper(), call["responses"]),
        )
        for path, methods in described["paths"].items()
        for method, call in methods.items()
    ]


def _answers(
    described: dict[str, Any], method: str, responses: dict[str, dict[str, Any]]
) -> list[Answer]:
    """What comes back when all is well, and the refusals that not every call shares."""
    found = []
    for status, answer in sorted(responses.items()):
        if status < "400":
            found.append(Answer(status, "", _fields(described, _schema_of(answer))))
            continue
        shared = {*ANY.get(int(status), ()), *STAFF_ONLY.get(int(status), ())}
        shared |= set(WITH_BODY.get(int(status), ()) if method == "POST" else ())
        if own := [code for code in answer["description"].split(", ") if code not in shared]:
            found.append(Answer(status, ", ".join(own)))
    return found


def _parameter(described: dict[str, Any], one: dict[str, Any]) -> Row:
    return Row(one["name"], _kind(described, one["schema"]), one.get("required", False), one["in"])


def _schema_of(holder: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = holder.get("content", {}).get("application/json", {}).get("schema", {})
    return found


def _fields(described: dict[str, Any], shape: dict[str, Any]) -> list[Row]:
    """The fields of an object, or of the objects of a list or page, named components opened."""
    shape = _opened(described, shape)
    if shape.get("type") == "array":
        shape = _opened(described, shape["items"])
    names = shape.get("properties", {})
    if "results" in names:
        return _fields(described, names["results"])
    required = shape.get("required", [])
    return [Row(name, _kind(described, one), name in required) for name, one in names.items()]


def _opened(described: dict[str, Any], shape: dict[str, Any]) -> dict[str, Any]:
    name = shape.get("$ref", "").rpartition("/")[2]
    return described["components"]["schemas"][name] if name else shape


def _kind(described: dict[str, Any], shape: dict[str, Any]) -> str:
    """A type in a few words: "integer 0–1000", "date", "one of id, en"."""
    for several in ("oneOf", "allOf", "anyOf"):
        if several in shape:
            return " or ".join(_kind(described, one) for one in shape[several])
    if "$ref" in shape:
        return _kind(described, _opened(described, shape))
    if "enum" in shape:
        return "one of " + ", ".join(str(one) for one in shape["enum"])
    if "const" in shape:
        return str(shape["const"]).lower()
    if "properties" in shape:
        inner = (f"{name}: {_kind(described, one)}" for name, one in shape["properties"].items())
        return "{" + "; ".join(inner) + "}"
    kinds = shape.get("type", "any")
    kind = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    if kind == "array":
        return f"list of {_kind(described, shape.get('items', {}))}"
    kind = shape.get("format", kind) if kind == "string" else kind
    if "maximum" in shape and shape["maximum"] < 2**31:
        kind += f" {shape.get('minimum', 0)}–{shape['maximum']}"
    return f"{kind}, at most {shape['maxLength']} characters" if "maxLength" in shape else kind
