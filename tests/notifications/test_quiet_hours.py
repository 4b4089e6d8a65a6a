"""The table of quiet hours and its examples (docs/domain.md section 7); 2026-11-27 is a Friday."""

from __future__ import annotations

import pytest

from notifications.quiet_hours import quiet_span, shifted, waits_until

from .factories import wib


@pytest.mark.parametrize(
    ("moment", "span"),
    [
        ("2026-11-23 19:59", None),
        ("2026-11-23 20:00", ("2026-11-23 20:00", "2026-11-24 06:00")),
        ("2026-11-23 23:59", ("2026-11-23 20:00", "2026-11-24 06:00")),
        ("2026-11-24 00:00", ("2026-11-23 20:00", "2026-11-24 06:00")),
        ("2026-11-24 05:59", ("2026-11-23 20:00", "2026-11-24 06:00")),
        ("2026-11-24 06:00", None),
        ("2026-11-26 11:30", None),  # Thursday
        ("2026-11-27 11:14", None),
        ("2026-11-27 11:15", ("2026-11-27 11:15", "2026-11-27 12:45")),
        ("2026-11-27 12:44", ("2026-11-27 11:15", "2026-11-27 12:45")),
        ("2026-11-27 12:45", None),
        ("2026-11-27 20:30", ("2026-11-27 20:00", "2026-11-28 06:00")),
    ],
)
def test_the_table(moment: str, span: tuple[str, str] | None) -> None:
    assert quiet_span(wib(moment)) == (span and (wib(span[0]), wib(span[1])))


@pytest.mark.parametrize(
    ("visit", "meant_for", "goes_at"),
    [
        ("2026-11-24 09:20", "2026-11-24 07:20", "2026-11-24 07:20"),
        ("2026-11-24 07:30", "2026-11-24 05:30", "2026-11-24 06:00"),
        ("2026-11-24 07:00", "2026-11-24 05:00", "2026-11-24 06:00"),
        ("2026-11-24 06:30", "2026-11-24 04:30", "2026-11-23 20:00"),
        ("2026-11-27 13:30", "2026-11-27 11:30", "2026-11-27 11:15"),
        ("2026-11-27 13:45", "2026-11-27 11:45", "2026-11-27 12:45"),
        ("2026-11-27 13:00", "2026-11-27 11:00", "2026-11-27 11:00"),
    ],
)
def test_a_reminder_moves_to_the_end_if_an_hour_remains_else_to_the_start(
    visit: str, meant_for: str, goes_at: str
) -> None:
    assert shifted(wib(meant_for), deadline=wib(visit)) == wib(goes_at)


@pytest.mark.parametrize(
    ("now", "deadline", "waits"),
    [
        ("2026-11-23 21:00", "2026-11-24 09:00", "2026-11-24 06:00"),
        ("2026-11-23 21:00", "2026-11-24 06:59", None),
        ("2026-11-23 15:00", "2026-11-24 09:00", None),
        ("2026-11-27 11:20", "2026-11-27 13:30", None),
        ("2026-11-27 11:20", "2026-11-27 15:00", "2026-11-27 12:45"),
    ],
)
def test_news_waits_unless_it_would_come_too_late(
    now: str, deadline: str, waits: str | None
) -> None:
    assert waits_until(wib(now), deadline=wib(deadline)) == (waits and wib(waits))
