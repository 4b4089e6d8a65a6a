"""Drafts, publishing, going back, and what Meta says: who may overwrite what."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from notifications import text_versions as versions
from notifications import texts
from notifications.in_force import published
from notifications.models import Text
from notifications.text_versions import NotPossible, TextChanged, TextRefused, Which
from tests import factories
from tests.racing import race

from .test_texts import LONG, LONG_BY_LANGUAGE

pytestmark = pytest.mark.django_db

SMS = Which("confirmed", "id", "")
WHATSAPP = Which("confirmed", "id", "whatsapp")
LONGEST = LONG | LONG_BY_LANGUAGE["id"]
GOOD = texts.shipped("confirmed", "id").wording
OTHER = GOOD.replace("Layanan ini gratis.", "Gratis.")


def write(verb: str, wording: str = OTHER, which: Which = SMS, **changes: Any) -> Text:
    given = {
        "wording": wording,
        "subject": "",
        "staff": factories.staff("kepala", "head"),
        "seen": seen(which),
        "longest": LONGEST,
    }
    text: Text = getattr(versions, verb)(which, **(given | changes))
    return text


def seen(which: Which = SMS) -> str:
    return versions.mark_of(versions.versions(which))


def approval(text: Text, said: str, **changes: Any) -> Text:
    given = {
        "version": text.version,
        "template": "confirmed_id_v1",
        "approval": said,
        "staff": factories.staff("kepala", "head"),
        "seen": seen(WHATSAPP),
        "longest": LONGEST,
    }
    return versions.set_approval(WHATSAPP, **(given | changes))


def back(version: int, which: Which = SMS) -> Text:
    return versions.go_back(
        which, version=version, staff=factories.staff("kepala", "head"), seen=seen(which)
    )


def states(which: Which = SMS) -> dict[int, str]:
    return {text.version: text.state for text in versions.versions(which)}


def in_force(which: Which = SMS) -> str:
    found = published(which.kind, which.language, which.channel)
    return found.wording if found else ""


def test_a_draft_changes_nothing_that_goes_out() -> None:
    draft = write("save_draft")
    assert (draft.version, draft.state) == (1, "draft")
    assert draft.created_by == factories.staff("kepala")
    assert in_force() == GOOD


def test_a_draft_may_be_half_done_but_not_unreadable() -> None:
    assert write("save_draft", "Halo {siapa}").wording == "Halo {siapa}"
    for unreadable in ("", "a\x00", "a\u202eb", "x" * 1025):
        with pytest.raises(TextRefused):
            write("save_draft", unreadable)


def test_saving_again_changes_the_same_draft() -> None:
    write("save_draft")
    assert write("save_draft", "Halo").version == 1
    assert states() == {1: "draft"}


def test_publishing_replaces_what_is_in_force() -> None:
    first = write("publish")
    second = write("publish", GOOD)
    assert states() == {1: "replaced", 2: "published"}
    assert first.published_at is not None and second.published_at is not None
    assert in_force() == GOOD


def test_publishing_takes_the_draft_along() -> None:
    write("save_draft", "Halo")
    write("publish")
    assert states() == {1: "published"}


def test_words_that_break_a_rule_are_not_published_and_nothing_changes() -> None:
    with pytest.raises(TextRefused) as refused:
        write("publish", "Halo {siapa}")
    assert "unknown_placeholder" in {problem.code for problem in refused.value.problems}
    assert states() == {}


def test_going_back_publishes_the_old_words_under_a_new_number() -> None:
    write("publish")
    write("publish", GOOD)
    again = back(1)
    assert (again.version, again.wording) == (3, OTHER)
    assert states() == {1: "replaced", 2: "replaced", 3: "published"}


def test_version_0_is_what_the_product_ships() -> None:
    write("publish")
    assert back(0).version == 2
    assert in_force() == GOOD


def test_there_is_no_way_back_to_a_draft_or_to_what_never_was() -> None:
    write("publish")
    write("save_draft", "Halo")
    for version in (1, 2, 9):  # in force, a draft, nothing
        with pytest.raises(NotPossible):
            back(version)


def test_who_has_not_seen_the_last_change_is_told_and_changes_nothing() -> None:
    old = seen()
    write("save_draft")
    for verb in ("save_draft", "publish"):
        with pytest.raises(TextChanged):
            write(verb, GOOD, seen=old)
    assert versions.versions(SMS)[0].wording == OTHER


@pytest.mark.django_db(transaction=True)
def test_of_two_who_publish_at_once_one_wins_and_the_other_is_told() -> None:
    staff, before = factories.staff("kepala", "head"), seen()

    def publish(number: int) -> str:
        try:
            write("publish", GOOD.replace("gratis", f"gratis {number}"), staff=staff, seen=before)
        except TextChanged:
            return "told"
        return "won"

    answers = race(4, publish)
    assert sorted(answers) == ["told", "told", "told", "won"]
    assert list(states().values()) == ["published"]


# --- WhatsApp -------------------------------------------------------------------------------------


def test_whatsapp_goes_out_only_after_asking_approval_and_publishing() -> None:
    draft = write("save_draft", which=WHATSAPP)
    with pytest.raises(NotPossible):
        write("publish", which=WHATSAPP)
    for said in ("asked", "rejected"):
        approval(draft, said)
        with pytest.raises(NotPossible):
            write("publish", which=WHATSAPP)
    approval(draft, "approved")
    assert in_force(WHATSAPP) == ""
    write("publish", which=WHATSAPP)
    assert in_force(WHATSAPP) == OTHER


def test_an_approval_never_goes_over_to_changed_words() -> None:
    approval(write("save_draft", which=WHATSAPP), "approved")
    changed = write("save_draft", GOOD, WHATSAPP)
    assert (changed.version, changed.approval, changed.template) == (2, "", "")
    with pytest.raises(NotPossible):
        write("publish", GOOD, WHATSAPP)
    assert write("publish", OTHER, WHATSAPP).version == 1  # the approved words, as they were


def test_what_meta_takes_back_is_out_of_force_at_once() -> None:
    text = approval(write("save_draft", which=WHATSAPP), "approved")
    text = write("publish", which=WHATSAPP)
    approval(text, "rejected")
    assert in_force(WHATSAPP) == ""


def test_going_back_keeps_the_template_that_meta_approved_for_those_words() -> None:
    approval(write("save_draft", which=WHATSAPP), "approved", template="first")
    write("publish", which=WHATSAPP)
    approval(write("save_draft", GOOD, WHATSAPP), "approved", template="second")
    write("publish", GOOD, WHATSAPP)
    again = back(1, WHATSAPP)
    assert (again.version, again.template, again.approval) == (3, "first", "approved")


@pytest.mark.parametrize("template", ["", "Besar", "dua kata", "a-b", "a" * 101, "a\n"])
def test_the_name_of_a_template_is_one_that_meta_knows(template: str) -> None:
    draft = write("save_draft", which=WHATSAPP)
    with pytest.raises(NotPossible):
        approval(draft, "asked", template=template)


def test_words_that_break_a_rule_are_not_sent_to_meta() -> None:
    draft = write("save_draft", "Halo", which=WHATSAPP)
    with pytest.raises(TextRefused):
        approval(draft, "asked")


def test_the_database_keeps_published_words_and_one_version_in_force() -> None:
    text = write("publish")
    for change in ({"wording": "x"}, {"state": "draft"}, {"version": 9}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Text.objects.filter(pk=text.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        Text.objects.create(
            kind="confirmed", language="id", version=8, wording="x", state="published"
        )


def test_the_history_says_who_did_what_when() -> None:
    head = factories.staff("kepala", "head")
    write("save_draft")
    write("publish")
    events = Text.pgh_event_model.objects.order_by("pgh_id")  # type: ignore[attr-defined]
    assert [event.state for event in events] == ["draft", "published"]
    assert {event.pgh_context["who"] for event in events} == {f"staff:{head.pk}"}
    assert [event.pgh_context["why"] for event in events] == ["draft saved", "published"]
