"""Impatient fingers and slow networks: the same tap many times at once, or two beside another."""

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from services.models import Booking
from tests.racing import race
from tests.services.resident.town import build, identify, tap

pytestmark = pytest.mark.django_db(transaction=True)


def in_this_session(session: str) -> Client:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = session
    return client


def test_ten_taps_at_once_make_one_booking_and_all_lead_to_its_ticket() -> None:
    town, client = build(), Client()
    identify(client)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    answers = race(10, lambda number: tap(in_this_session(session), town.slots[0]))
    booking = Booking.objects.get()
    assert [answer.status_code for answer in answers] == [302] * 10
    tickets = {answer["Location"].partition("?")[0] for answer in answers}
    assert tickets == {f"/jadwal/{booking.shown_code}/"}


def test_two_times_tapped_at_once_make_one_booking_too() -> None:
    town, client = build(), Client()
    identify(client)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    answers = race(6, lambda number: tap(in_this_session(session), town.slots[number % 2]))
    booking = Booking.objects.get()
    tickets = {answer["Location"].partition("?")[0] for answer in answers}
    assert tickets == {f"/jadwal/{booking.shown_code}/"}


def test_a_tap_is_a_handful_of_statements() -> None:
    """The whole request, session and rate limit too; the booking itself is 12 at most."""
    town, client = build(), Client()
    identify(client)
    with CaptureQueriesContext(connection) as seen:
        tap(client, town.slots[0])
    statements = [query["sql"] for query in seen.captured_queries]
    print(len(statements))
    assert len(statements) <= 20, statements
