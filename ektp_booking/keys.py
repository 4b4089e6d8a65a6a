"""Keys for trying out and for tests, made once and kept in `var/keys.env`.

Production gives its keys by the environment (docs/operate.md); nothing here runs there.
"""

import base64
import os
import secrets
from pathlib import Path


def ensure_keys(path: Path) -> None:
    """Write fresh keys to `path` (mode 0600) unless it is there already.

    The file appears whole or not at all: two processes that start together end up with the
    keys of one of them, never with a mixture, and a killed process leaves no half file.
    """
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(_fresh_keys())
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # fails where another process was first: then its keys hold
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _fresh_keys() -> str:
    def key() -> str:
        return base64.b64encode(secrets.token_bytes(32)).decode()

    return (
        "# Made for trying out. Without these keys the data in var/ cannot be read.\n"
        f"SECRET_KEY={secrets.token_urlsafe(50)}\n"
        f"PERSONAL_DATA_KEYS=1:{key()}\n"
        f"LOOKUP_PEPPER={key()}\n"
        f"TOKEN_KEY={key()}\n"
    )
