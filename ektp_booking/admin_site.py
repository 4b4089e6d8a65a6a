"""The admin is for IT alone, and has no door of its own: who is not signed in goes to ours."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

#: Apps whose rows IT looks at here. Libraries register theirs too: tokens, second factors, groups.
OURS = frozenset({"locations", "services", "notifications"})


class ITAdminSite(AdminSite):
    site_header = _("Pengelolaan e-KTP Jember")
    site_title = _("Pengelolaan e-KTP Jember")
    index_title = _("Data dan akun")

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Leave out what libraries register: secrets of second factors have no page here."""
        one: Any = model_or_iterable
        given: list[Any] = [one] if isinstance(one, type) else list(one)
        ours = [model for model in given if model._meta.app_label in OURS]
        super().register(ours, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Superusers. `is_staff` alone opens nothing: staff of counters have their own pages."""
        return bool(request.user.is_active and request.user.is_superuser)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Our page of signing in, whose attempts are limited, in place of the admin's own."""
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))
