"""The description of the API holds what the API does."""

import re
from datetime import timedelta

import jsonschema
import pytest
from django.urls import URLPattern, get_resolver, resolve
from django.utils import timezone
from drf_spectacular.validation import validate_schema

from services.api.schema import schema
from services.api.urls import urlpatterns
from tests import factories
from tests.services.api.asking import BASE, wish
from tests.services.api.bad_input import PUBLIC
from tests.services.api.test_bad_input import ALL, send

pytestmark = pytest.mark.django_db
UNDESCRIBED = {"schema", "docs", "nothing"}


def described_path(route: str) -> str:
    """`locations/<slug:slug>/slots/` as the schema writes it."""
    return "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", route)


def test_it_is_valid_openapi_3_1():
    made = schema()
    validate_schema(made)
    assert made["openapi"].startswith("3.1")


def test_it_is_served_as_json_and_its_page_as_html(api, raw):
    answer = api.get(f"{BASE}schema/")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == schema()
    assert raw.get(f"{BASE}schema/?format=json").status_code == 200
    for accept in ("text/html", "text/html,application/xhtml+xml,*/*;q=0.8", "*/*"):
        page = raw.get(f"{BASE}docs/", headers={"Accept": accept})
        assert page.status_code == 200
        assert page.headers["Content-Type"].startswith("text/html")


def test_every_address_is_described():
    wanted = {
        described_path(f"api/v1/{pattern.pattern}")
        for pattern in urlpatterns
        if isinstance(pattern, URLPattern) and pattern.name not in UNDESCRIBED
    }
    assert set(schema()["paths"]) == wanted
    assert get_resolver()


def test_every_call_says_what_it_does_and_how_it_may_refuse():
    for path, methods in schema()["paths"].items():
        for method, call in methods.items():
            assert call["summary"], (method, path)
            assert {"404", "405", "406", "429", "503"} <= set(call["responses"]), path
            assert ("415" in call["responses"]) is (method == "post"), path


def test_the_token_headers_are_known():
    known = schema()["components"]["securitySchemes"]
    assert "Booking <token>" in known["bookingToken"]["description"]
    assert "Token <token>" in known["staffToken"]["description"]
    paths = schema()["paths"]
    held = paths["/api/v1/bookings/{code}/"]["get"]["security"]
    assert {"bookingToken": []} in held
    assert {"staffToken": []} in paths["/api/v1/counter/{location}/"]["get"]["security"]


@pytest.fixture
def booking(slot, service):
    return factories.booking(slot, service, factories.person(500))


@pytest.fixture
def token(place):
    from knox.models import AuthToken

    factories.counter(place, 1)
    return AuthToken.objects.create(user=factories.staff("pengawas", "supervisor", place))[1]


def test_every_code_that_a_malformed_request_gets_is_described(raw, slot, booking, token):
    missing = set()
    for case in [case for cases in ALL.values() for case in cases]:
        path = case.path.partition("?")[0].replace("{code}", booking.shown_code)
        try:
            call = schema()["paths"].get(described_path(resolve(path).route), {})
        except Exception:
            continue
        if case.method.lower() not in call:
            continue
        response = send(raw, case, slot, booking, token)
        known = call[case.method.lower()]["responses"].get(str(response.status_code))
        codes = known["description"].split(", ") if known else []
        missing |= {
            (described_path(resolve(path).route), response.status_code, error["code"])
            for error in response.json()["errors"]
            if error["code"] not in codes
        }
    assert not missing


def check(body, name: str, many: bool = False) -> None:
    """Hold an answer to its component of the schema."""
    shape = {"$ref": f"#/components/schemas/{name}"}
    whole = {"type": "array", "items": shape} if many else shape
    known = {"components": schema()["components"]}
    jsonschema.Draft202012Validator(whole | known).validate(body)


def test_what_is_answered_has_the_described_shape(api, place, slot, service):
    made = api.post(f"{BASE}bookings/", wish(slot, 70_001)).json()
    check(made, "BookingMadeAnswer")
    held = {"Authorization": f"Booking {made['token']}"}
    check(api.get(f"{BASE}bookings/{made['code']}/", headers=held).json(), "BookingAnswer")
    check(api.get(f"{BASE}services/").json(), "PaginatedServiceAnswerList")
    check(api.get(f"{BASE}districts/").json(), "PaginatedDistrictAnswerList")
    check(api.get(f"{BASE}locations/").json(), "PaginatedLocationAnswerList")
    day = timezone.localdate()
    span = {"from": day.isoformat(), "to": (day + timedelta(days=9)).isoformat()}
    slots = api.get(f"{BASE}locations/{place.slug}/slots/", span).json()
    assert slots
    check(slots, "SlotAnswer", many=True)
    factories.booking(slot, service)
    full = api.post(f"{BASE}bookings/", wish(slot, 70_002))
    assert full.status_code == 409
    check(full.json(), "PlaceErrorAnswer")
    check(api.get(f"{BASE}board/{place.slug}/").json(), "BoardAnswer")
    check(api.get(f"{BASE}nothing/").json(), "ErrorAnswer")


def test_what_staff_are_answered_has_the_described_shape(api, place, service):
    now = factories.slot(place, factories.soon())
    booking = factories.booking(now, service)
    factories.booking(now, service)
    factories.counter(place, 1)
    api.force_authenticate(factories.staff("pengawas", "supervisor", place))
    here = f"{BASE}counter/{place.slug}/"
    screening = {"temperature_c": 36.6, "mask": True, "symptoms": False}
    check(api.post(f"{here}check-in/", {"code": booking.code} | screening).json(), "VerdictAnswer")
    check(api.get(here).json(), "DayAnswer")
    check(api.post(f"{here}call-next/", {"counter": 1}).json(), "VisitorAnswer")
    day = timezone.localdate().isoformat()
    cut = {"from": day, "to": day, "capacity": 1, "reason": "uji", "dry_run": True}
    change = api.post(f"{BASE}locations/{place.slug}/capacity-changes/", cut).json()
    assert change["affected"] == 1
    check(change, "ChangeAnswer")


def test_the_page_shows_every_call_and_needs_nothing_from_elsewhere(raw):
    page = raw.get(f"{BASE}docs/")
    text = page.content.decode()
    for path in schema()["paths"]:
        assert path in text
    for field in ("notice_read", "Idempotency-Key", "slot_full", "bookingToken"):
        assert field in text
    assert "<script" not in text
    assert "style=" not in text
    assert "unsafe-inline" not in page.headers["Content-Security-Policy"]
    assert not re.search(r'(src|href)="https?://', text)
    english = raw.get(f"{BASE}docs/", headers={"Accept-Language": "en"}).content.decode()
    assert "For programs that book" in english


def test_the_malformed_requests_reach_most_calls():
    reached = {case.path.split("?")[0] for cases in PUBLIC.values() for case in cases}
    assert f"{BASE}bookings/" in reached
