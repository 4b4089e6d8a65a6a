"""What every request meets before and after the views."""

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory, override_settings

from ektp_booking import errors, middleware
from ektp_booking.middleware import accepted_language, is_trusted_proxy
from ektp_booking.requests import Handler, Request
from locations.models import Staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


def test_nul_in_a_query_is_refused(client: Client) -> None:
    assert client.get("/?q=%00").status_code == 400
    answer = client.get("/api/v1/nothing/?q=%00")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "invalid"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "FOO"])
@pytest.mark.parametrize("path", ["/", "/jadwal/", "/en/nothing/"])
def test_a_page_has_no_other_methods(client: Client, method: str, path: str) -> None:
    answer = client.generic(method, path)
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD, POST")
    assert "405" in answer.content.decode()


def test_nul_in_a_cookie_is_refused(client: Client) -> None:
    answer = client.get("/petugas/", headers={"cookie": 'session="\\000abcdefgh"'})
    assert answer.status_code == 400


def status_of(kind: str, path: str, method: str = "GET") -> int:
    """What a request with this Content-Type, read as the web server has it read, is answered."""
    asked = RequestFactory().generic(method, path, data=b"{}" if method == "POST" else b"")
    asked.environ |= {"CONTENT_TYPE": kind, "QUERY_STRING": "a=%41%ff"}
    return Handler().get_response(Request(asked.environ)).status_code


@pytest.mark.parametrize("path", ["/", "/api/v1/services/"])
@pytest.mark.parametrize(
    "kind",
    [
        "text/html; charset=base64",
        "text/html; charset=idna",
        "text/html; charset*=base64''%41",
        "multipart/form-data; boundary*=bogus''%41",
    ],
)
def test_no_content_type_changes_how_an_address_is_read(kind: str, path: str) -> None:
    assert status_of(kind, path) == 200


@pytest.mark.parametrize("kind", ["application/json; a*=bogus''%41", "x/y; charset*=idna''%ff%fe"])
def test_a_content_type_that_cannot_be_read_is_no_json(kind: str) -> None:
    assert status_of(kind, "/api/v1/bookings/", "POST") == 415


def test_a_forged_form_gets_our_page_in_the_readers_language() -> None:
    careful = Client(enforce_csrf_checks=True)
    answer = careful.post("/en/jadwal/", {"code": "HW3P-8MT4", "nik": "1"})
    assert answer.status_code == 403
    assert "Reload" in answer.text or "reload" in answer.text
    assert "/static/look/" in answer.text


def test_the_admin_has_no_sign_in_of_its_own(client: Client) -> None:
    for path in ("/admin/login/?next=/admin/", "/admin/"):
        answer = client.get(path, follow=True)
        assert answer.request["PATH_INFO"] == "/akun/login/"
    answer = client.post("/admin/login/", {"username": "admin", "password": "x"})
    assert answer.status_code == 302 and answer.url.startswith("/akun/login/?next=")


def test_the_admin_leads_to_no_page_of_a_row(client: Client) -> None:
    client.force_login(Staff.objects.create_superuser("it"))
    for path in ("/admin/r/1/5/", "/en/admin/r/3/0/"):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["email/", "password/change/", "2fa/", "login/"])
def test_pages_of_an_account_are_kept_in_no_cache(client: Client, path: str) -> None:
    client.force_login(Staff.objects.create_user("petugas"))
    for prefix in ("/akun/", "/en/akun/"):
        assert client.get(prefix + path)["Cache-Control"] == "no-store"


def test_nul_in_a_path_is_not_found(client: Client) -> None:
    assert client.get("/jadwal/%00/").status_code == 404


@pytest.mark.parametrize("path", ["/", "/api/v1/bookings/"])
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_a_body_over_64_kb_is_too_large(client: Client, path: str, kind: str) -> None:
    answer = client.post(path, data="a" * (64 * 1024 + 1), content_type=kind)
    assert answer.status_code == 413
    if path.startswith("/api/"):
        assert answer.json() == {
            "type": "client_error",
            "errors": [
                {"code": "too_large", "detail": "Isi permintaan terlalu besar.", "attr": None}
            ],
        }


@pytest.mark.parametrize("length", ["-1", "1e3", "٣", "9" * 40, "0x10"])
def test_a_length_that_is_none_is_refused(length: str) -> None:
    request = RequestFactory().get("/")
    request.META["CONTENT_LENGTH"] = length
    answer = middleware.Envelope(lambda r: pytest.fail("reached the view"))(request)
    assert answer.status_code in (400, 413)


def test_a_body_without_length_is_refused_instead_of_read_as_empty() -> None:
    request = RequestFactory().post("/api/v1/bookings/", headers={"Transfer-Encoding": "chunked"})
    del request.META["CONTENT_LENGTH"]
    answer = middleware.Envelope(lambda r: pytest.fail("reached the view"))(request)
    assert answer.status_code == 411


def test_too_many_form_fields_are_refused(client: Client) -> None:
    body = "&".join(f"a{n}=1" for n in range(1001))
    answer = client.post(
        "/akun/login/", data=body, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 400


def test_a_foreign_host_is_refused(client: Client) -> None:
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "id"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("fr,id;q=0.5,en;q=0.4", "id"),
        ("xx", "id"),
        ("en," * 5000, "id"),
        ("\x00", "id"),
    ],
)
def test_the_api_speaks_the_language_asked_for(header: str, language: str) -> None:
    assert accepted_language(header) == language


def test_pages_speak_the_language_of_their_address_whatever_the_browser_prefers(
    client: Client,
) -> None:
    answer = client.get("/tidak-ada/", headers={"accept-language": "en"})
    assert answer.status_code == 404
    assert answer["Content-Language"] == "id"
    assert client.get("/en/nothing/")["Content-Language"] == "en"


class TestClientAddress:
    """A forged X-Forwarded-For changes nothing unless a known proxy says so."""

    def address(self, peer: str, forwarded: str) -> str:
        seen: list[str] = []
        request = RequestFactory().get(
            "/", REMOTE_ADDR=peer, headers={"X-Forwarded-For": forwarded}
        )
        middleware.TrustedProxy(lambda r: seen.append(r.META["REMOTE_ADDR"]))(request)  # type: ignore
        assert "HTTP_X_FORWARDED_FOR" not in request.META
        return seen[0]

    def test_without_a_trusted_proxy_the_header_means_nothing(self) -> None:
        assert self.address("203.0.113.9", "198.51.100.1") == "203.0.113.9"

    @override_settings(TRUSTED_PROXY=["10.0.0.0/8", "unix"])
    def test_the_proxys_own_entry_is_the_last(self) -> None:
        assert self.address("10.1.2.3", "1.2.3.4, 198.51.100.1") == "198.51.100.1"
        assert self.address("", "1.2.3.4, 2001:db8::1") == "2001:db8::1"
        assert self.address("10.1.2.3", "garbage") == "10.1.2.3"
        assert self.address("203.0.113.9", "198.51.100.1") == "203.0.113.9"

    @override_settings(TRUSTED_PROXY=["10.0.0.0/8"])
    def test_a_socket_is_trusted_only_when_named(self) -> None:
        assert not is_trusted_proxy("")


class TestDatabaseAway:
    """Every kind of request gets a calm 503, whoever it was that needed the database."""

    @pytest.fixture(autouse=True)
    def away(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from django.db.backends.postgresql.base import DatabaseWrapper

        def refuse(*args: object, **kwargs: object) -> None:
            raise OperationalError("pool timeout")

        monkeypatch.setattr(DatabaseWrapper, "cursor", refuse)
        monkeypatch.setattr(DatabaseWrapper, "_savepoint", refuse)

    def test_page_with_a_session(self, client: Client) -> None:
        client.cookies["session"] = "a" * 32
        answer = client.get("/admin/")
        assert answer.status_code == 503
        assert answer["Retry-After"]
        assert "Layanan sedang berhenti sebentar" in answer.text

    def test_page_in_english(self, client: Client) -> None:
        client.cookies["session"] = "a" * 32
        answer = client.get("/en/admin/")
        assert (answer.status_code, answer["Content-Language"]) == (503, "en")

    def test_readiness_says_so_and_liveness_does_not(self, client: Client) -> None:
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200


def test_each_error_page_needs_no_database(django_assert_num_queries: object) -> None:
    for status in (400, 403, 404, 411, 413, 429, 500, 503):
        with django_assert_num_queries(0):  # type: ignore[operator]
            answer = errors.refuse(RequestFactory().get("/x"), status, "any")
        assert answer.status_code == status
        assert answer["Cache-Control"] == "no-store"


def test_health_answers_whatever_the_host_is_called(client: Client) -> None:
    assert client.get("/healthz", headers={"host": "10.0.0.7"}).status_code == 200
    assert client.get("/readyz", headers={"host": "10.0.0.7"}).status_code == 200


def test_security_headers(client: Client) -> None:
    answer = client.get("/akun/login/")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert "unsafe-inline" not in answer["Content-Security-Policy"]
