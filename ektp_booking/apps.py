"""The roof as a Django app: templates, static files, commands, checks."""

from django.apps import AppConfig


class EktpBookingConfig(AppConfig):
    name = "ektp_booking"
    verbose_name = "e-KTP Jember"

    def ready(self) -> None:
        from ektp_booking import checks  # noqa: F401  (registers itself)
