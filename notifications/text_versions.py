"""What the office does with a text: keep a draft, publish, go back, note what Meta says of it.

Every verb shows what its user had before their eyes (`seen`, from `mark_of`): where somebody else
has changed the text since, it is refused and nothing is written. Changes of one text wait for one
another; the database holds besides that one version alone is in force, that a published one never
changes, and that WhatsApp's has been approved.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from django.db import connection, transaction
from django.db.models import Max
from django.db.models.functions import Now

from locations.history import note_change
from locations.models import Staff

from . import texts, wording_rules
from .models import Text
from .texts import Wording
from .wording_rules import Problem

State, Approval = Text.State, Text.Approval
TEMPLATE_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")


class TextRefused(Exception):
    """The words break a rule; `problems` says which."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("text refused")
        self.problems = list(problems)


class TextChanged(Exception):
    """Somebody else has changed this text meanwhile."""


class NotPossible(Exception):
    """This version cannot go there: not approved, or not there; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Which:
    """One text: a kind in a language, on a channel (models.Text.Channel; empty: all others)."""

    kind: str
    language: str
    channel: str

    @property
    def is_whatsapp(self) -> bool:
        return self.channel == Text.Channel.WHATSAPP


def versions(which: Which) -> list[Text]:
    """All versions, the newest first; one statement."""
    return list(
        Text.objects.filter(kind=which.kind, language=which.language, channel=which.channel)
        .select_related("created_by")
        .order_by("-version")
    )


def in_force(which: Which, found: Sequence[Text]) -> Wording | None:
    """What goes out at present, of the versions given."""
    for text in found:
        if text.state == State.PUBLISHED:
            subject = text.subject or ("" if which.is_whatsapp else _shipped(which).subject)
            return Wording(text.version, text.wording, subject, text.template)
    return None if which.is_whatsapp else _shipped(which)


def draft_of(found: Sequence[Text]) -> Text | None:
    """The draft that is worked on: the newest version, where that is one."""
    return found[0] if found and found[0].state == State.DRAFT else None


def mark_of(found: Sequence[Text]) -> str:
    """Stands for everything a person sees of a text; changes with each change."""
    seen = [
        (text.version, text.state, text.approval, text.template, text.wording, text.subject)
        for text in found
    ]
    return sha256(repr(seen).encode()).hexdigest()[:16]


@transaction.atomic
def save_draft(
    which: Which, *, wording: str, subject: str, staff: Staff, seen: str, longest: Mapping[str, str]
) -> Text:
    """Keep the words unpublished; raises TextRefused for what may not even be kept, TextChanged.

    Words that Meta has been asked about stay as they were sent there: others get a new version.
    """
    found = _held(which, seen)
    _check(which, wording, subject, longest, {wording_rules.DRAFT})
    note_change(who=f"staff:{staff.pk}", why="draft saved")
    return _draft(which, found, wording, subject, staff)


@transaction.atomic
def publish(
    which: Which, *, wording: str, subject: str, staff: Staff, seen: str, longest: Mapping[str, str]
) -> Text:
    """Put these words in force in place of those that are.

    Raises TextRefused, TextChanged; NotPossible `not_approved` for WhatsApp, where Meta has not
    approved exactly these words.
    """
    found = _held(which, seen)
    _check(which, wording, subject, longest, {wording_rules.DRAFT, wording_rules.PUBLISH})
    note_change(who=f"staff:{staff.pk}", why="published")
    if not which.is_whatsapp:
        text = _draft(which, found, wording, subject, staff)
    else:
        text = _approved(found, wording)
    _put_in_force(which, text)
    return text


@transaction.atomic
def go_back(which: Which, *, version: int, staff: Staff, seen: str) -> Text:
    """Publish the words of an older version under a new number; 0: those that the product ships.

    Old words were checked when they were published. Raises TextChanged, NotPossible `no_version`,
    `not_approved`.
    """
    found = _held(which, seen)
    old = _old(which, found, version)
    note_change(who=f"staff:{staff.pk}", why=f"back to version {version}")
    text = Text(
        **_place(which),
        version=_next_version(which),
        wording=old.wording,
        subject=old.subject,
        template=old.template,
        approval=Approval.APPROVED if which.is_whatsapp else Approval.NONE,
        state=State.DRAFT,
        created_by=staff,
    )
    text.save(force_insert=True)
    _put_in_force(which, text)
    return text


@transaction.atomic
def set_approval(
    which: Which,
    *,
    version: int,
    template: str,
    approval: str,
    staff: Staff,
    seen: str,
    longest: Mapping[str, str],
) -> Text:
    """Note what Meta says of a version under which name; rejected, one in force goes out of it.

    Raises TextChanged, TextRefused for words that should not have been sent to Meta, NotPossible
    `no_version`, `template_name`.
    """
    found = _held(which, seen)
    text = next((one for one in found if one.version == version), None)
    if text is None or not which.is_whatsapp or text.state == State.REPLACED:
        raise NotPossible("no_version")
    if not TEMPLATE_NAME.fullmatch(template):
        raise NotPossible("template_name")
    if approval not in (Approval.ASKED, Approval.APPROVED, Approval.REJECTED):
        raise NotPossible("no_approval")
    if approval != Approval.REJECTED:
        _check(which, text.wording, "", longest, {wording_rules.DRAFT, wording_rules.PUBLISH})
    note_change(who=f"staff:{staff.pk}", why=f"approval: {approval}")
    text.template, text.approval = template, approval
    if text.state == State.PUBLISHED and approval != Approval.APPROVED:
        text.state = State.REPLACED
    text.save(update_fields=["template", "approval", "state"])
    return text


def _held(which: Which, seen: str) -> list[Text]:
    """The versions, with changes of this text held off until the transaction ends."""
    with connection.cursor() as cursor:
        name = f"text:{which.kind}:{which.language}:{which.channel}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
    found = versions(which)
    if mark_of(found) != seen:
        raise TextChanged
    return found


def _check(
    which: Which, wording: str, subject: str, longest: Mapping[str, str], stopping: set[str]
) -> None:
    draft = wording_rules.Draft(**_place(which), wording=wording, subject=subject, longest=longest)
    stops = [found for found in wording_rules.problems(draft) if found.stops in stopping]
    if stops:
        raise TextRefused(stops)


def _draft(which: Which, found: Sequence[Text], wording: str, subject: str, staff: Staff) -> Text:
    draft = draft_of(found)
    if draft is not None and (draft.wording, draft.subject) == (wording, subject):
        return draft
    if draft is not None and not draft.approval:
        draft.wording, draft.subject, draft.created_by = wording, subject, staff
        draft.save(update_fields=["wording", "subject", "created_by"])
        return draft
    return Text.objects.create(
        **_place(which),
        version=_next_version(which),
        wording=wording,
        subject=subject,
        created_by=staff,
        state=State.DRAFT,
    )


def _approved(found: Sequence[Text], wording: str) -> Text:
    """The unpublished version with exactly these words that Meta has approved."""
    for text in found:
        if (text.state, text.approval, text.wording) == (State.DRAFT, Approval.APPROVED, wording):
            return text
    raise NotPossible("not_approved")


def _put_in_force(which: Which, text: Text) -> None:
    Text.objects.filter(**_place(which), state=State.PUBLISHED).update(state=State.REPLACED)
    Text.objects.filter(pk=text.pk).update(state=State.PUBLISHED, published_at=Now())
    text.refresh_from_db()


def _old(which: Which, found: Sequence[Text], version: int) -> Wording:
    if version == 0 and not which.is_whatsapp:
        return _shipped(which)
    for text in found:
        if text.version == version and text.state == State.REPLACED:
            if which.is_whatsapp and text.approval != Approval.APPROVED:
                raise NotPossible("not_approved")
            return Wording(text.version, text.wording, text.subject, text.template)
    raise NotPossible("no_version")


def _next_version(which: Which) -> int:
    newest = Text.objects.filter(**_place(which)).aggregate(newest=Max("version"))["newest"]
    return (newest or 0) + 1


def _place(which: Which) -> dict[str, str]:
    return {"kind": which.kind, "language": which.language, "channel": which.channel}


def _shipped(which: Which) -> Wording:
    return texts.shipped(which.kind, which.language)
