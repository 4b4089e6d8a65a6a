"""The clock that every rule goes by (docs/decisions.md)."""

from datetime import datetime

from django.db import connection


def database_now() -> datetime:
    """The database's time; within a transaction, the moment at which it began."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        return cursor.fetchone()[0]
