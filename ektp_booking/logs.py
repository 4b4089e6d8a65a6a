"""Logs that hold no personal data.

Two fences: only fields of a fixed list are written (an allowlist: a new field is dropped until
somebody has thought about it), and the last step masks whatever looks like a NIK, a phone
number, an e-mail address or a token. Texts of exceptions are left out altogether, since the
database's own carry the row that failed; the class, the place and the SQL state remain.
"""

import logging
import logging.config
import re
import sys
import traceback
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

FIELDS = {
    "event", "level", "timestamp", "logger", "request_id", "exception",
    "method", "route", "status", "ms", "task", "task_id", "count", "kind", "channel", "state",
    "code", "reason_code", "sqlstate", "constraint", "location", "attempt", "role", "staff_id",
    "slot_id", "message_id", "booking_id", "seconds", "created", "updated", "unchanged", "queue",
    "gateway", "came", "known",
}  # fmt: skip

MASKS = [
    (re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"), "[e-mail]"),
    # 16 digits, also written in groups; a NIK in a longer run is still a NIK.
    (re.compile(r"\d(?:[ .-]?\d){15,}"), "[16 digits]"),
    (re.compile(r"(?<![\d.])(?:\+?62|0)[ .-]?8(?:[ .-]?\d){7,12}(?!\d)"), "[phone]"),
    # Anything long and random: tokens, session ids, hashes, keys.
    (re.compile(r"(?<![\w/-])(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{24,}(?![\w/])"), "[token]"),
    (re.compile(r"(?i)\b(token|booking|bearer|basic)[ =:]+[A-Za-z0-9_.~+/=-]{12,}"), r"\1 [token]"),
]
# uuids name rows, not people, and are how a log line is followed to its booking.
UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")


def mask(text: str) -> str:
    """`text` with everything that looks like personal data or a secret replaced."""
    for pattern, replacement in MASKS:
        text = pattern.sub(replacement, text)
    return text


def keep_known_fields(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Drop every field that is not on the list."""
    return {name: value for name, value in event.items() if name in FIELDS or name[0] == "_"}


def mask_values(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Mask every value, whatever its type, as the last step before it is written."""
    return {name: _masked(name, value) for name, value in event.items()}


def _masked(name: str, value: Any) -> Any:
    if name in ("timestamp", "level", "request_id") or name[0] == "_":
        return value
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < 10**10 else mask(str(value))
    text = str(value)
    return text if name.endswith("_id") and UUID.match(text) else mask(text)


def shorten_exception(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The class of an exception, where it came from, and what the database called it."""
    info = event.pop("exc_info", None)
    record = event.get("_record")
    info = info or (record.exc_info if record else None)
    if info is True:
        info = sys.exc_info()
    error = info if isinstance(info, BaseException) else info[1] if info else None
    if error is None:
        return event
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    places = " < ".join(
        f"{'/'.join(frame.filename.split('/')[-2:])}:{frame.lineno}:{frame.name}"
        for frame in reversed(frames)
    )
    event["exception"] = f"{type(error).__module__}.{type(error).__qualname__} at {places}"
    cause: Any = error.__cause__ or error
    if diagnosis := getattr(cause, "diag", None):
        event["sqlstate"], event["constraint"] = diagnosis.sqlstate, diagnosis.constraint_name
    return event


def name_route_not_path(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Django's own lines about a request end with its path; keep the words, name the route."""
    record: logging.LogRecord | None = event.get("_record")
    if record is None or not record.name.startswith(("django.request", "django.security", "csp")):
        return event
    # django.request logs "%s: %s" with the reason phrase and the path.
    reason = record.args[0] if isinstance(record.args, tuple) and record.args else ""
    event["event"] = f"{record.name} {reason}" if record.name == "django.request" else record.name
    request = getattr(record, "request", None)
    match = getattr(request, "resolver_match", None)
    event["route"] = match.route if match else None
    event["status"] = getattr(record, "status_code", None)
    return event


SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure(*, level: str = "INFO", json: bool = True) -> None:
    """Send structlog and the standard library's logging through the same fences to stderr."""
    renderer: Processor = (
        structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
    )
    fences: list[Processor] = [
        name_route_not_path,
        shorten_exception,
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        keep_known_fields,
        mask_values,
        renderer,
    ]
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "fenced": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": SHARED,
                    "processors": fences,
                }
            },
            "handlers": {
                "stderr": {"class": "logging.StreamHandler", "formatter": "fenced"},
            },
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {
                "django": {"handlers": [], "propagate": True},
                # The pool's warnings print the connection error; the 503 is logged anyway.
                "psycopg.pool": {"level": "ERROR"},
                "urllib3": {"level": "WARNING"},
                "celery.worker.strategy": {"level": "WARNING"},
                "celery.app.trace": {"level": "WARNING"},
            },
        }
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
