"""Counting requests in PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import RequestFactory
from django.utils import timezone

from services import limits
from services.limits import TooManyRequests, Use
from services.models import RateCount

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def limits_on(settings):
    settings.RATE_LIMITS = True
    settings.LIMITS = {"few": (2, 3600), "many": (100, 60)}


def test_the_use_past_the_limit_is_refused_and_says_how_long_to_wait():
    limits.take(Use("few", "a"))
    limits.take(Use("few", "a"))
    with pytest.raises(TooManyRequests) as refusal:
        limits.take(Use("few", "a"))
    assert 0 < refusal.value.wait <= 3600
    assert (refusal.value.code, refusal.value.status) == ("throttled", 429)


def test_one_persons_use_is_not_anothers():
    limits.take(Use("few", "a"))
    limits.take(Use("few", "a"))
    limits.take(Use("few", "b"))
    limits.take(Use("many", "a"))


def test_several_limits_are_counted_in_one_statement(django_assert_num_queries):
    with django_assert_num_queries(1):
        limits.take(Use("few", "a"), Use("many", "a"))
    assert RateCount.objects.count() == 2


def test_a_new_window_begins_at_zero():
    limits.take(Use("few", "a"))
    limits.take(Use("few", "a"))
    RateCount.objects.update(window=timezone.now() - timedelta(hours=2))
    limits.take(Use("few", "a"))


def test_a_use_given_back_is_not_counted():
    for _ in range(5):
        limits.take(Use("few", "a"))
        limits.give_back(Use("few", "a"))


def test_switched_off_nothing_is_counted(settings, django_assert_num_queries):
    settings.RATE_LIMITS = False
    with django_assert_num_queries(0):
        for _ in range(5):
            limits.take(Use("few", "a"))


def test_no_address_and_no_identity_is_stored():
    limits.take(Use("few", "203.0.113.9"))
    assert "203.0.113.9" not in RateCount.objects.get().key


def test_old_windows_are_swept_and_young_ones_kept():
    limits.take(Use("few", "a"), Use("many", "a"))
    RateCount.objects.filter(key__startswith="few").update(
        window=timezone.now() - timedelta(days=3)
    )
    assert limits.sweep() == 1
    assert RateCount.objects.get().key.startswith("many")


@pytest.mark.parametrize(
    ("peer", "whose"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
        ("", "unknown"),
        ("evil", "unknown"),
    ],
)
def test_an_address_stands_for_a_household(peer, whose):
    assert limits.address_of(RequestFactory().get("/", REMOTE_ADDR=peer)) == whose


def test_a_spoofed_header_changes_nothing():
    request = RequestFactory().get("/", REMOTE_ADDR="203.0.113.9", HTTP_X_FORWARDED_FOR="8.8.8.8")
    assert limits.address_of(request) == "203.0.113.9"


@pytest.mark.django_db(transaction=True)
def test_many_at_once_get_exactly_as_many_as_allowed(settings):
    settings.LIMITS = {"few": (10, 3600)}

    def try_once(_: int) -> bool:
        try:
            limits.take(Use("few", "a"))
        except TooManyRequests:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(12) as racers:
        assert sum(racers.map(try_once, range(40))) == 10
