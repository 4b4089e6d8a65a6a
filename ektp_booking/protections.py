"""What the running processes may not do in the database (docs/decisions.md).

Two roles: an owner, who migrates, and the application's, which owns nothing and has no DDL. After
each `migrate` the rights are given anew, so a new table is never left with too many or too few:
all rows may be read and written, but

- a slot's `booked` and `excess` are written by triggers alone, and slots are never truncated;
- bookings are never deleted (their personal values are erased, the counts stay);
- what a person said of a channel, and who opened a message, is added to, never changed;
- history tables can only be read: the triggers that fill them run as the owner, and the session
  setting `pgtrigger.ignore`, with which any client could otherwise switch them off, says nothing.
"""

from typing import Any

import pghistory.models
from django.apps import apps
from django.db import connections
from psycopg import sql

COUNTERS = {"booked", "excess"}


def history_tables() -> list[str]:
    """The tables that pghistory's triggers fill."""
    return sorted(
        model._meta.db_table
        for model in apps.get_models()
        if issubclass(model, pghistory.models.Event) and not model._meta.abstract
    )


def protect(owner_alias: str) -> None:
    """Give the role of the alias `default` its rights; runs as the owner after each migrate."""
    app = connections["default"].settings_dict["USER"]
    if not _all_tables_exist(owner_alias):
        return  # halfway back or forward: the next complete migrate gives the rights
    with connections[owner_alias].cursor() as cursor:
        for statement in _rights(app):
            cursor.execute(statement)
        cursor.execute(_HISTORY_CANNOT_BE_SWITCHED_OFF)


def _all_tables_exist(alias: str) -> bool:
    named = {
        "locations_slot",
        "services_booking",
        "notifications_consent",
        "notifications_opening",
        *history_tables(),
    }
    return named <= set(connections[alias].introspection.table_names())


def _rights(app: str) -> list[Any]:
    role = sql.Identifier(app)
    slot = apps.get_model("locations", "Slot")
    columns = {str(field.column) for field in slot._meta.concrete_fields} - COUNTERS - {"id"}
    writable = sql.SQL(", ").join([sql.Identifier(column) for column in sorted(columns)])
    statements = [
        sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(role),
        sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(role),
        sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}").format(
            role
        ),
        sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}").format(role),
        sql.SQL("REVOKE UPDATE ON locations_slot FROM {}").format(role),
        sql.SQL("GRANT UPDATE ({}) ON locations_slot TO {}").format(writable, role),
        sql.SQL("REVOKE DELETE ON services_booking FROM {}").format(role),
        sql.SQL(
            "REVOKE UPDATE, DELETE ON notifications_consent, notifications_opening FROM {}"
        ).format(role),
        # Where a channel reaches somebody is erased with the person, and sealed under new keys.
        sql.SQL("GRANT UPDATE (address_sealed) ON notifications_consent TO {}").format(role),
        sql.SQL("REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {}").format(role),
    ]
    for table in history_tables():
        statements.append(
            sql.SQL("REVOKE INSERT, UPDATE, DELETE ON {} FROM {}").format(
                sql.Identifier(table), role
            )
        )
    return statements


#: `SECURITY DEFINER` lets the triggers write what the application may not. pgtrigger installs its
#: own version of `_pgtrigger_should_ignore` with every trigger, hence ours after each migrate.
_HISTORY_CANNOT_BE_SWITCHED_OFF = """
CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name name)
    RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT false';

DO $$
DECLARE
    trigger_function regprocedure;
BEGIN
    FOR trigger_function IN
        SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = 'public' AND p.proname LIKE 'pgtrigger\\_%'
    LOOP
        EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER', trigger_function);
        EXECUTE format('ALTER FUNCTION %s SET search_path = public, pg_temp', trigger_function);
    END LOOP;
END $$
"""
