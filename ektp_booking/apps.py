"""The roof as a Django app: templates, static files, commands, checks."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class EktpBookingConfig(AppConfig):
    name = "ektp_booking"
    verbose_name = "e-KTP Jember"

    def ready(self) -> None:
        from ektp_booking import checks  # noqa: F401  (registers itself)


class ITAdminConfig(AdminConfig):
    """Django's admin behind our own door."""

    default_site = "ektp_booking.admin_site.ITAdminSite"
