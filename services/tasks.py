"""What Celery runs for services: each says "look", the rows say what is to be done."""

from celery import shared_task

from locations.clock import clocks_agree
from services import day_end, erasure, limits, protocol_news


@shared_task(ignore_result=True)
def settle_days() -> None:
    """Mark who did not come, and give a new choice to those whose location never opened."""
    if clocks_agree():
        day_end.mark_no_shows()
        day_end.defer_unserved()


@shared_task(ignore_result=True)
def erase_temperatures() -> None:
    """At the end of a day, forget what was measured at the door."""
    day_end.erase_temperatures()


@shared_task(ignore_result=True)
def erase_past_people() -> None:
    """Forget who visited longer ago than the retention time."""
    if clocks_agree():
        erasure.erase_past_people()


@shared_task(ignore_result=True)
def erase_past_sessions() -> None:
    """Forget sessions that have ended, with what was typed in them and never booked."""
    if clocks_agree():
        erasure.erase_past_sessions()


@shared_task(ignore_result=True)
def tell_protocol_changes() -> None:
    """Tell who was told of a level of the protocol that is no longer in force."""
    if clocks_agree():
        protocol_news.tell_protocol_changes()


@shared_task(ignore_result=True)
def sweep_rate_counts() -> None:
    """Forget how often was asked in windows long past."""
    limits.sweep()
