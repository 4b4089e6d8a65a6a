"""The proxy of production, before the web server of production: real nginx, real granian.

Decision 62 (docs/decisions.md): few threads are enough because nobody slow ever reaches one.
"""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests
import urllib3
from django.conf import settings
from django.utils import translation

from ektp_booking import errors
from ektp_booking.run import free_port
from tests.browser import jember
from tests.house import proxy as proxies
from tests.house.proxy import Proxy, half_sent, on_the_wire, raw
from tests.house.test_servers import eventually

pytestmark = pytest.mark.skipif(
    proxies.NGINX is None,
    reason="NO NGINX: apt-get install nginx, or let `make test` do it as root",
)

BOOKINGS = "/api/v1/bookings/"
SLOW_BODY = (
    f"POST {BOOKINGS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    'Content-Length: 1000\r\n\r\n{"service": "first-rec'
).encode()
SLOW_HEADER = b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: slow"
TOKEN = "tokenthatnobodymayread"


@pytest.fixture(scope="module")
def web(django_db_setup: None) -> Iterator[int]:
    with proxies.web_server() as port:
        yield port


@pytest.fixture(scope="module")
def site(web: int) -> Iterator[Proxy]:
    with proxies.proxy(web) as running:
        yield running


@pytest.fixture
def away() -> Iterator[Proxy]:
    """A proxy whose web server is not there."""
    with proxies.proxy(free_port()) as running:
        yield running


def seconds_for(port: int, path: str = "/") -> float:
    """How long an answer takes; three seconds at most, then it is an error."""
    began = time.monotonic()
    assert requests.get(f"http://127.0.0.1:{port}{path}", timeout=3).status_code == 200
    return time.monotonic() - began


def code_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def test_slow_bodies_hold_nobody_up(site: Proxy, web: int) -> None:
    """More than the web server has threads: eight."""
    with half_sent(site.port, 40, SLOW_BODY), half_sent(site.port, 100, SLOW_HEADER):
        taken = [seconds_for(site.port, path) for path in ("/", "/en/", "/api/v1/services/") * 3]
    print(f"\nbehind the proxy, slowest of 9: {max(taken):.3f} s")
    assert max(taken) <= 2


def test_without_the_proxy_the_same_clients_stop_the_site(web: int) -> None:
    with half_sent(web, 40, SLOW_BODY), pytest.raises(requests.Timeout):
        for _ in range(10):  # until each thread has got one
            seconds_for(web)
    assert requests.get(f"http://127.0.0.1:{web}/", timeout=20).ok


def test_a_body_that_trickles_in_arrives_whole(site: Proxy) -> None:
    """A phone on a weak signal, with a body in chunks: the web server gets it with its length."""

    def pieces() -> Iterator[bytes]:
        for piece in (b'{"service"', b': "first-recording"', b"}"):
            time.sleep(0.2)
            yield piece

    answer = requests.post(
        site.url + BOOKINGS, data=pieces(), headers={"Content-Type": "application/json"}, timeout=5
    )
    assert answer.status_code == 400  # read, and found to lack everything else
    assert {error["attr"] for error in answer.json()["errors"]} >= {"slot", "nik"}


@pytest.mark.parametrize("language", ["id", "en"])
def test_a_body_over_64_kb_is_refused_in_the_apis_shape(site: Proxy, language: str) -> None:
    headers = {"Accept-Language": language, "Content-Type": "application/json"}
    answer = requests.post(
        site.url + BOOKINGS, data=b"a" * (64 * 1024 + 1), headers=headers, timeout=5
    )
    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == "application/json"
    with translation.override(language):
        error = {"code": "too_large", "detail": errors.detail(413), "attr": None}
    assert answer.json() == {"type": "client_error", "errors": [error]}
    page = requests.post(site.url + "/en/jadwal/", data=b"a" * 70_000, timeout=5)
    assert page.status_code == 413
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Shorten what you typed" in page.text


def test_a_body_of_64_kb_is_let_through(site: Proxy) -> None:
    body = b'{"service": "' + b"a" * (64 * 1024 - 15) + b'"}'
    answer = requests.post(
        site.url + BOOKINGS, data=body, headers={"Content-Type": "application/json"}, timeout=5
    )
    assert answer.status_code == 400


HOST = "Host: localhost\r\n"
JSON = "Content-Type: application/json\r\n"
AMBIGUOUS = {
    "length and chunks": HOST + JSON + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
    "two lengths": HOST + JSON + "Content-Length: 4\r\nContent-Length: 5\r\n",
    "one length twice": HOST + JSON + "Content-Length: 4\r\nContent-Length: 4\r\n",
    "negative": HOST + JSON + "Content-Length: -4\r\n",
    "a list": HOST + JSON + "Content-Length: 4, 5\r\n",
    "chunks twice": HOST + JSON + "Transfer-Encoding: chunked, chunked\r\n",
    "two hosts": HOST + "Host: evil.example\r\n" + JSON + "Content-Length: 4\r\n",
    "no host": JSON + "Content-Length: 4\r\n",
}


@pytest.mark.parametrize("kind", AMBIGUOUS)
def test_what_two_servers_could_read_differently_is_refused(site: Proxy, kind: str) -> None:
    second = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    request = f"POST {BOOKINGS} HTTP/1.1\r\n{AMBIGUOUS[kind]}\r\n".encode() + b"0\r\n\r\n" + second
    answer = raw(site.port, request, seconds=2)
    assert code_of(answer) in ((501,) if kind == "chunks twice" else (400,))
    assert answer.count(b"HTTP/1.1 ") == 1  # what follows is not taken for a second request
    assert b"Connection: close" in answer
    assert set(json.loads(answer.split(b"\r\n\r\n", 1)[1])) == {"type", "errors"}


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/?q=" + "a" * 100_000, "", 414),
        ("/api/v1/services/?q=" + "a" * 100_000, "", 414),
        ("/api/v1/services/", f"X-Long: {'a' * 100_000}\r\n", 431),
        ("/api/v1/services/", "X-Many: a\r\n" * 2000, 431),
        ("/", f"Cookie: {'a' * 100_000}\r\n", 431),
    ],
)
def test_addresses_and_headers_have_an_end(
    site: Proxy, path: str, headers: str, status: int
) -> None:
    answer = raw(site.port, f"GET {path} HTTP/1.1\r\n{HOST}{headers}\r\n".encode(), seconds=2)
    assert code_of(answer) == status
    assert len(answer) < 2000
    if path.startswith("/api/"):
        assert set(json.loads(answer.split(b"\r\n\r\n", 1)[1])) == {"type", "errors"}
    assert b"nginx/" not in answer


def test_trace_is_answered_in_the_apis_shape(site: Proxy) -> None:
    answer = requests.request("TRACE", site.url + BOOKINGS, timeout=5)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


class Listener(BaseHTTPRequestHandler):
    """A web server that only notes the headers it was sent."""

    seen: list[dict[str, str]] = []

    def do_GET(self) -> None:
        self.seen.append({name.lower(): value for name, value in self.headers.items()})
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


FORGED = {
    "X-Forwarded-For": "198.51.100.1, 198.51.100.2",
    "X-Forwarded-Proto": "https",
    **dict.fromkeys(
        [
            *("X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Server"),
            *("X-Real-IP", "X-Client-IP", "True-Client-IP", "Forwarded", "Via", "Proxy"),
            *("X_Forwarded_For", "X_Real_IP", "X-Original-URL", "X-Rewrite-URL"),
        ],
        "198.51.100.1",
    ),
}


def test_only_what_the_proxy_saw_is_passed_on() -> None:
    server = HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with proxies.proxy(server.server_port) as running:
            requests.get(running.url, headers=FORGED, timeout=5)
            with pytest.warns(urllib3.exceptions.InsecureRequestWarning):
                requests.get(f"https://127.0.0.1:{running.tls_port}/", timeout=5, verify=False)
    finally:
        server.shutdown()
        server.server_close()
    plain, tls = Listener.seen
    assert "198.51.100" not in str(plain)
    assert (plain["x-forwarded-for"], plain["x-forwarded-proto"]) == ("127.0.0.1", "http")
    assert plain["host"] == f"127.0.0.1:{running.port}"
    assert tls["x-forwarded-proto"] == "https"


def test_a_forged_address_buys_no_further_tries(site: Proxy, web: int) -> None:
    """Ten look-ups an hour for an address, whatever the client says it is."""

    def statuses(port: int, network: str) -> list[int]:
        return [look_up(port, f"{network}.{number}") for number in range(12)]

    assert statuses(site.port, "198.51.100")[-1] == 429
    # The web server itself believes whoever may be the proxy: this is why it has no port.
    assert 429 not in statuses(web, "203.0.113")


def look_up(port: int, address: str) -> int:
    """Look for a booking that there is not, each time another; the answer's status."""
    with requests.Session() as session:
        session.headers["X-Forwarded-For"] = address
        page = f"http://127.0.0.1:{port}/jadwal/"
        token = session.get(page, timeout=5).text.split('csrfmiddlewaretoken" value="')[1]
        answer = session.post(
            page,
            {
                "csrfmiddlewaretoken": token.split('"')[0],
                "code": "HW3P-8MT4",
                "nik": "3509120101900001",
            },
            timeout=5,
        )
        return answer.status_code


def test_while_the_web_server_is_away_everybody_is_told_to_come_back(away: Proxy) -> None:
    api = requests.get(away.url + "/api/v1/services/", timeout=5)
    page = requests.get(away.url + "/", timeout=5)
    english = requests.post(away.url + "/en/jadwal/", data={"nik": "1"}, timeout=5)
    assert [answer.status_code for answer in (api, page, english)] == [503, 503, 503]
    assert {answer.headers["Retry-After"] for answer in (api, page, english)} == {"5"}
    assert {answer.headers["Cache-Control"] for answer in (api, page, english)} == {"no-store"}
    with translation.override("id"):
        error = {"code": "unavailable", "detail": errors.detail(503), "attr": None}
    assert api.json() == {"type": "server_error", "errors": [error]}
    assert '<html lang="id">' in page.text and "muat ulang" in page.text
    assert '<html lang="en">' in english.text and "reload this page" in english.text
    assert requests.get(away.url + "/-/ok", timeout=5).text == "ok\n"


@pytest.mark.parametrize("language", ["id", "en"])
def test_the_proxy_speaks_the_products_sentences_and_has_its_limits(language: str) -> None:
    text = proxies.CONFIGURATION.read_text()
    with translation.override(language):
        for status in (400, 413, 429, 500, 503):
            assert f'"{errors.detail(status)}"' in text
        for sentence in (
            "Data Anda aman. Tunggu satu menit, lalu muat ulang halaman ini. Jika baru saja memilih"
            " waktu, cukup kirim lagi: tidak akan tercatat dua kali.",
            "Tidak ada yang berubah. Persingkat isian, lalu kirim lagi.",
        ):
            assert f'"{translation.gettext(sentence)}"' in text
    assert settings.DATA_UPLOAD_MAX_MEMORY_SIZE == 64 * 1024
    assert "client_max_body_size 64k;" in text


@pytest.mark.django_db(transaction=True)
def test_pages_and_answers_are_compressed(site: Proxy) -> None:
    jember.build(site.url)
    size, page = on_the_wire(site.url + "/")
    sheet, plain_sheet = on_the_wire(site.url + "/static/look/look.css")
    print(f"\nfront page {len(page)} → {size}, its sheet {len(plain_sheet)} → {sheet} bytes")
    assert size < len(page) / 2
    assert size + sheet <= 60 * 1024

    slots = f"{site.url}/api/v1/locations/?service=first-recording"
    answer = requests.get(slots, timeout=5)
    assert answer.headers["Content-Encoding"] == "gzip"


@pytest.mark.django_db(transaction=True)
def test_a_compressed_answer_that_has_not_changed_is_not_sent_again(site: Proxy) -> None:
    from django.utils import timezone

    jember.build(site.url)
    today = timezone.localdate()
    url = f"{site.url}/api/v1/locations/kecamatan-ambulu/slots/"
    asked = {"service": "first-recording", "from": today, "to": today + timezone.timedelta(20)}
    first = requests.get(url, asked, timeout=5)
    assert first.headers["ETag"].startswith("W/")  # nginx: the same content, not the same bytes
    again = requests.get(url, asked, headers={"If-None-Match": first.headers["ETag"]}, timeout=5)
    assert (again.status_code, again.content) == (304, b"")


def provoke(running: Proxy) -> None:
    """Have nginx meet trouble of several kinds with a secret link."""
    path = f"/m/hw3p8mt4/{TOKEN}/"
    requests.get(running.url + path, allow_redirects=False, timeout=5)
    requests.get(f"{running.url}/jadwal/?code={TOKEN}", timeout=5)
    requests.post(running.url + path, data=b"a" * 70_000, timeout=5)
    raw(running.port, f"GET {path}?{'a' * 20_000} HTTP/1.1\r\n{HOST}\r\n".encode(), 1)
    raw(running.port, f"GET {path} HTTP/1.1\r\n{HOST}Content-Length: -1\r\n\r\n".encode(), 1)
    raw(running.port, f"GET {path} HTTP/1.1\r\n{HOST}Cookie: t={TOKEN * 900}\r\n\r\n".encode(), 1)
    with socket.create_connection(("127.0.0.1", running.port), 5) as gone:
        gone.sendall(f"POST {path} HTTP/1.1\r\n{HOST}Content-Length: 9\r\n\r\n".encode())


def statuses(running: Proxy) -> set[int]:
    """Those that the proxy has logged; it does so once a connection is quite over."""
    lines = (running.folder / "access.log").read_text().splitlines()
    return {json.loads(line)["status"] for line in lines}


def test_no_code_and_no_token_is_in_the_proxys_logs(site: Proxy, away: Proxy) -> None:
    for running, trouble in ((site, {400, 413, 414, 431}), (away, {400, 413, 414, 431, 503})):
        provoke(running)
        eventually(lambda at=running, all_=trouble: all_ <= statuses(at), 20)
        written = running.written()
        assert TOKEN not in written and "hw3p8mt4" not in written and "127.0.0.1" not in written


def test_with_nginxs_own_log_of_errors_the_token_would_be_there() -> None:
    with proxies.proxy(free_port(), **{"error.log emerg": "error.log error"}) as talkative:
        provoke(talkative)
        eventually(lambda: TOKEN in talkative.written())


@pytest.mark.parametrize(("level", "told"), [("emerg", False), ("alert", True)])
def test_running_out_of_connections_writes_no_token_either(
    web: int, level: str, told: bool
) -> None:
    """nginx calls this an alert, and adds the request to it."""
    few = {
        "worker_connections 4000": "worker_connections 16",
        "worker_processes 2": "worker_processes 1",
        "error.log emerg": f"error.log {level}",
    }
    with proxies.proxy(web, **few) as small, half_sent(small.port, 10, SLOW_BODY):
        path = f"/m/hw3p8mt4/{TOKEN}/"
        request = f"GET {path} HTTP/1.1\r\n{HOST}\r\n".encode()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: raw(small.port, request, 1), range(8)))
        if told:
            eventually(lambda: TOKEN in small.written())
        else:
            assert TOKEN not in small.written()


@pytest.mark.slow
def test_one_address_is_not_given_all_connections(site: Proxy) -> None:
    with half_sent(site.port, 100, SLOW_BODY):
        answer = requests.get(site.url + "/api/v1/services/", timeout=3)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "5")
        assert answer.json()["errors"][0]["code"] == "throttled"
    time.sleep(0.5)
    seconds_for(site.port)


@pytest.mark.slow
def test_who_never_finishes_is_let_go(site: Proxy) -> None:
    """Ten seconds for the headers, fifteen between two pieces of a body."""
    for begun, within in ((SLOW_HEADER, 12), (SLOW_BODY, 17)):
        began = time.monotonic()
        raw(site.port, begun, seconds=25)
        assert time.monotonic() - began < within


@pytest.mark.slow
def test_four_hundred_slow_headers_and_slow_readers(site: Proxy) -> None:
    with half_sent(site.port, 400, SLOW_HEADER), contextlib.ExitStack() as readers:
        for _ in range(50):
            reader = socket.create_connection(("127.0.0.1", site.port), 5)
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            readers.enter_context(reader)
            reader.sendall(b"GET /static/look/look.css HTTP/1.1\r\nHost: localhost\r\n\r\n")
        taken = sorted(seconds_for(site.port) for _ in range(40))
    print(f"\nslowest but two of 40: {taken[-3]:.3f} s")
    assert taken[-3] <= 2
