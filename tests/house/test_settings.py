"""The settings hold together, and unsafe ones are refused before anything is served."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.test import override_settings

from ektp_booking import startup
from ektp_booking.checks import check_keys, check_mode
from ektp_booking.keys import ensure_keys
from locations.models import Staff

ROOT = Path(__file__).resolve().parents[2]
KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
PRODUCTION = {
    "PATH": os.environ["PATH"],
    "DATABASE_URL": "postgresql://ektp_app:secret@db/ektp",
    "DATABASE_OWNER_URL": "postgresql://ektp_owner:secret@db/ektp",
    "REDIS_URL": "redis://redis:6379/0",
    "SITE_URL": "https://antrean.jemberkab.example",
    "SECRET_KEY": "k" * 20 + "0123456789abcdefghijklmnopqrstuvwxyz-_ABCDEFG",
    "PERSONAL_DATA_KEYS": f"k1:{KEY.replace('A', 'B', 3)}",
    "LOOKUP_PEPPER": KEY.replace("A", "C", 3),
    "TOKEN_KEY": KEY.replace("A", "D", 3),
    "EMAIL_URL": "smtp://mail:25",
}


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_system_checks_pass() -> None:
    call_command("check", fail_level="WARNING")


def test_processes_run_as_the_application_role_and_migrations_as_the_owner() -> None:
    assert settings.DATABASES["default"]["USER"] == "ektp_app"
    assert settings.DATABASES["owner"]["USER"] == "ektp_owner"


def test_check_deploy_is_clean_with_production_settings() -> None:
    result = manage("check", "--deploy", "--fail-level", "DEBUG", **PRODUCTION)
    assert result.returncode == 0, result.stderr
    assert "0 silenced" in result.stdout


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"PERSONAL_DATA_KEYS": ""}, "PERSONAL_DATA_KEYS is missing"),
        ({"PERSONAL_DATA_KEYS": "k1:short"}, "PERSONAL_DATA_KEYS, entry 1"),
        ({"LOOKUP_PEPPER": ""}, "LOOKUP_PEPPER"),
        ({"TOKEN_KEY": PRODUCTION["LOOKUP_PEPPER"]}, "Two keys are the same"),
        ({"DEMO": "on"}, "DEMO is on together with production settings"),
        ({"DEMO": "on", "PRODUCTION": "on"}, "DEMO is on together with production settings"),
        ({"DEBUG": "on"}, "DEBUG is on in production"),
        ({"SITE_URL": "http://antrean.jemberkab.example"}, "SITE_URL must begin with https"),
    ],
)
def test_unsafe_production_settings_are_refused(change: dict[str, str], complaint: str) -> None:
    result = manage("check", "--deploy", **(PRODUCTION | change))
    assert result.returncode != 0
    assert complaint in result.stderr


def test_the_web_server_refuses_them_too() -> None:
    """Nothing but manage.py runs Django's checks by itself."""
    result = subprocess.run(
        [sys.executable, "-c", "import ektp_booking.wsgi"],
        cwd=ROOT,
        env=PRODUCTION | {"DEBUG": "on"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 1
    assert "Refused to start: DEBUG is on in production" in result.stderr


def test_checks_are_content_with_what_tests_run_with() -> None:
    assert not check_mode(None)
    assert not check_keys(None)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["fsync", "full_page_writes", "synchronous_commit"])
def test_a_database_that_could_lose_bookings_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = startup.show
    monkeypatch.setattr(startup, "show", lambda asked: "off" if asked == name else shown(asked))
    monkeypatch.setattr(type(connections["default"]), "close", lambda self: None)
    with pytest.raises(startup.Unsafe):
        startup.check_database()
    assert f"{name} is off" in capsys.readouterr().err


@pytest.mark.django_db
def test_synchronous_commit_is_read_over_the_running_processes_own_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(type(connections["default"]), "close", lambda self: None)
    startup.check_database()
    with connections["default"].cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
    with pytest.raises(startup.Unsafe):
        startup.check_database()


@pytest.mark.django_db
def test_demo_accounts_cannot_exist_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(connections["default"]), "close", lambda self: None)
    Staff.objects.create_user("petugas", password="something-else")
    Staff.objects.create_user("kepala", password=startup.DEMO_PASSWORD)
    assert startup.demo_users() == ["kepala"]
    with override_settings(PRODUCTION=True), pytest.raises(startup.Unsafe):
        startup.check_database()
    startup.check_database()  # outside production they may


def test_keys_for_trying_out_are_made_once_and_are_private(tmp_path: Path) -> None:
    file = tmp_path / "var" / "keys.env"
    ensure_keys(file)
    first = file.read_text()
    ensure_keys(file)
    assert file.read_text() == first
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["keys.env"]
