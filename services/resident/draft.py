"""What somebody has typed before there is a booking: one sealed value in the database session.

Nothing personal lies open in the session table, and after an hour the draft no longer opens. The
session also remembers what it has booked, so that a second tap, a lost answer or the Back button
lead to the ticket and never to "already booked".
"""

import base64
import hashlib
import json
import secrets
import time
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from django.contrib.sessions.backends.base import SessionBase

from notifications.personal_data import CannotOpen, mask, open_sealed, seal
from services.identity import Guardian, Person

LASTS_SECONDS = 60 * 60
DRAFT, ATTEMPT, MADE = "draft", "attempt", "made"


@dataclass(frozen=True)
class Draft:
    """A person and the service they want (its slug)."""

    service: str
    person: Person

    @property
    def masked_nik(self) -> str:
        return mask(self.person.nik)


def save(session: SessionBase, draft: Draft) -> None:
    row = uuid4()
    sealed = seal(_to_text(draft), table="session", column=DRAFT, row=row)
    session[DRAFT] = {
        "sealed": base64.b64encode(sealed).decode(),
        "row": row.hex,
        "until": int(time.time()) + LASTS_SECONDS,
    }
    session.setdefault(ATTEMPT, secrets.token_urlsafe(16))
    session.pop(MADE, None)


def load(session: SessionBase) -> Draft | None:
    """The draft of this session, or None where there is none, or it is older than an hour."""
    kept = session.get(DRAFT)
    if not kept or kept["until"] < time.time():
        return None
    try:
        text = open_sealed(
            base64.b64decode(kept["sealed"]), table="session", column=DRAFT, row=UUID(kept["row"])
        )
    except CannotOpen:  # the key has been changed since
        return None
    return _from_text(text)


def has_expired(session: SessionBase) -> bool:
    kept = session.get(DRAFT)
    return kept is not None and kept["until"] < time.time()


def idempotency_key(session: SessionBase, draft: Draft) -> str:
    """The same for every try of this session to book this service for this person."""
    parts = [session[ATTEMPT], draft.service, draft.person.nik]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def start_over(session: SessionBase) -> None:
    """Make later tries new ones: what an earlier one made has been cancelled or has ended."""
    session[ATTEMPT] = secrets.token_urlsafe(16)


def made(session: SessionBase, booking_id: UUID) -> None:
    """The draft has become a booking: forget what was typed, remember which booking it is."""
    session.pop(DRAFT, None)
    session[MADE] = booking_id.hex


def made_booking(session: SessionBase) -> UUID | None:
    """The booking this session made last."""
    return UUID(session[MADE]) if MADE in session else None


def forget(session: SessionBase) -> None:
    for key in (DRAFT, ATTEMPT, MADE):
        session.pop(key, None)


def _to_text(draft: Draft) -> str:
    return json.dumps([draft.service, asdict(draft.person)], default=date.isoformat)


def _from_text(text: str) -> Draft:
    service, kept = json.loads(text)
    fields: dict[str, Any] = {
        **kept,
        "birth_date": date.fromisoformat(kept["birth_date"]),
        "guardian": Guardian(**kept["guardian"]) if kept["guardian"] else None,
        "support": tuple(kept["support"]),
    }
    return Draft(service=service, person=Person(**fields))
