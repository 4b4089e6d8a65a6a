"""Doing the same thing many times at once, and taking a protection out to see what it protects."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import connections

from tests.conftest import owner_cursor


def race(racers: int, act: Callable[[int], Any]) -> list[Any]:
    """Run `act(number)` in that many threads, let loose together.

    Returns what each returned, or the exception that it raised, by number.
    """
    barrier = threading.Barrier(racers)

    def run(number: int) -> Any:
        try:
            barrier.wait(timeout=30)
            return act(number)
        except Exception as refusal:
            return refusal
        finally:
            connections.close_all()

    with ThreadPoolExecutor(racers) as pool:
        return list(pool.map(run, range(racers)))


def codes(results: list[Any]) -> dict[str, int]:
    """How often each outcome came: the code of a refusal, the name of an error, or `ok`."""
    counted: dict[str, int] = {}
    for result in results:
        if isinstance(result, Exception):
            name = getattr(result, "code", None) or type(result).__name__
        else:
            name = "ok"
        counted[name] = counted.get(name, 0) + 1
    return counted


@contextmanager
def without_trigger(table: str, trigger: str) -> Iterator[None]:
    """The world without one trigger, as only the owner can make it."""
    with owner_cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")
    try:
        yield
    finally:
        with owner_cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")


@contextmanager
def changed_by_owner(change: str, back: str) -> Iterator[None]:
    """The world after a statement of the owner, and back again (tables are emptied first)."""
    from tests.conftest import empty_tables

    with owner_cursor() as cursor:
        cursor.execute(change)
    try:
        yield
    finally:
        empty_tables()
        with owner_cursor() as cursor:
            cursor.execute(back)
