"""The pages of the call list."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from locations.models import Location
from notifications import delivery
from notifications.models import Call, Consent, Message
from services.booking import book, cancel
from services.lifecycle import Actor
from services.models import Booking
from services.tokens import token_for
from tests import factories

pytestmark = pytest.mark.django_db

NAME = "Suharyanti Kusumaningrum"


@pytest.fixture(autouse=True)
def _described(settings: Any) -> None:
    settings.NOTIFICATIONS_DESCRIBE = "services.describing.describe_many"


@pytest.fixture
def place() -> Location:
    return factories.location("kecamatan-ambulu")


@pytest.fixture
def client(client: Client, place: Location) -> Client:
    client.force_login(factories.staff("petugas", "counter", place))
    return client


def other(name: str, role: str, at: Location | None = None) -> Client:
    client = Client()
    client.force_login(factories.staff(name, role, at))
    return client


def unreached(place: Location, **person: Any) -> tuple[Booking, Call]:
    """Somebody with a land line only, whose visit the office cancels: no message reaches her."""
    slot = place.slots.first() or factories.slot(place, factories.at_local(5, 9), capacity=500)
    service = factories.service(at=place)
    given = {"full_name": NAME, "phone": "+62331487654"} | person
    booking = book(service=service, slot_id=slot.pk, person=factories.person(**given)).booking
    cancel(booking_id=booking.pk, actor=Actor.SUPERVISOR, who="staff:1", why="closed")
    Message.objects.filter(kind="cancelled").update(may_wake=True, next_attempt_at=Now())
    delivery.deliver()
    return booking, Call.objects.get(subject=booking.pk)


def page(client: Client) -> str:
    return client.get(reverse("calls:list")).content.decode()


def take(client: Client) -> Any:
    return client.post(reverse("calls:take"), follow=True)


def result(client: Client, call: Call, said: str) -> Any:
    return client.post(reverse("calls:result", args=[call.pk]), {"hasil": said}, follow=True)


def test_the_list_names_nobody_and_who_takes_a_call_sees_whom_to_ring_and_what_to_say(
    client: Client, place: Location
) -> None:
    booking, call = unreached(place)
    listed = page(client)
    assert booking.shown_code in listed
    assert NAME not in listed and "487654" not in listed.replace("-", "")
    taken = take(client).content.decode()
    assert NAME in taken
    assert 'href="tel:+62331487654"' in taken
    assert "dibatalkan karena kantor tutup" in taken
    call.refresh_from_db()
    assert call.held_by is not None and call.held_by.username == "petugas"


def test_nobody_of_the_office_gets_a_residents_link_to_see(client: Client, place: Location) -> None:
    """Who had it could cancel, and the history would say that the resident did."""
    slot = factories.slot(place, factories.at_local(5, 9), capacity=500)
    booking = factories.booking(slot)
    message = Message.objects.get(subject=booking.pk, kind="confirmed")
    Call.objects.create(
        message=message, subject=booking.pk, reason="all_failed", deadline=slot.starts_at
    )
    taken = take(client).content.decode()
    token = token_for(booking.pk, booking.token_version)
    assert f"/m/{booking.code}/…" in taken
    assert token not in taken


def test_only_the_holder_sees_the_call(client: Client, place: Location) -> None:
    _booking, call = unreached(place)
    take(client)
    supervisor = other("pengawas", "supervisor", place)
    answer = supervisor.get(reverse("calls:one", args=[call.pk]), follow=True).content.decode()
    assert NAME not in answer
    assert "tidak lagi Anda pegang" in answer
    assert "dipegang petugas" in page(supervisor)


def test_calls_of_other_locations_do_not_exist(client: Client, place: Location) -> None:
    booking, call = unreached(factories.location("dispendukcapil"))
    assert booking.shown_code not in page(client)
    assert "Tidak ada yang perlu ditelepon sekarang" in take(client).content.decode()
    assert "tidak lagi Anda pegang" in result(client, call, "tercapai").content.decode()
    call.refresh_from_db()
    assert (call.state, call.held_by) == (Call.State.OPEN, None)


def test_the_head_reads_and_takes_nothing(place: Location) -> None:
    booking, call = unreached(place)
    head = other("kepala", "head")
    assert booking.shown_code in page(head)
    assert "Ambil berikutnya" not in page(head)
    take(head)
    call.refresh_from_db()
    assert call.held_by is None


def test_who_works_nowhere_sees_no_call_list(place: Location) -> None:
    stranger = Client()
    stranger.force_login(factories.staff("tanpa"))
    assert stranger.get(reverse("calls:list")).status_code == 404
    assert stranger.post(reverse("calls:take")).status_code == 404


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("tercapai", Call.State.REACHED),
        ("tidak", Call.State.OPEN),
        ("salah", Call.State.WRONG_NUMBER),
        ("nanti", Call.State.OPEN),
    ],
)
def test_how_it_went(client: Client, place: Location, said: str, state: str) -> None:
    _booking, call = unreached(place)
    take(client)
    assert result(client, call, said).status_code == 200
    call.refresh_from_db()
    assert (call.state, call.held_by) == (state, None)


@pytest.mark.parametrize("said", ["", "x", "reached", "\u202e"])
def test_an_outcome_that_is_none_is_refused_and_changes_nothing(
    client: Client, place: Location, said: str
) -> None:
    _booking, call = unreached(place)
    take(client)
    assert result(client, call, said).status_code == 400
    call.refresh_from_db()
    assert call.held_by is not None


def test_a_wrong_number_gets_no_further_message(client: Client, place: Location) -> None:
    _booking, call = unreached(place)
    take(client)
    result(client, call, "salah")
    said = Consent.objects.filter(subject=call.subject).values_list("channel", "wanted", "source")
    assert set(said) == {("whatsapp", False, "staff"), ("sms", False, "staff")}


def test_a_wrong_number_is_written_down_once_whoever_presses_again(
    client: Client, place: Location
) -> None:
    _booking, call = unreached(place)
    take(client)
    result(client, call, "salah")
    result(other("pengawas", "supervisor", place), call, "salah")
    assert {said.by.username for said in Consent.objects.all() if said.by} == {"petugas"}
    assert Consent.objects.count() == 2


def test_who_has_no_number_at_all_is_told_by_the_village_office(
    client: Client, place: Location
) -> None:
    unreached(place, phone="")
    taken = take(client).content.decode()
    assert "tel:" not in taken
    assert "kantor desa" in taken


def test_a_visit_that_is_over_is_not_rung_about(client: Client, place: Location) -> None:
    booking, call = unreached(place)
    Call.objects.filter(pk=call.pk).update(deadline=timezone.now())
    assert booking.shown_code not in page(client)
    assert "Tidak ada yang perlu" in take(client).content.decode()


@pytest.mark.parametrize("how_many", [2, 12])
def test_the_list_costs_the_same_statements_however_long_it_is(
    client: Client, place: Location, django_assert_num_queries: Any, how_many: int
) -> None:
    for _ in range(how_many):
        unreached(place)
    page(client)
    with django_assert_num_queries(8):
        page(client)
