"""Lists in pages: `?page=` and `?page_size=`; 50 rows unless asked otherwise, at most 100."""

import re
from typing import Any

from rest_framework import exceptions
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request

NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


class Pages(PageNumberPagination):
    """A page that isn't a plain number from 1 to the last is 404; a size that isn't is ignored."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 100
    last_page_strings = ()

    def get_page_number(self, request: Request, paginator: Any) -> str:
        number = request.query_params.get(self.page_query_param, "1")
        if not NUMBER.fullmatch(number) or len(request.query_params.getlist("page")) > 1:
            raise exceptions.NotFound()
        return number

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """In the words of OpenAPI 3.1, where null is a type."""
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["count", "next", "previous", "results"],
            "properties": {
                "count": {"type": "integer", "minimum": 0},
                "next": link,
                "previous": link,
                "results": schema,
            },
        }

    def get_page_size(self, request: Request) -> int:
        size = request.query_params.get("page_size", "")
        return min(int(size), self.max_page_size) if NUMBER.fullmatch(size) else self.page_size
