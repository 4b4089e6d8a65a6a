"""What the pages about texts show: figures, a preview, versions, and what differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from notifications import sms, text_versions, texts, wording_rules
from notifications.models import Kind, Text
from notifications.text_versions import Which
from notifications.texts import Wording
from notifications.wording_rules import DRAFT, NOTHING, PUBLISH, Draft, Problem
from services.office.examples import Examples

# The part of an address for words that go by every channel without words of its own.
EVERY = "umum"


@dataclass(frozen=True)
class Figures:
    """How long a text is with certain values; `parts` of an SMS, None where none is sent."""

    text: str
    letters: int
    parts: int | None

    @property
    def is_too_long(self) -> bool:
        if self.parts is None:
            return self.letters > wording_rules.WHATSAPP_LETTERS
        return self.parts > sms.MAX_PARTS


@dataclass(frozen=True)
class Cell:
    """One text in the list: what is in force, and the draft beside it."""

    which: Which
    address: tuple[str, str, str]
    wording: Wording | None
    draft: Text | None
    figures: Figures | None


@dataclass(frozen=True)
class Row:
    kind: str
    name: str
    cells: list[Cell]


def address_of(which: Which) -> tuple[str, str, str]:
    return which.kind, which.language, which.channel or EVERY


def rows(examples: dict[str, Examples]) -> list[Row]:
    """Every kind with its four texts; one statement."""
    by_place: dict[tuple[str, str, str], list[Text]] = {}
    for text in Text.objects.exclude(state=Text.State.REPLACED).order_by("-version"):
        by_place.setdefault((text.kind, text.language, text.channel), []).append(text)
    return [
        Row(
            kind.value,
            str(kind.label),
            [
                _cell(
                    Which(kind.value, language, channel.value),
                    by_place.get((kind.value, language, channel.value), []),
                    examples[language],
                )
                for language in texts.LANGUAGES
                for channel in Text.Channel
            ],
        )
        for kind in Kind
    ]


def _cell(which: Which, found: list[Text], examples: Examples) -> Cell:
    wording = text_versions.in_force(which, found)
    shown = figures(draft_for(which, wording.wording, "", examples)) if wording else None
    return Cell(which, address_of(which), wording, text_versions.draft_of(found), shown)


def draft_for(which: Which, wording: str, subject: str, examples: Examples) -> Draft:
    return Draft(
        kind=which.kind,
        language=which.language,
        channel=which.channel,
        wording=wording,
        subject=subject,
        longest=examples.longest,
    )


def figures(draft: Draft, values: dict[str, str] | None = None) -> Figures:
    """With the longest values, or those given; as it would go out."""
    text = wording_rules.filled(draft, values)
    if draft.channel == Text.Channel.WHATSAPP:
        return Figures(text, len(text), None)
    if sms.parts(text) > sms.MAX_PARTS:
        text = wording_rules.filled(draft, values, bring_at_link=True)
    return Figures(text, sms.length(text), sms.parts(text))


@dataclass(frozen=True)
class Look:
    """What somebody sees before publishing: problems, the phone, lengths, what differs."""

    problems: list[Problem]
    typical: Figures
    longest: Figures
    differences: list[tuple[str, str]] = field(default_factory=list)

    @property
    def stopping(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.stops in (DRAFT, PUBLISH)]

    @property
    def warning(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.stops == NOTHING]


def look(draft: Draft, examples: Examples, in_force: Wording | None) -> Look:
    return Look(
        problems=wording_rules.problems(draft),
        typical=figures(draft, examples.typical),
        longest=figures(draft),
        differences=differences(in_force.wording, draft.wording) if in_force else [],
    )


def differences(old: str, new: str) -> list[tuple[str, str]]:
    """Word by word: ("same" | "gone" | "new", words); empty where nothing differs."""
    before, after = old.split(" "), new.split(" ")
    if before == after:
        return []
    found: list[tuple[str, str]] = []
    for what, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "equal":
            found.append(("same", " ".join(before[i:j])))
            continue
        found += [("gone", " ".join(before[i:j]))] if j > i else []
        found += [("new", " ".join(after[k:m]))] if m > k else []
    return found


def to_begin_with(which: Which, found: Sequence[Text]) -> tuple[str, str]:
    """Words and subject that the form opens with: the draft, what is in force, what is shipped."""
    start = text_versions.draft_of(found) or text_versions.in_force(which, found)
    if start is None:
        start = texts.shipped(which.kind, which.language)
    return start.wording, "" if which.is_whatsapp else start.subject
