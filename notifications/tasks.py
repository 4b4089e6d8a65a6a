"""The task only says "look"; what is due stands in the database, so a repeat is harmless."""

from celery import shared_task

from locations.clock import clocks_agree

from . import calls, delivery, erasure, receipts


@shared_task(
    name="notifications.deliver_due",
    acks_late=True,
    ignore_result=True,
    # A round ends by itself after delivery.ROUND_SECONDS and one more answer, at the latest after
    # delivery.NO_ANSWER. This is for a sender that hangs, and stays below the lease, so that no
    # killed sender's message is taken while he could still send it; the broker's visibility
    # time-out (settings) is longer than both.
    soft_time_limit=52,
    time_limit=56,
)
def deliver_due() -> None:
    """Deliver what is due; on the beat every few seconds (settings.CELERY_BEAT_SCHEDULE)."""
    if clocks_agree():  # else a jump would remind of the past or expire the future
        receipts.match_early()
        delivery.deliver()


@shared_task(name="notifications.erase_addresses", acks_late=True, ignore_result=True)
def erase_addresses() -> None:
    """Erase where messages went to, a week after they ended; what is left is done next time."""
    erasure.erase_addresses()
    receipts.sweep_early()


@shared_task(name="notifications.end_calls", acks_late=True, ignore_result=True)
def end_calls() -> None:
    """End the calls whose time is over or whose news is no longer true."""
    if clocks_agree():  # else a jump would give up people who can still be told
        calls.end_what_is_over()
