"""The table of quiet hours and its examples (docs/domain.md section 7); 2026-11-27 is a Friday."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import Settings

from notifications.quiet_hours import (
    awake_after,
    check_quiet_hours,
    held_until,
    quiet_span,
    read,
    shifted,
)

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
    ("now", "patient_until", "waits"),
    [
        ("2026-11-23 21:00", "2026-11-24 08:00", "2026-11-24 06:00"),
        ("2026-11-23 21:00", "2026-11-24 05:59", None),
        ("2026-11-23 15:00", "2026-11-24 08:00", None),
        ("2026-11-27 11:20", "2026-11-27 12:30", None),
        ("2026-11-27 11:20", "2026-11-27 14:00", "2026-11-27 12:45"),
        ("2026-11-27 11:20", None, "2026-11-27 12:45"),
    ],
)
def test_a_message_waits_unless_the_end_comes_later_than_it_has_patience(
    now: str, patient_until: str | None, waits: str | None
) -> None:
    patience = wib(patient_until) if patient_until else None
    assert held_until(wib(now), patient_until=patience) == (waits and wib(waits))


def test_what_was_put_at_the_start_of_quiet_hours_goes_there_and_not_much_later() -> None:
    start = wib("2026-11-27 11:15")
    assert held_until(start, placed_at=start) is None
    assert held_until(start + timedelta(minutes=15), placed_at=start) is None
    assert held_until(start + timedelta(minutes=16), placed_at=start) == wib("2026-11-27 12:45")


# --- The hours as data ---------------------------------------------------------------------------


def test_the_month_of_fasting_may_have_hours_of_its_own(settings: Settings) -> None:
    settings.QUIET_HOURS = "20:00-06:00, 2027-02-08..2027-03-09 17.15-18.30"
    assert quiet_span(wib("2027-02-07 17:30")) is None
    assert quiet_span(wib("2027-02-08 17:30")) == (wib("2027-02-08 17:15"), wib("2027-02-08 18:30"))
    assert quiet_span(wib("2027-03-09 17:30")) is not None
    assert quiet_span(wib("2027-03-10 17:30")) is None


def test_quiet_times_that_touch_are_one(settings: Settings) -> None:
    settings.QUIET_HOURS = "20:00-04:00, 03:00-06:00, 17:30-20:00"
    whole = (wib("2026-11-23 17:30"), wib("2026-11-24 06:00"))
    for moment in ("2026-11-23 17:30", "2026-11-23 23:00", "2026-11-24 05:00"):
        assert quiet_span(wib(moment)) == whole


def test_without_quiet_hours_nothing_waits(settings: Settings) -> None:
    settings.QUIET_HOURS = ""
    assert quiet_span(wib("2026-11-23 23:00")) is None
    assert awake_after(wib("2026-11-23 23:00"), timedelta(hours=3)) == wib("2026-11-24 02:00")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("20-06", "20-06"),
        ("20:00-06:00; fri 11:15-12:45", "20:00-06:00; fri"),
        ("jumat 11:15-12:45", "jumat"),
        ("xyz 11:15-12:45", "days of the week"),
        ("24:10-06:00", "does not exist"),
        ("2027-02-30..2027-03-09 17:00-18:00", "does not exist"),
        ("2027-03-09..2027-02-08 17:00-18:00", "ends before it begins"),
        ("06:00-06:00", "ends when it begins"),
        ("06:00-05:00", "less than 4 h"),
        ("20:00-06:00, fri 06:00-20:00", "(fri) has less than 4 h"),
        ("20:00-06:00, 2027-02-08..2027-03-09 07:00-20:00", "2027-02-08"),
    ],
)
def test_hours_that_cannot_be_are_refused_before_the_server_starts(
    text: str, named: str, settings: Settings
) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        read(text)
    assert named in str(refused.value)
    settings.QUIET_HOURS = text
    assert [problem.id for problem in check_quiet_hours(None)] == ["notifications.C020"]


def test_the_hours_shipped_are_those_of_the_domain(settings: Settings) -> None:
    assert check_quiet_hours(None) == []
    assert len(read(settings.QUIET_HOURS)) == 2


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-23 10:00", 2, "2026-11-23 12:00"),
        ("2026-11-23 19:00", 2, "2026-11-24 07:00"),
        ("2026-11-23 18:00", 2, "2026-11-23 20:00"),
        ("2026-11-23 23:00", 2, "2026-11-24 08:00"),
        ("2026-11-27 11:00", 2, "2026-11-27 14:30"),
        ("2026-11-26 19:00", 7, "2026-11-27 13:30"),
    ],
)
def test_a_span_of_time_stands_still_in_quiet_hours(start: str, hours: int, end: str) -> None:
    assert awake_after(wib(start), timedelta(hours=hours)) == wib(end)
