"""What a supervisor chooses and fills in. The rules are those of services/capacity.py."""

from collections.abc import Sequence
from datetime import date, time, timedelta
from typing import Any

from django import forms
from django.utils.formats import time_format
from django.utils.translation import gettext_lazy as _

from locations.models import HealthProtocol
from services.capacity import REASON_MAX, SLOTS_MAX
from services.refusals import FieldRefusal

#: Days of a rule: what stands in the address → ISO weekdays.
DAYS: dict[str, tuple[int, ...]] = {
    "1-4": (1, 2, 3, 4),
    "1-5": (1, 2, 3, 4, 5),
    "1": (1,),
    "2": (2,),
    "3": (3,),
    "4": (4,),
    "5": (5,),
    "6": (6,),
    "7": (7,),
}
DAY_WORDS = [
    ("1-5", _("Senin–Jumat")),
    ("1-4", _("Senin–Kamis")),
    ("1", _("Senin")),
    ("2", _("Selasa")),
    ("3", _("Rabu")),
    ("4", _("Kamis")),
    ("5", _("Jumat")),
    ("6", _("Sabtu")),
    ("7", _("Minggu")),
]
#: How far ahead a rule may reach from the week that is shown.
RULE_REACHES = timedelta(days=366)


#: The fields stand beside the grid, and the form around neither: HTML ties them by its id.
FORM_ID = "ubah"


def _input(size: str = "", form: str = "") -> dict[str, str]:
    attributes = {"class": f"input {size}".strip()}
    return {**attributes, "form": form} if form else attributes


class RuleForm(forms.Form):
    """Choose slots by a rule: which days, from when until when, up to which date."""

    hari = forms.ChoiceField(label=_("Hari"), choices=DAY_WORDS)
    dari = forms.TimeField(label=_("Dari"))
    sampai = forms.TimeField(label=_("Sampai"))
    hingga = forms.DateField(label=_("Berlaku sampai"))

    def __init__(
        self, *args: Any, starts: Sequence[time], ends: Sequence[time], monday: date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.monday = monday
        widgets: dict[str, forms.Widget] = {
            "hari": forms.Select(choices=DAY_WORDS),
            "dari": forms.Select(choices=_times(starts)),
            "sampai": forms.Select(choices=_times(ends)),
            "hingga": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        }
        for name, widget in widgets.items():
            widget.attrs |= _input()
            self.fields[name].widget = widget

    @property
    def weekdays(self) -> tuple[int, ...]:
        return DAYS[self.cleaned_data["hari"]]

    def clean_hingga(self) -> date:
        until = self.cleaned_data["hingga"]
        if not self.monday <= until <= self.monday + RULE_REACHES:
            raise forms.ValidationError(_("Pilih tanggal mulai minggu ini, paling jauh setahun."))
        return until


def _times(times: Sequence[time]) -> list[tuple[str, str]]:
    return [(f"{one:%H:%M}", time_format(one, "TIME_FORMAT")) for one in times]


class ChangeForm(forms.Form):
    """A new capacity or walk-in reserve for the chosen slots, and why."""

    capacity = forms.IntegerField(
        label=_("Kuota baru per sesi"),
        required=False,
        min_value=0,
        max_value=1000,
        widget=forms.NumberInput(attrs={**_input("n4", FORM_ID), "inputmode": "numeric"}),
    )
    reserve = forms.IntegerField(
        label=_("Kuota datang langsung"),
        help_text=_("Kosongkan bila tidak berubah."),
        required=False,
        min_value=0,
        max_value=1000,
        widget=forms.NumberInput(attrs={**_input("n4", FORM_ID), "inputmode": "numeric"}),
    )
    reason = forms.CharField(
        label=_("Alasan"),
        help_text=_("Tersimpan di riwayat."),
        required=False,
        max_length=REASON_MAX,
        widget=forms.TextInput(attrs={**_input(form=FORM_ID), "autocomplete": "off"}),
    )
    others = forms.CharField(required=False, max_length=20_000, widget=forms.HiddenInput)

    def add_refusal(self, refusal: FieldRefusal) -> None:
        """Show a refusal of the verb beside its field."""
        self.add_error(refusal.attr if refusal.attr in self.fields else None, str(refusal.message))


def read_ids(typed: Sequence[str], others: str = "") -> list[int]:
    """The ids of slots from checkboxes and from a list of further ones; unreadable ones are left
    out, which the verb then refuses as a whole where nothing is left."""
    texts = [*typed, *others.split(",")][:SLOTS_MAX]
    return sorted(
        {int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 16}
    )


class ProtocolForm(forms.Form):
    """Another level of the health protocol, and why."""

    level = forms.ModelChoiceField(
        label=_("Tingkat protokol"), queryset=HealthProtocol.objects.all(), empty_label=None
    )
    reason = forms.CharField(
        label=_("Alasan"),
        help_text=_("Tersimpan di riwayat."),
        max_length=REASON_MAX,
        widget=forms.TextInput(attrs={**_input(), "autocomplete": "off"}),
    )
