"""The settings hold together."""

from django.conf import settings
from django.core.management import call_command


def test_system_checks_pass() -> None:
    call_command("check", fail_level="WARNING")


def test_processes_run_as_the_application_role_and_migrations_as_the_owner() -> None:
    assert settings.DATABASES["default"]["USER"] == "ektp_app"
    assert settings.DATABASES["owner"]["USER"] == "ektp_owner"
