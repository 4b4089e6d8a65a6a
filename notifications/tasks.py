"""The task only says "look"; what is due stands in the database, so a repeat is harmless."""

from celery import shared_task

from locations.clock import clocks_agree

from . import delivery


@shared_task(
    name="notifications.deliver_due",
    acks_late=True,
    ignore_result=True,
    # A round ends by itself after delivery.ROUND_SECONDS and one more attempt; this is for a
    # sender that hangs, and stays below the broker's visibility time-out (settings).
    time_limit=90,
)
def deliver_due() -> None:
    """Deliver what is due; on the beat every few seconds (settings.CELERY_BEAT_SCHEDULE)."""
    if clocks_agree():  # else a jump would remind of the past or expire the future
        delivery.deliver()
