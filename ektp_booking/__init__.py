"""The roof of the house: settings, addresses, page frame, servers for trying out."""

from ektp_booking.celery import app as celery_app

__all__ = ["celery_app"]
