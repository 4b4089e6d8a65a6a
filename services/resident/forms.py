"""Small forms of residents, and what all forms share: inputs and the summary of errors."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


def text(size: str = "", **attrs: str) -> forms.TextInput:
    return forms.TextInput(attrs={"class": f"input {size}".strip(), **attrs})


def digits(size: str, **attrs: str) -> forms.TextInput:
    return text(size, inputmode="numeric", **attrs)


class FindForm(forms.Form):
    """A ticket without its link: the code and the NIK together open it."""

    code = forms.CharField(
        label=_("Kode pemesanan"),
        max_length=40,
        widget=text(autocomplete="off", autocapitalize="characters", spellcheck="false"),
        error_messages={"required": _("Tulis kode pemesanan, seperti HW3P-8MT4.")},
    )
    nik = forms.CharField(
        label=_("NIK (16 angka di KK)"),
        max_length=60,
        widget=digits("", autocomplete="off"),
        error_messages={"required": _("Tulis NIK: 16 angka di Kartu Keluarga.")},
    )


class PlaceFilter(forms.Form):
    """Which places to show, and in which order."""

    BY_DISTRICT, SOONEST = "kecamatan", "cepat"

    kecamatan = forms.ChoiceField(required=False, widget=forms.Select(attrs={"class": "input"}))
    urut = forms.ChoiceField(
        required=False,
        choices=[(BY_DISTRICT, _("Menurut kecamatan")), (SOONEST, _("Paling cepat ada tempat"))],
        widget=forms.Select(attrs={"class": "input"}),
    )

    def __init__(self, *args: Any, districts: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kecamatan"].choices = [  # type: ignore[attr-defined]
            ("", _("Semua kecamatan")),
            *districts,
        ]

    @property
    def district(self) -> str:
        return self.cleaned_data.get("kecamatan", "") if self.is_valid() else ""

    @property
    def soonest_first(self) -> bool:
        return self.is_valid() and self.cleaned_data["urut"] == self.SOONEST


class SlotForm(forms.Form):
    """The time that was tapped."""

    slot = forms.RegexField(r"\A[0-9]{1,18}\Z")

    @property
    def slot_id(self) -> int:
        return int(self.cleaned_data["slot"])


def problems(form: forms.Form) -> list[dict[str, str]]:
    """For the summary on top: each error with the field it leads to, in the order of the page."""
    found = []
    for bound in form:
        anchor = bound.id_for_label or f"{bound.auto_id}_0"
        found += [{"anchor": anchor, "text": str(error)} for error in bound.errors]
    found += [{"anchor": "isi", "text": str(error)} for error in form.non_field_errors()]
    return found
