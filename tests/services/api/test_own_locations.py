"""Staff see and change only their own locations: for others a location does not exist."""

from datetime import timedelta

import pytest
from django.urls import resolve
from django.utils import timezone

from tests import factories
from tests.services.api.asking import BASE
from tests.services.api.test_bad_input import rows

pytestmark = pytest.mark.django_db


def calls(slug: str, code: str) -> list[tuple[str, str, dict]]:
    """Every call that names a location: method, path, a good body."""
    here, there = f"{BASE}counter/{slug}/", f"{BASE}locations/{slug}/"
    day = (timezone.localdate() + timedelta(days=1)).isoformat()
    change = {"from": day, "to": day, "reason": "uji", "on_excess": "keep"}
    screening = {"temperature_c": 36.5, "mask": True, "symptoms": False}
    return [
        ("get", here, {}),
        ("post", f"{here}check-in/", {"code": code} | screening),
        ("post", f"{here}call-next/", {"counter": 1}),
        *(
            ("post", f"{here}{code}/{verb}/", {"reason": "equipment"})
            for verb in ("record", "not-recorded", "recall", "park", "no-show", "defer")
        ),
        ("post", f"{there}capacity-changes/", change | {"capacity": 9}),
        ("post", f"{there}capacity-changes/", change | {"capacity": 9, "dry_run": True}),
        ("post", f"{there}closures/", change),
        ("post", f"{there}closures/", {}),
    ]


def test_no_call_that_names_a_location_is_forgotten_here():
    from services.api.base import StaffView
    from services.api.urls import urlpatterns

    wanted = {
        pattern.name
        for pattern in urlpatterns
        if issubclass(pattern.callback.cls, StaffView)
        and {"location", "slug"} & set(pattern.pattern.converters)
    }
    assert {resolve(path).url_name for _, path, _ in calls("x", "AAAA-AAAA")} == wanted


CHANGING = ("capacity-changes/", "closures/")


@pytest.fixture
def elsewhere(place):
    other = factories.location("kecamatan-puger")
    factories.service(at=other)
    factories.counter(other, 1)
    factories.slot(other, factories.at_local(1))
    return other


@pytest.fixture
def booking(elsewhere):
    slot = factories.slot(elsewhere, factories.soon())
    return factories.booking(slot)


WHO = {
    "counter": ("petugas", "counter"),
    "supervisor": ("pengawas", "supervisor"),
    "nobody": ("baru", None),
}


@pytest.mark.parametrize("role", WHO)
def test_another_location_looks_like_one_that_does_not_exist(api, place, elsewhere, booking, role):
    name, assigned = WHO[role]
    api.force_authenticate(factories.staff(name, assigned, place))
    before = rows()
    theirs = calls(elsewhere.slug, booking.shown_code)
    unknown = calls("nothing", booking.shown_code)
    for (method, path, body), (_, nowhere, _) in zip(theirs, unknown, strict=True):
        one, other = getattr(api, method)(path, body), getattr(api, method)(nowhere, body)
        assert (one.status_code, other.status_code) == (404, 404), path
        assert one.content == other.content, path
    assert rows() == before


def test_the_head_reads_everything_and_changes_nothing(api, elsewhere, booking):
    api.force_authenticate(factories.staff("kepala", "head"))
    before = rows()
    for method, path, body in calls(elsewhere.slug, booking.shown_code):
        assert getattr(api, method)(path, body).status_code == (200 if method == "get" else 404)
    assert rows() == before


def test_who_works_at_the_counter_changes_no_capacity(api, place, elsewhere, booking):
    api.force_authenticate(factories.staff("petugas-puger", "counter", elsewhere))
    for method, path, body in calls(elsewhere.slug, booking.shown_code):
        answer = getattr(api, method)(path, body)
        assert (answer.status_code == 404) is path.endswith(CHANGING), path


def test_a_code_of_another_location_is_unknown_at_this_counter(api, place, booking):
    api.force_authenticate(factories.staff("petugas", "counter", place))
    unknown = api.post(f"{BASE}counter/{place.slug}/AAAA-AAAA/record/")
    for verb in ("record", "recall", "park", "no-show", "defer"):
        answer = api.post(f"{BASE}counter/{place.slug}/{booking.shown_code}/{verb}/")
        assert (answer.status_code, answer.content) == (404, unknown.content)


def test_without_signing_in_every_staff_call_is_401(api, elsewhere, booking):
    for slug in (elsewhere.slug, "nothing"):
        for method, path, body in calls(slug, booking.shown_code):
            assert getattr(api, method)(path, body).status_code == 401
