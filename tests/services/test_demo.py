"""The demo's sign-ins and invented bookings, which are fixed for whoever tries it."""

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from pytest_django import Settings

from locations.access import may, visible_locations
from locations.clock import database_now
from locations.models import Assignment, Closure, Location, OpeningPattern, Slot, Staff
from locations.region import region_folder
from services.demo import PASSWORD, load_demo
from services.models import Booking
from services.region import load_region
from tests.factories import at_local

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def jember() -> Iterator[None]:
    for _ in load_region(region_folder("jember")):
        pass
    yield


@pytest.mark.parametrize(
    ("username", "slug", "action"),
    [
        ("petugas", "dispendukcapil", "counter"),
        ("pengawas", "dispendukcapil", "supervise"),
        ("petugas-ambulu", "kecamatan-ambulu", "counter"),
        ("pengawas-ambulu", "kecamatan-ambulu", "supervise"),
        ("kepala", "kecamatan-silo", "read"),
    ],
)
def test_each_sign_in_may_do_its_work(username: str, slug: str, action: str) -> None:
    load_demo()
    user = authenticate(username=username, password="jember-demo")
    assert isinstance(user, Staff)
    assert may(user, action, Location.objects.get(slug=slug))  # type: ignore[arg-type]


def test_the_demo_keeps_its_staff_apart() -> None:
    load_demo()
    petugas = Staff.objects.get(username="petugas")
    assert not may(petugas, "supervise", Location.objects.get(slug="dispendukcapil"))
    assert not may(petugas, "read", Location.objects.get(slug="kecamatan-ambulu"))
    kepala = Staff.objects.get(username="kepala")
    assert visible_locations(kepala).count() == 32
    admin = Staff.objects.get(username="admin")
    assert admin.is_superuser
    assert not visible_locations(admin).exists()


def test_the_coming_days_are_not_empty() -> None:
    load_demo()
    for slug in ("dispendukcapil", "kecamatan-ambulu"):
        here = Booking.objects.filter(slot__location__slug=slug)
        assert here.filter(slot__starts_at__date=at_local(0).date()).exists()
        assert here.filter(slot__starts_at__gt=at_local(1, 0)).exists()


def test_no_invented_person_raises_a_doubt_or_has_a_real_number() -> None:
    load_demo()
    assert not Booking.objects.filter(nik_doubtful=True).exists()
    for booking in Booking.objects.all():
        assert booking.nik[12:] >= "9000"
        assert booking.phone == "" or booking.phone.startswith("+628120009")
        assert booking.email == "" or booking.email.endswith("@example.com")


def test_loading_twice_adds_nothing_and_sets_the_password_again() -> None:
    now = database_now()
    load_demo(now)
    staff = Staff.objects.get(username="petugas")
    staff.set_password("something-else-9000")
    staff.save()
    before = (Booking.objects.count(), Assignment.objects.count(), Slot.objects.count())
    assert load_demo(now).bookings == 0
    assert (Booking.objects.count(), Assignment.objects.count(), Slot.objects.count()) == before
    assert authenticate(username="petugas", password=PASSWORD)


def test_on_a_day_without_opening_hours_the_demo_opens_so_that_it_can_be_tried() -> None:
    OpeningPattern.objects.filter(weekday=at_local(0).isoweekday()).delete()
    load_demo()
    today = Slot.objects.filter(
        starts_at__gte=at_local(0, 0), starts_at__lt=at_local(0, 0) + timedelta(days=1)
    )
    assert set(today.values_list("location__slug", flat=True)) == {
        "dispendukcapil",
        "kecamatan-ambulu",
    }
    assert Booking.objects.filter(slot__in=today).exists()


@pytest.mark.parametrize(("hour", "minute"), [(2, 0), (9, 59), (12, 10), (16, 45), (23, 5)])
def test_at_any_hour_there_is_a_time_today_that_one_can_be_checked_in_for(
    hour: int, minute: int
) -> None:
    now = at_local(1, hour, minute)
    load_demo(now)
    for slug in ("dispendukcapil", "kecamatan-ambulu"):
        place = Location.objects.get(slug=slug)
        soon = now + timedelta(minutes=place.early_minutes)
        found = Slot.objects.bookable(now).filter(location=place, starts_at__lte=soon)
        assert found.exists()


def test_a_closed_place_is_not_opened_for_the_demo() -> None:
    ambulu = Location.objects.get(slug="kecamatan-ambulu")
    shut = {"starts_at": at_local(0, 0), "ends_at": at_local(2, 0)}
    Closure.objects.create(location=ambulu, reason="test", confirmed_at=at_local(0), **shut)
    load_demo(at_local(1, 12, 10))
    assert not Slot.objects.filter(location=ambulu, starts_at__lt=at_local(2, 0)).exists()


def test_the_command_says_what_it_made() -> None:
    out = StringIO()
    call_command("load_demo", stdout=out)
    assert "6 sign-ins with the password jember-demo" in out.getvalue()


def test_the_command_is_refused_with_production_settings(settings: Settings) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="passwords are public"):
        call_command("load_demo")
    assert not Staff.objects.exists()


def test_without_a_region_the_command_says_what_to_do_first() -> None:
    Location.objects.filter(slug="kecamatan-ambulu").update(slug="elsewhere")
    with pytest.raises(CommandError, match="load_region jember"):
        call_command("load_demo")
