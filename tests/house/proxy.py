"""The proxy of production on this machine: Debian's nginx with our own configuration.

Only addresses, ports and folders are put in place of the container's; nginx listens on 127.0.0.1.
"""

import contextlib
import gzip
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.db import connections

from ektp_booking.run import free_port, processes
from tests.house.test_servers import own_folder

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = ROOT / "ektp_booking" / "proxy" / "nginx.conf"
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")


@dataclass
class Proxy:
    folder: Path
    port: int
    tls_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def written(self) -> str:
        """Everything that nginx has written, except kept certificates."""
        logs = [self.folder / name for name in ("access.log", "error.log", "output.log")]
        return "".join(log.read_text(errors="replace") for log in logs if log.exists())


@contextlib.contextmanager
def proxy(web_port: int, **instead: str) -> Iterator[Proxy]:
    """nginx before a web server on `web_port`. `instead`: further replacements in the file."""
    assert NGINX
    with own_folder() as folder:
        running = Proxy(folder, free_port(), free_port())
        certificate(folder)
        text = CONFIGURATION.read_text()
        for old, new in (
            ("/tmp/", f"{folder}/"),
            ("listen 8080", f"listen 127.0.0.1:{running.port}"),
            ("listen 8443", f"listen 127.0.0.1:{running.tls_port}"),
            ("web:8000", f"127.0.0.1:{web_port}"),
            ("/etc/nginx/tls/", f"{folder}/tls/"),
            ("error_log stderr", f"error_log {folder}/error.log"),
            ("/dev/stdout", f"{folder}/access.log"),
            *instead.items(),
        ):
            assert old in text, old
            text = text.replace(old, new)
        (folder / "nginx.conf").write_text(text)
        root = ["-g", "user root;"] if os.getuid() == 0 else []  # its workers read the folder
        command = [
            NGINX,
            "-e",
            "stderr",
            "-p",
            str(folder),
            "-c",
            str(folder / "nginx.conf"),
            *root,
        ]
        with (folder / "output.log").open("w") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            wait_for(running.port, process)
            yield running
        except AssertionError as problem:
            problem.add_note(running.written())
            raise
        finally:
            process.terminate()
            process.wait(10)


def wait_for(port: int, process: "subprocess.Popen[bytes]", seconds: float = 30) -> None:
    give_up = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        assert process.poll() is None, f"it ended with {process.returncode}"
        assert time.monotonic() < give_up, "it does not listen"
        time.sleep(0.05)


def certificate(folder: Path) -> None:
    """A certificate that nobody has signed, where the container has the office's."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now()
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "tls").mkdir()
    (folder / "tls" / "fullchain.pem").write_bytes(signed.public_bytes(pem))
    (folder / "tls" / "privkey.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def raw(port: int, request: bytes, seconds: float = 5) -> bytes:
    """Send bytes as they are; what came back until the other side closed or fell silent."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), seconds) as connection:
        with contextlib.suppress(OSError):  # it may close before it has read all
            connection.sendall(request)
        with contextlib.suppress(OSError):
            while received := connection.recv(65536):
                answer += received
    return answer


@contextlib.contextmanager
def half_sent(port: int, how_many: int, begun: bytes) -> Iterator[None]:
    """Connections that have sent `begun` and then nothing more."""
    with contextlib.ExitStack() as open_ones:
        for _ in range(how_many):
            connection = socket.create_connection(("127.0.0.1", port), 5)
            open_ones.enter_context(connection)
            connection.sendall(begun)
        time.sleep(0.3)
        yield


@contextlib.contextmanager
def web_server() -> Iterator[int]:
    """The port of the web server as the Procfile starts it, on the tests' database."""
    port = free_port()
    database = connections["default"].settings_dict["NAME"]
    environment = os.environ | {
        "DATABASE_URL": urlsplit(settings.DATABASE_URL)._replace(path=f"/{database}").geturl(),
        "GRANIAN_HOST": "127.0.0.1",
        "GRANIAN_PORT": str(port),
        "TRUSTED_PROXY": "127.0.0.1",
        "RATE_LIMITS": "on",
        "DATABASE_POOL_SIZE": "4",
        "PYTHONWARNINGS": "ignore",
    }
    program, *arguments = shlex.split(processes()["web"])
    process = subprocess.Popen(
        [Path(sys.executable).parent / program, *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port, process)
        assert requests.get(f"http://127.0.0.1:{port}/readyz", timeout=20).ok
        yield port
    finally:
        process.terminate()
        process.wait(15)


def on_the_wire(url: str) -> tuple[int, bytes]:
    """How long the answer was in all, headers too, for a browser; and what it says unpacked."""
    parts = urlsplit(url)
    request = (
        f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept-Encoding: gzip\r\n"
        "Connection: close\r\n\r\n"
    )
    answer = raw(parts.port or 80, request.encode())
    head, body = answer.split(b"\r\n\r\n", 1)
    assert b"200 OK" in head and b"Content-Encoding: gzip" in head
    assert b"Vary: Accept-Encoding" in head
    if b"Transfer-Encoding: chunked" in head:
        body = b"".join(unchunked(body))
    return len(answer), gzip.decompress(body)


def unchunked(body: bytes) -> Iterator[bytes]:
    while body:
        size, body = body.split(b"\r\n", 1)
        yield body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]
