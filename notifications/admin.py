"""For IT: what the outbox holds, to look at. It names nobody, and changing it by hand would lie."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from .models import Message


@admin.register(Message)
class MessageAdmin(admin.ModelAdmin):
    list_display = ("id", "kind", "state", "send_after", "attempts", "channel", "failure")
    list_filter = ("state", "kind", "channel")
    ordering = ("-id",)
    search_fields = ("subject__exact", "reference__exact")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
