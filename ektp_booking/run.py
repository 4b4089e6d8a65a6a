"""`make run`: the whole product on one machine, for trying out.

Starts PostgreSQL and Redis where the environment names none, brings the database up to date,
loads Jember and the demo, then runs the Procfile's processes under honcho until Ctrl-C or
SIGTERM. However it ends, a kill -9 included, the next start finds its way (keeper.py).
"""

import contextlib
import errno
import fcntl
import http.client
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import environ
from honcho.environ import parse_procfile
from honcho.manager import Manager

from ektp_booking import embedded, leftovers, postgres

# Each may be repeated; then it adds only what is new.
LOADING = [
    ("load_region", ["jember"], "Loading Jember: districts, villages, locations"),
    ("make_slots", [], "Making slots"),
    ("load_demo", [], "Loading demo sign-ins and bookings"),
]
SIGN_INS = [
    ("petugas", "loket", "Dispendukcapil"),
    ("pengawas", "pengawas", "Dispendukcapil"),
    ("petugas-ambulu", "loket", "Kecamatan Ambulu"),
    ("pengawas-ambulu", "pengawas", "Kecamatan Ambulu"),
    ("kepala", "melihat semuanya", "seluruh Jember"),
    ("admin", "pengelola", "/admin/"),
]
READY_SECONDS = 60
DISK_FULL = "53100"  # PostgreSQL's SQLSTATE


class CannotRun(Exception):
    """One sentence for people: why it cannot run, and what to do."""


def main() -> int:
    end_with_parent()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
    try:
        port = chosen_port()
        with only_run(), contextlib.ExitStack() as stack:
            leftovers.end_marked(embedded.var_dir())
            check_port(port)
            set_environment(port)
            check_mode()
            own_servers = embedded.needed()
            if own_servers:
                stack.enter_context(embedded.servers(say))
                stack.callback(say, "Stopping PostgreSQL and Redis")
            name_servers()
            before = loaded().exists()
            prepare_database()
            code = run_processes(port, own_servers, load=before)
        if code in (0, 130, 143):
            embedded.wait_until_stopped()
            print("Ended.", flush=True)
        return code
    except KeyboardInterrupt:
        return 130
    except (CannotRun, embedded.CannotStart) as error:
        print(f"\nCannot run: {error}", file=sys.stderr, flush=True)
        return 1
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        print("\nCannot run: the disk is full. Make room, then run again.", file=sys.stderr)
        return 1


def say(text: str) -> None:
    print(f"{text} …", flush=True)


def end_with_parent() -> None:
    """End when `make` is killed: nobody could stop us by Ctrl-C any more."""
    if (tell_kernel := postgres.die_with_parent(signal.SIGTERM)) is not None:
        tell_kernel()


def chosen_port() -> int:
    text = os.environ.get("PORT") or "8000"
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise CannotRun(f"PORT={text} is no port; choose a number from 1024 to 65535.")
    return int(text)


@contextlib.contextmanager
def only_run() -> Iterator[None]:
    """Hold the lock of this `var/`: two runs would fight over its data."""
    var = embedded.var_dir()
    var.mkdir(parents=True, exist_ok=True)
    with (var / "run.lock").open("ab") as lock:
        # A run that is just ending, or was just killed, gets a moment.
        for _ in range(50):
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            time.sleep(0.1)
        else:
            raise CannotRun("it runs already in this folder; end that one first (Ctrl-C there).")
        os.register_at_fork(after_in_child=lock.close)
        yield


def check_port(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno == errno.EACCES:
                raise CannotRun(f"port {port} needs more rights; try PORT=8001 make run") from error
            raise CannotRun(
                f"port {port} is in use by another program. Choose another one: "
                f"PORT={free_port()} make run"
            ) from error


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def set_environment(port: int) -> None:
    """What the processes are told, as docker-compose.yml tells them in production."""
    binaries = str(Path(sys.executable).parent)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "ektp_booking.settings",
        "PATH": f"{binaries}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore",  # that Celery is root in a container, and the like
        "GRANIAN_PORT": str(port),
        embedded.MARK: str(embedded.var_dir()),
    }
    os.environ.setdefault("DEMO", "on")
    # With DEMO=off it is still not production, though the processes are given DATABASE_URL.
    os.environ.setdefault("PRODUCTION", "off")
    os.environ.setdefault("SITE_URL", f"http://127.0.0.1:{port}")
    # Warnings are worth a line here; LOG_LEVEL=INFO shows every request.
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    os.environ.setdefault("GRANIAN_LOG_LEVEL", "warning")


def check_mode() -> None:
    """This is the demo, with sign-ins that everybody knows: never where people are served."""
    env = environ.Env()
    if env.bool("PRODUCTION", default=False) or env.str("SITE_URL").startswith("https:"):
        raise CannotRun(
            "these are production settings (PRODUCTION or SITE_URL), and the demo's passwords are"
            " public. Take them out of the environment to try the product out; docs/operate.md"
            " says how to run it for people."
        )


def name_servers() -> None:
    """Tell the processes where the servers are; the owner's address stays with us."""
    if not os.environ.get("DATABASE_URL"):
        os.environ["DATABASE_URL"] = embedded.database_url("ektp_app")
        os.environ["DATABASE_OWNER_URL"] = embedded.database_url("ektp_owner")
    if not os.environ.get("DATABASE_OWNER_URL"):
        raise CannotRun("DATABASE_URL is set but DATABASE_OWNER_URL, for migrations, is not.")
    if not os.environ.get("REDIS_URL"):
        os.environ["REDIS_URL"] = embedded.redis_url()


def prepare_database() -> None:
    """Migrations and, the first time, data; in this process, whose connections are closed then."""
    import django
    from django.core.management import call_command
    from django.db import DatabaseError, connections

    django.setup()
    try:
        say("Bringing the database up to date")
        call_command("migrate", verbosity=0)
        if not loaded().exists():
            for command, arguments, words in LOADING:
                say(words)
                call_command(command, *arguments)
            loaded().touch()
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", None) != DISK_FULL:
            raise
        raise OSError(errno.ENOSPC, "disk full") from error
    finally:
        connections.close_all()
        connections["default"].close_pool()  # type: ignore[attr-defined]


def loaded() -> Path:
    """This file says that all of LOADING was done once."""
    return embedded.var_dir() / "loaded"


def load_again() -> None:
    """Take in what changed in the region's files and make the newest slots, behind the scenes."""
    from django.core.management import call_command

    log = embedded.var_dir() / "log" / "loading.log"
    with log.open("a") as output:
        for command, arguments, _ in LOADING:
            try:
                call_command(command, *arguments, stdout=output, stderr=output)
            except Exception:  # it is tried again at the next start; people can book meanwhile
                traceback.print_exc(file=output)
                print(f"{command} failed; see {log}", flush=True)
                return


def run_processes(port: int, own_servers: bool, *, load: bool) -> int:
    """Run the Procfile until a signal comes or one of its processes ends."""
    environment = dict(os.environ)
    # The running processes must not be able to change tables.
    del environment["DATABASE_OWNER_URL"]
    manager = Manager()
    for name, command in processes().items():
        restarted = f"exec {sys.executable} -m ektp_booking.restarter {command}"
        manager.add_process(name, restarted, env=environment, cwd=str(embedded.BASE_DIR))
    threading.Thread(target=announce, args=(port, load), daemon=True).start()
    if own_servers:
        threading.Thread(target=watch_keeper, daemon=True).start()
    manager.loop()
    return manager.returncode or 0


def processes() -> dict[str, str]:
    """The Procfile: name → command."""
    return dict(parse_procfile((embedded.BASE_DIR / "Procfile").read_text()).processes)


def watch_keeper() -> None:
    """Should the keeper of the servers be killed, start another."""
    while True:
        time.sleep(2)
        with contextlib.suppress(embedded.CannotStart):
            embedded.ensure()


def announce(port: int, load: bool) -> None:
    """Say `Ready:` once the web server answers; then refresh the data of an earlier run."""
    address = f"http://127.0.0.1:{port}/"
    give_up = time.monotonic() + READY_SECONDS
    while time.monotonic() < give_up:
        time.sleep(0.2)
        if answers(port):
            print(welcome(address), flush=True)
            if load:
                load_again()
            return
    print(f"The web server did not answer within {READY_SECONDS} s.", flush=True)


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def welcome(address: str) -> str:
    lines = [
        "",
        f"Ready: {address}",
        "",
        f"  Pages for residents   {address}   {address}en/",
        f"  Sign-in for staff     {address}akun/login/",
        f"  REST API              {address}api/v1/docs/",
        f"  Messages sent (demo)  {address}demo/",
        "",
        "  Sign-ins, password jember-demo:",
        *(f"    {name:<16} {role}, {place}" for name, role, place in SIGN_INS),
        "",
        "  Ctrl-C ends it; the data stays in var/ (make reset throws it away).",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
