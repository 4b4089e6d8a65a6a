"""What is typed and ticked at the door. The rules of each answer are those of screening.py."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from services.refusals import FieldRefusal
from services.screening import MISSING, Asks, clean_temperature

YES, NO = "ya", "tidak"


class ScreeningForm(forms.Form):
    """The answers that the protocol asks for; what it does not ask is not on the form.

    `answers()` are keyword arguments of `visit.check_in`. Nothing is ticked beforehand but the
    companions that were announced: an answer that nobody gave must not look like one.
    """

    code = forms.CharField(max_length=400, widget=forms.HiddenInput)
    temperature_c = forms.CharField(max_length=20, required=False)
    mask = forms.ChoiceField(choices=[(YES, _("Dipakai")), (NO, _("Tidak"))], required=False)
    symptoms = forms.ChoiceField(choices=[(NO, _("Tidak")), (YES, _("Ya"))], required=False)
    companions = forms.TypedChoiceField(
        choices=[(0, "0"), (1, "1"), (2, "2")], coerce=int, empty_value=None, required=False
    )

    def __init__(self, *args: Any, asks: Asks, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = {"temperature_c": asks.temperature, "mask": asks.mask, "symptoms": asks.symptoms}
        for name, wanted in asked.items():
            if wanted:
                self.fields[name].required = True
                self.fields[name].error_messages["required"] = MISSING[name]
            else:
                del self.fields[name]

    def clean_temperature_c(self) -> Decimal | None:
        try:
            return clean_temperature(self.cleaned_data["temperature_c"])
        except FieldRefusal as refusal:
            raise forms.ValidationError(str(refusal.message), code=refusal.code) from None

    def answers(self) -> dict[str, Any]:
        given = self.cleaned_data
        return {
            "temperature_c": given.get("temperature_c"),
            "mask": _yes(given.get("mask")),
            "symptoms": _yes(given.get("symptoms")),
            "companions": given.get("companions"),
        }

    def add_refusal(self, refusal: FieldRefusal) -> None:
        """Show a refusal of the verb beside its field."""
        self.add_error(refusal.attr if refusal.attr in self.fields else None, str(refusal.message))


def _yes(answer: str | None) -> bool | None:
    return None if not answer else answer == YES
