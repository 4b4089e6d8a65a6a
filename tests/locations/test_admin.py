"""The admin is for IT; what it changes is noted, and booked slots are safe from it."""

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.urls import reverse

from locations.models import HealthProtocol, Location, OpeningPattern, Slot, Staff
from locations.opening import make_slots
from tests.factories import at_local, booking, location, pattern, protocol, slot, staff

pytestmark = pytest.mark.django_db

MODELS = [
    "staff",
    "district",
    "village",
    "healthprotocol",
    "location",
    "assignment",
    "openingpattern",
    "openingexception",
    "closure",
    "slot",
]


@pytest.fixture
def it(client: Client) -> Client:
    admin = staff("admin")
    Staff.objects.filter(pk=admin.pk).update(is_staff=True, is_superuser=True)
    client.force_login(Staff.objects.get(pk=admin.pk))
    return client


@pytest.mark.parametrize("model", MODELS)
def test_every_list_opens(it: Client, model: str) -> None:
    here = location()
    slot(here)
    pattern(here)
    assert it.get(reverse(f"admin:locations_{model}_changelist")).status_code == 200


@pytest.mark.parametrize("username", ["petugas", "kepala"])
def test_who_is_not_it_does_not_get_in(client: Client, username: str) -> None:
    client.force_login(staff(username, "head"))
    assert client.get(reverse("admin:locations_slot_changelist")).status_code == 302


def test_slots_are_shown_and_not_changed(it: Client) -> None:
    shown = slot(location())
    address = reverse("admin:locations_slot_change", args=[shown.pk])
    assert it.get(address).status_code == 200
    assert it.post(address, {"capacity": 99}).status_code == 403
    assert it.get(reverse("admin:locations_slot_add")).status_code == 403


def rule_data(at: Location, **values: object) -> dict[str, object]:
    return {
        "location": at.pk, "weekday": at_local(1).isoweekday(), "starts": "08:00", "ends": "10:00",
        "slot_minutes": 30, "capacity": 6, "reserve": 1, "valid_from": "2020-01-01",
    } | values  # fmt: skip


def test_a_changed_rule_leaves_booked_slots_and_says_so(it: Client) -> None:
    here = location()
    rule = pattern(here, at_local(1).isoweekday())
    make_slots()
    taken = Slot.objects.get(starts_at=at_local(1, 9))
    booking(taken)
    answer = it.post(
        reverse("admin:locations_openingpattern_change", args=[rule.pk]), rule_data(here)
    )
    assert answer.status_code == 302
    told = [str(message) for message in get_messages(answer.wsgi_request)]
    assert any("1 sesi dibiarkan karena sudah ada pendaftar" in message for message in told)
    taken.refresh_from_db()
    assert taken.capacity == 10
    assert Slot.objects.get(starts_at=at_local(1, 8)).capacity == 6


def test_an_overlapping_rule_is_refused_with_a_sentence(it: Client) -> None:
    here = location()
    pattern(here, at_local(1).isoweekday())
    answer = it.post(
        reverse("admin:locations_openingpattern_add"), rule_data(here, starts="09:00", ends="11:00")
    )
    assert "Jam ini bertabrakan dengan pola" in answer.content.decode()
    assert OpeningPattern.objects.count() == 1


def test_a_deleted_rule_takes_its_empty_slots_along(it: Client) -> None:
    rule = pattern(location(), at_local(1).isoweekday())
    make_slots()
    it.post(reverse("admin:locations_openingpattern_delete", args=[rule.pk]), {"post": "yes"})
    assert not Slot.objects.filter(starts_at__gt=at_local(0, 23, 59)).exists()


def test_a_change_in_the_admin_says_who_made_it(it: Client) -> None:
    level = protocol("siaga")
    form = it.get(reverse("admin:locations_healthprotocol_change", args=[level.pk]))
    data = {
        name: value
        for name, value in form.context["adminform"].form.initial.items()
        if value is not None
    }
    data |= {"percent": 40, "instructions_id": '["Pakai masker."]', "instructions_en": '["Mask."]'}
    answer = it.post(reverse("admin:locations_healthprotocol_change", args=[level.pk]), data)
    assert answer.status_code == 302
    assert HealthProtocol.objects.get(pk="siaga").percent == 40
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pgh_context FROM locations_healthprotocolevent ORDER BY pgh_id DESC LIMIT 1"
        )
        (context,) = cursor.fetchone()
    assert f"staff:{Staff.objects.get(username='admin').pk}" in str(context)
