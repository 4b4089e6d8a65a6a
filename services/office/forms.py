"""What the office types on the pages of messages."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from services.codes import read_code

#: How far back and ahead a day may be looked at.
WINDOW = timedelta(days=366)


class DayForm(forms.Form):
    """One day; empty is today."""

    hari = forms.DateField(
        label=_("Hari"),
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date", "class": "input"}, format="%Y-%m-%d"),
        error_messages={"invalid": _("Tulis tanggal seperti 2026-11-24.")},
    )

    def clean_hari(self) -> date:
        today = timezone.localdate()
        day: date = self.cleaned_data["hari"] or today
        if abs(day - today) > WINDOW:
            raise forms.ValidationError(
                _("Pilih hari paling jauh setahun dari sekarang."), code="range"
            )
        return day


class CodeForm(forms.Form):
    """A booking code, as somebody reads it out."""

    kode = forms.CharField(
        label=_("Kode booking"),
        max_length=40,
        widget=forms.TextInput(
            attrs={"class": "input", "autocomplete": "off", "autocapitalize": "characters"}
        ),
        error_messages={"required": _("Tulis kode booking.")},
    )

    def clean_kode(self) -> Any:
        code = read_code(self.cleaned_data["kode"])
        if code is None:
            raise forms.ValidationError(
                _("Kode tidak dikenal. Periksa lagi: delapan huruf atau angka, seperti HW3P-8MT4."),
                code="invalid",
            )
        return code
