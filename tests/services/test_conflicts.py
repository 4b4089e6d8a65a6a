"""Deadlocks and lock time-outs are tried again a few times, then it is a calm 503."""

import pytest
from django.db import OperationalError, connection, transaction

from services.conflicts import TRIES, retried
from services.refusals import TryAgain


def fails_with(sqlstate: str, times: int) -> tuple[list[int], "object"]:
    """A verb that PostgreSQL itself breaks that many times before it succeeds."""
    calls: list[int] = []

    @retried
    def verb() -> str:
        calls.append(1)
        if len(calls) <= times:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{sqlstate}'; END $$")
        return "done"

    return calls, verb


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("sqlstate", ["40001", "40P01", "55P03"])
def test_a_conflict_is_tried_again(sqlstate):
    calls, verb = fails_with(sqlstate, times=TRIES - 1)
    assert verb() == "done"
    assert len(calls) == TRIES


@pytest.mark.django_db(transaction=True)
def test_after_a_few_tries_it_is_a_calm_refusal():
    calls, verb = fails_with("40P01", times=99)
    with pytest.raises(TryAgain) as refused:
        verb()
    assert (refused.value.status, refused.value.code) == (503, "unavailable")
    assert len(calls) == TRIES


@pytest.mark.django_db
def test_inside_a_callers_transaction_nothing_is_tried_again():
    calls, verb = fails_with("40P01", times=99)
    with pytest.raises(OperationalError), transaction.atomic():
        verb()
    assert len(calls) == 1
