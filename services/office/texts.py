"""The texts of messages: what goes out, how long it is, and changing it with a look beforehand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from locations.models import Staff
from notifications import text_versions, texts, wording_rules
from notifications.models import Kind, Text
from notifications.text_versions import NotPossible, TextChanged, TextRefused, Which
from services.office import text_pages
from services.office.access import only_for_all
from services.office.examples import Examples, examples
from services.staff import View, staff_page

# Longer than any text: what is too long is said with the text, not cut off.
TYPED_LETTERS = 4000
NOT_POSSIBLE = {
    "not_approved": _l("Belum dapat diterbitkan: Meta belum menyetujui kata-kata ini."),
    "no_version": _l("Versi itu tidak dapat dipakai lagi."),
    "template_name": _l("Nama templat: huruf kecil, angka, dan garis bawah, diawali huruf."),
    "no_approval": _l("Pilih apa kata Meta."),
}
CHANGED = _l(
    "Belum disimpan: orang lain mengubah teks ini sejak halaman dibuka. Bandingkan, lalu simpan"
    " lagi."
)


class TextForm(forms.Form):
    """The words, the subject of an e-mail, and what was seen when the form was opened."""

    wording = forms.CharField(
        label=_l("Teks"), strip=False, required=False, max_length=TYPED_LETTERS,
        widget=forms.Textarea(attrs={"class": "input", "rows": 8, "spellcheck": "true"}),
    )  # fmt: skip
    subject = forms.CharField(
        label=_l("Judul surel"), required=False, max_length=TYPED_LETTERS,
        help_text=_l("Kosong: judul bawaan."),
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )  # fmt: skip
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=16)

    def clean_wording(self) -> str:
        return wording_rules.tidy(self.cleaned_data["wording"])


class VersionForm(forms.Form):
    """An older version to go back to, or one about which Meta has said something."""

    version = forms.IntegerField(min_value=0, max_value=2**31 - 1)
    seen = forms.CharField(max_length=16)
    template = forms.CharField(required=False, max_length=100)
    approval = forms.CharField(required=False, max_length=10)


@dataclass
class Desk:
    """Everything about one text that a request looks at."""

    staff: Staff
    which: Which
    found: list[Text]
    examples: Examples


def of_a_text(view: Callable[..., HttpResponse]) -> View:
    """A page about one text; for whom it is not meant, and for what is no text, 404."""

    @staff_page
    @wraps(view)
    def wrapped(
        request: HttpRequest, kind: str, language: str, channel: str, **kwargs: Any
    ) -> HttpResponse:
        staff = only_for_all(request)
        if (
            kind not in Kind.values
            or language not in texts.LANGUAGES
            or channel not in (text_pages.EVERY, Text.Channel.WHATSAPP)
        ):
            raise Http404
        which = Which(kind, language, "" if channel == text_pages.EVERY else channel)
        desk = Desk(staff, which, text_versions.versions(which), examples()[language])
        return view(request, desk, **kwargs)

    return wrapped


@staff_page
def overview(request: HttpRequest) -> HttpResponse:
    """All texts with what is in force and how long it is."""
    only_for_all(request)
    return render(
        request, "office/texts.html", {"rows": text_pages.rows(examples()), "may_change": True}
    )


@of_a_text
def edit(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Write, look, save, publish. A look (`lihat`) changes nothing."""
    if request.method != "POST":
        wording, subject = text_pages.to_begin_with(desk.which, desk.found)
        return _page(request, desk, wording, subject)
    form = TextForm(request.POST)
    if not form.is_valid():
        return _page(request, desk, *_typed(request), status=400, form=form)
    given = form.cleaned_data
    if request.POST.get("do") not in ("simpan", "terbitkan"):
        return _page(request, desk, given["wording"], given["subject"])
    return _write(request, desk, given["wording"], given["subject"], given["seen"])


def _write(request: HttpRequest, desk: Desk, wording: str, subject: str, seen: str) -> HttpResponse:
    publishes = request.POST["do"] == "terbitkan"
    verb = text_versions.publish if publishes else text_versions.save_draft
    try:
        text = verb(
            desk.which,
            wording=wording,
            subject="" if desk.which.is_whatsapp else subject,
            staff=desk.staff,
            seen=seen,
            longest=desk.examples.longest,
        )
    except TextRefused:
        return _page(request, desk, wording, subject, status=400, refused=True)
    except TextChanged:
        return _page(request, desk, wording, subject, status=409, error=str(CHANGED))
    except NotPossible as refusal:
        error = str(NOT_POSSIBLE[refusal.code])
        return _page(request, desk, wording, subject, status=400, error=error)
    said = (
        _("Versi %(version)s berlaku mulai sekarang.") if publishes
        else _("Draf tersimpan sebagai versi %(version)s. Yang dikirim belum berubah.")
    )  # fmt: skip
    messages.success(request, said % {"version": text.version})
    return redirect("office:text", *text_pages.address_of(desk.which))


@of_a_text
def back(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Publish an older version's words again."""
    return _with_version(request, desk, lambda given: text_versions.go_back(
        desk.which, version=given["version"], staff=desk.staff, seen=given["seen"]
    ), _("Kata-kata lama berlaku lagi, sebagai versi %(version)s."))  # fmt: skip


@of_a_text
def approve(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Note what Meta says of a version's template."""
    return _with_version(request, desk, lambda given: text_versions.set_approval(
        desk.which,
        version=given["version"],
        template=given["template"],
        approval=given["approval"],
        staff=desk.staff,
        seen=given["seen"],
        longest=desk.examples.longest,
    ), _("Keterangan dari Meta untuk versi %(version)s tercatat."))  # fmt: skip


def _with_version(
    request: HttpRequest, desk: Desk, act: Callable[[dict[str, Any]], Text], said: str
) -> HttpResponse:
    if request.method != "POST":
        return redirect("office:text", *text_pages.address_of(desk.which))
    form = VersionForm(request.POST)
    start = text_pages.to_begin_with(desk.which, desk.found)
    if not form.is_valid():
        error = str(NOT_POSSIBLE["no_version"])
        return _page(request, desk, *start, status=400, error=error)
    try:
        text = act(form.cleaned_data)
    except TextChanged:
        return _page(request, desk, *start, status=409, error=str(CHANGED))
    except TextRefused:
        return _page(request, desk, *start, status=400, refused=True)
    except NotPossible as refusal:
        error = str(NOT_POSSIBLE[refusal.code])
        return _page(request, desk, *start, status=400, error=error)
    messages.success(request, said % {"version": text.version})
    return redirect("office:text", *text_pages.address_of(desk.which))


def _typed(request: HttpRequest) -> tuple[str, str]:
    """What to show again of a form that cannot be read: without what nobody sees."""
    wording, subject = request.POST.get("wording", ""), request.POST.get("subject", "")
    return (
        texts.clean(wording)[:TYPED_LETTERS],
        texts.clean(subject)[:TYPED_LETTERS],
    )


def _page(
    request: HttpRequest,
    desk: Desk,
    wording: str,
    subject: str,
    *,
    status: int = 200,
    error: str = "",
    refused: bool = False,
    form: TextForm | None = None,
) -> HttpResponse:
    """The desk with these words. After a conflict it shows, and goes on from, what is there now."""
    found = text_versions.versions(desk.which) if status == 409 else desk.found
    in_force = text_versions.in_force(desk.which, found)
    draft = text_pages.draft_for(desk.which, wording, subject, desk.examples)
    if form is not None:
        error = str(next(iter(form.errors.values()))[0])
    seen = text_versions.mark_of(found)
    shown = TextForm(initial={"wording": wording, "subject": subject, "seen": seen})
    context = {
        "may_change": True,
        "which": desk.which,
        "address": text_pages.address_of(desk.which),
        "kind_name": Kind(desk.which.kind).label,
        "form": shown,
        "seen": seen,
        "look": text_pages.look(draft, desk.examples, in_force),
        "in_force": in_force,
        "draft": text_versions.draft_of(found),
        "versions": found,
        "placeholders": [
            (f"{{{name}}}", desk.examples.typical[name])
            for name in sorted(wording_rules.allowed(desk.which.kind))
        ],
        "required": wording_rules.REQUIRED[desk.which.kind],
        "template_body": texts.template_body(wording),
        "template_values": [desk.examples.typical.get(name, "") for name in
                            dict.fromkeys(texts.placeholders(wording))],
        "error": error,
        "refused": refused,
    }  # fmt: skip
    return render(request, "office/text.html", context, status=status)
