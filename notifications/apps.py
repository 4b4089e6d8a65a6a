"""Telling people."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = _("Pesan")

    def ready(self) -> None:
        from . import quiet_hours  # noqa: F401  (registers its check)
