"""The office's pages about messages: numbers of a day, gateways, the life of one message."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import ProgrammingError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from locations.models import Location
from notifications import breaker, delivery
from notifications.models import Gateway, Message, Opening, State
from services.booking import book, cancel
from services.codes import new_code
from services.lifecycle import Actor
from services.models import Booking
from services.office.numbers import GROUPS
from services.office.words import of_code
from services.tokens import token_for
from tests import factories

pytestmark = pytest.mark.django_db

PHONE = "+6281234567890"
NAME = "Suharyanti Kusumaningrum"


@pytest.fixture(autouse=True)
def _demo(settings: Any) -> None:
    settings.DEMO = True
    settings.NOTIFICATIONS_DESCRIBE = "services.describing.describe_many"


@pytest.fixture
def place() -> Location:
    return factories.location("kecamatan-ambulu")


@pytest.fixture
def client(client: Client, place: Location) -> Client:
    client.force_login(factories.staff("petugas", "counter", place))
    return client


@pytest.fixture
def head(place: Location) -> Client:
    client = Client()
    client.force_login(factories.staff("kepala", "head"))
    return client


def booked(place: Location, **person: Any) -> Booking:
    slot = factories.slot(place, factories.at_local(5, 9), capacity=500)
    service = factories.service(at=place)
    given = {"full_name": NAME, "phone": PHONE} | person
    return book(service=service, slot_id=slot.pk, person=factories.person(**given)).booking


def sent(place: Location) -> tuple[Booking, Message]:
    booking = booked(place)
    delivery.deliver()
    return booking, Message.objects.get(subject=booking.pk, kind="confirmed")


def search(client: Client, code: str) -> Any:
    return client.post(reverse("office:search"), {"kode": code})


def life(message: Message) -> str:
    return reverse("office:life", args=[message.pk])


# --- The day -------------------------------------------------------------------------------------


def test_the_day_counts_every_message_once_by_kind_and_state(
    client: Client, place: Location
) -> None:
    sent(place)
    context = client.get(reverse("office:day")).context
    (row,) = context["shown"].kinds
    assert (row.name, row.counts) == ("confirmed", {"sent": 1})
    assert context["shown"].total.total == 1
    # The reminders are of other days.
    later = context["shown"].day + timezone.timedelta(days=5)
    shown = client.get(reverse("office:day"), {"hari": later.isoformat()}).context["shown"]
    assert {row.name: row.total for row in shown.kinds} == {"reminder_two_hours": 1}


def test_every_state_has_its_place_in_the_bars() -> None:
    assert {state for _name, _look, states in GROUPS for state in states} == set(State)


@pytest.mark.parametrize("messages", [3, 300])
def test_the_day_costs_the_same_statements_however_many_messages(
    client: Client, place: Location, django_assert_max_num_queries: Any, messages: int
) -> None:
    now = timezone.now()
    Message.objects.bulk_create(
        Message(
            subject=uuid4(),
            kind="confirmed",
            send_after=now,
            send_before=now + timezone.timedelta(days=1),
            next_attempt_at=now,
        )
        for _ in range(messages)
    )
    with django_assert_max_num_queries(10):
        answer = client.get(reverse("office:day"))
    assert answer.context["waiting"] == messages


@pytest.mark.parametrize("day", ["x", "2026-02-30", "0001-01-01", "9999-12-31", "\uffff"])
def test_a_day_that_is_none_is_answered_with_a_word_and_todays_numbers(
    client: Client, day: str
) -> None:
    answer = client.get(reverse("office:day"), {"hari": day})
    assert answer.status_code == 400
    assert answer.context["form"].errors


def test_who_has_no_place_sees_no_messages(place: Location) -> None:
    stranger = Client()
    assert stranger.get(reverse("office:day")).status_code == 302
    stranger.force_login(factories.staff("tanpa"))
    for address in (reverse("office:day"), reverse("office:search")):
        assert stranger.get(address).status_code == 404


# --- Gateways ------------------------------------------------------------------------------------


def test_the_head_pauses_a_gateway_and_lets_it_go_on(head: Client, place: Location) -> None:
    address = reverse("office:gateway", args=["demo-sms"])
    said = head.post(address, {"lakukan": "jeda"}, follow=True).content.decode()
    assert "Gateway demo-sms dijeda" in said
    assert Gateway.objects.get(name="demo-sms").paused_by.username == "kepala"  # type: ignore[union-attr]
    booked(place, email="")
    assert not delivery.deliver()["sent"]
    head.post(address, {"lakukan": "lanjutkan"})
    assert Gateway.objects.get(name="demo-sms").paused_at is None


def test_a_gateway_that_paused_itself_is_told_at_the_top(client: Client) -> None:
    breaker.conditions(["demo-sms"])
    breaker.pause("demo-sms", "http_401")
    page = client.get(reverse("office:day")).content.decode()
    assert 'role="alert"' in page
    assert "gateway menjawab 401" in page


def test_only_who_answers_for_all_places_may_pause(client: Client, place: Location) -> None:
    factories.location("dispendukcapil")
    supervisor = Client()
    supervisor.force_login(factories.staff("pengawas", "supervisor", place))
    for somebody in (client, supervisor):
        assert somebody.post(reverse("office:gateway", args=["demo-sms"])).status_code == 404
        assert b"lakukan" not in somebody.get(reverse("office:day")).content
    assert not Gateway.objects.filter(paused_at__isnull=False).exists()


@pytest.mark.parametrize("asked", ["", "x", "pause", None])
def test_only_the_two_words_change_a_gateway(head: Client, asked: str | None) -> None:
    given = {} if asked is None else {"lakukan": asked}
    assert head.post(reverse("office:gateway", args=["demo-sms"]), given).status_code == 400
    assert not Gateway.objects.filter(paused_at__isnull=False).exists()


def test_a_gateway_that_is_not_connected_cannot_be_paused(head: Client) -> None:
    assert head.post(reverse("office:gateway", args=["merpati"])).status_code == 404
    assert head.get(reverse("office:gateway", args=["demo-sms"])).status_code == 405


# --- One booking's messages ----------------------------------------------------------------------


def test_a_code_finds_all_messages_of_its_booking(client: Client, place: Location) -> None:
    booking, _message = sent(place)
    answer = search(client, booking.shown_code.lower())
    assert [line.kind for line in answer.context["lines"]] == [
        "reminder_two_hours",
        "reminder_day_before",
        "confirmed",
    ]
    assert NAME not in answer.content.decode()


def test_a_foreign_code_is_answered_as_one_that_does_not_exist(client: Client) -> None:
    foreign, _message = sent(factories.location("dispendukcapil"))
    answers = [search(client, code) for code in (foreign.code, "00000000", new_code())]
    assert {answer.status_code for answer in answers} == {400}
    pages = {a.content.decode().replace(foreign.code, "X") for a in answers[::2]}
    assert len({page[page.index("<h1") : page.index("value=")] for page in pages}) == 1


def test_a_foreign_message_does_not_exist(client: Client) -> None:
    _foreign, message = sent(factories.location("dispendukcapil"))
    assert client.get(life(message)).status_code == 404
    assert client.post(life(message), {"percobaan": "1"}).status_code == 404
    assert client.post(reverse("office:send_again", args=[message.pk])).status_code == 404
    assert not Opening.objects.exists()


def test_address_and_text_are_masked_until_opened_and_opening_is_written_down(
    client: Client, place: Location
) -> None:
    _booking, message = sent(place)
    page = client.get(life(message)).content.decode()
    assert PHONE not in page and "Suharyanti" not in page
    assert "7890" in page
    assert not Opening.objects.exists()
    opened = client.post(life(message), {"percobaan": "1"}).content.decode()
    assert PHONE in opened and "Suharyanti" in opened
    (opening,) = Opening.objects.all()
    assert opening.by.username == "petugas"


def test_what_was_opened_by_whom_cannot_be_changed_or_deleted(
    client: Client, place: Location
) -> None:
    _booking, message = sent(place)
    client.post(life(message), {"percobaan": "1"})
    for sql in (
        "DELETE FROM notifications_opening",
        "UPDATE notifications_opening SET at = now()",
    ):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)


def test_what_was_opened_shows_nobody_the_residents_link(client: Client, place: Location) -> None:
    booking, message = sent(place)
    opened = client.post(life(message), {"percobaan": "1"}).content.decode()
    assert f"/m/{booking.code}/…" in opened
    assert token_for(booking.pk, booking.token_version) not in opened


@pytest.mark.parametrize("content", ["application/json", "application/x-www-form-urlencoded"])
def test_a_search_without_any_field_is_answered_with_a_word(client: Client, content: str) -> None:
    answer = client.generic("POST", reverse("office:search"), b"", content_type=content)
    assert answer.status_code == 400
    assert "Tulis kode booking." in answer.content.decode()


@pytest.mark.parametrize("typed", ["", "2", "x", "-1", "9" * 30])
def test_an_attempt_that_is_not_there_cannot_be_opened(
    client: Client, place: Location, typed: str
) -> None:
    _booking, message = sent(place)
    assert client.post(life(message), {"percobaan": typed}).status_code == 404


def test_sending_again_plans_a_new_row(client: Client, place: Location) -> None:
    _booking, message = sent(place)
    answer = client.post(reverse("office:send_again", args=[message.pk]), follow=True)
    assert "dikirim ulang" in answer.content.decode()
    rows = Message.objects.filter(subject=message.subject, kind="confirmed").order_by("repeat")
    assert [(row.repeat, row.state) for row in rows] == [(0, "sent"), (1, "planned")]


def test_sending_again_is_refused_with_a_word(client: Client, place: Location) -> None:
    booking, message = sent(place)
    cancel(booking_id=booking.pk, actor=Actor.RESIDENT, who="resident", why="")
    answer = client.post(reverse("office:send_again", args=[message.pk]), follow=True)
    assert "tidak berlaku lagi" in answer.content.decode()
    assert Message.objects.filter(kind="confirmed").count() == 1


def test_the_head_reads_and_sends_nothing(head: Client, place: Location) -> None:
    _booking, message = sent(place)
    assert head.get(life(message)).status_code == 200
    assert head.post(reverse("office:send_again", args=[message.pk])).status_code == 404


def test_the_life_of_a_message_costs_a_fixed_number_of_statements(
    client: Client, place: Location, django_assert_max_num_queries: Any
) -> None:
    _booking, message = sent(place)
    for _ in range(25):
        client.post(life(message), {"percobaan": "1"})
    with django_assert_max_num_queries(11):
        client.get(life(message))


def test_codes_are_said_in_words_and_an_unknown_one_shows_itself() -> None:
    assert str(of_code("smtp_550")) == "server surel menjawab 550"
    assert of_code("brandnew") == "brandnew"
