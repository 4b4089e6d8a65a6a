"""Strict fields: each takes the one JSON type it says, and never echoes what came in.

The framework's own fields turn numbers into text and text into numbers, read Arabic-Indic digits
and repeat the input in their messages (docs/decisions.md). SENTENCES has their codes.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from typing import Any, ClassVar, NoReturn

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from services.identity import clean_nik_field
from services.refusals import FieldRefusal, Text

SENTENCES: dict[str, Text] = {
    "required": _("Bidang ini harus diisi."),
    "null": _("Bidang ini harus diisi."),
    "blank": _("Bidang ini harus diisi."),
    "invalid": _("Isi bidang ini tidak sah."),
    "max_length": _("Isi bidang ini terlalu panjang."),
    "min_value": _("Angka ini terlalu kecil."),
    "max_value": _("Angka ini terlalu besar."),
    "invalid_choice": _("Pilihan ini tidak ada."),
    "does_not_exist": _("Pilihan ini tidak ada."),
    "duplicate": _("Isi bidang ini ganda."),
    "null_characters_not_allowed": _("Karakter kosong tidak diperbolehkan."),
    "surrogate_characters_not_allowed": _("Isi bidang ini memuat karakter yang tidak sah."),
    "invalid_characters": _("Isi bidang ini memuat karakter yang tidak sah."),
}
LARGEST_ID = 2**63 - 1
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
DIGITS = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
SLUG = re.compile(r"[-a-zA-Z0-9_]{1,60}", re.ASCII)
DECIMAL = re.compile(r"[0-9]{1,3}([.,][0-9])?", re.ASCII)


class Strict:
    """What strict fields share: our sentences for the framework's codes too."""

    default_error_messages: ClassVar[dict[str, Any]] = SENTENCES

    def refuse(self, code: str) -> NoReturn:
        raise serializers.ValidationError(str(SENTENCES[code]), code=code)


class StrictText(Strict, serializers.CharField):
    """A line of text. Control, invisible, private and unassigned characters are refused.

    They have no place in a name or a reason: line ends end up in mail headers, direction marks
    turn a page around.
    """

    def __init__(self, *, max_length: int, **options: Any) -> None:
        super().__init__(max_length=None, **options)
        self.most = max_length

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.refuse("invalid")
        if len(data) > self.most:
            self.refuse("max_length")
        if bad := text_problem(data):
            self.refuse(bad)
        text = data.strip()
        if not text and not self.allow_blank:
            self.refuse("blank")
        return text

    run_validation = serializers.Field.run_validation


class Secret(Strict, serializers.CharField):
    """A password: taken as it is, whatever characters it has, but for those no database holds."""

    def __init__(self, *, max_length: int, **options: Any) -> None:
        super().__init__(max_length=None, trim_whitespace=False, **options)
        self.most = max_length

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.refuse("invalid")
        if len(data) > self.most:
            self.refuse("max_length")
        if not data:
            self.refuse("blank")
        if (bad := text_problem(data)) and bad != "invalid_characters":
            self.refuse(bad)
        return data

    run_validation = serializers.Field.run_validation


def text_problem(text: str) -> str | None:
    """The code of what must not stand in a line of text, or None."""
    for character in text:
        category = unicodedata.category(character)
        if character == "\x00":
            return "null_characters_not_allowed"
        if category == "Cs":
            return "surrogate_characters_not_allowed"
        if category in ("Cc", "Cf", "Co", "Cn", "Zl", "Zp"):
            return "invalid_characters"
    return None


class StrictSlug(Strict, serializers.CharField):
    """A name as it stands in an address: ASCII letters, digits, hyphens, underscores."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or not SLUG.fullmatch(data):
            self.refuse("invalid")
        return data

    run_validation = serializers.Field.run_validation


class StrictInteger(Strict, serializers.IntegerField):
    """A whole number as JSON has it: no true, no 1.0, no "1"."""

    def __init__(self, *, least: int = 1, most: int = LARGEST_ID, **options: Any) -> None:
        super().__init__(**options)
        self.least, self.most = least, most

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.refuse("invalid")
        if data < self.least:
            self.refuse("min_value")
        if data > self.most:
            self.refuse("max_value")
        return data


class StrictBoolean(Strict, serializers.BooleanField):
    """true or false; not 1, not "yes"."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.refuse("invalid")
        return data


class MustBeTrue(serializers.BooleanField):
    """A tick without which nothing goes on; whatever isn't true gets the same `code`."""

    def __init__(self, *, code: str, message: Text, **options: Any) -> None:
        super().__init__(**options)
        self.code, self.message = code, message

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data is not True:
            raise serializers.ValidationError(str(self.message), code=self.code)
        return True


class StrictDate(Strict, serializers.DateField):
    """YYYY-MM-DD in ASCII digits."""

    def to_internal_value(self, value: Any) -> date:
        if not isinstance(value, str) or not DATE.fullmatch(value):
            self.refuse("invalid")
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.refuse("invalid")


class StrictTime(Strict, serializers.TimeField):
    """HH:MM, 00:00 to 23:59."""

    def to_internal_value(self, value: Any) -> time:
        if not isinstance(value, str) or not TIME.fullmatch(value):
            self.refuse("invalid")
        return time.fromisoformat(value)


class StrictDecimal(Strict, serializers.DecimalField):
    """A figure off a device with one decimal: a number, or text with dot or comma ("37,2")."""

    def __init__(self, *, least: Decimal, most: Decimal, **options: Any) -> None:
        super().__init__(max_digits=4, decimal_places=1, **options)
        self.least, self.most = least, most

    # The library takes blanks for "nothing".
    validate_empty_values = serializers.Field.validate_empty_values

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool) or not isinstance(data, int | float | str):
            self.refuse("invalid")
        text = str(data)
        if not DECIMAL.fullmatch(text):
            self.refuse("invalid")
        number = Decimal(text.replace(",", "."))
        if number < self.least:
            self.refuse("min_value")
        if number > self.most:
            self.refuse("max_value")
        return number


class StrictChoice(Strict, serializers.ChoiceField):
    """One of a fixed list of words."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or data not in self.choices:
            self.refuse("invalid_choice")
        return data


class StrictList(Strict, serializers.ListField):
    """At most `most` values, none of them twice. The length is looked at before the values."""

    def __init__(self, *, most: int, **options: Any) -> None:
        super().__init__(**options)
        self.most = most

    def to_internal_value(self, data: Any) -> list[Any]:
        if not isinstance(data, list):
            self.refuse("invalid")
        if len(data) > self.most:
            self.refuse("max_length")
        values = super().to_internal_value(data)
        if len(set(values)) < len(values):
            self.refuse("duplicate")
        return values


class Cleaned(Strict, serializers.CharField):
    """Text that a `clean_…` function of services/identity.py turns into what is stored."""

    def __init__(self, clean: Callable[[str], str], *, most: int, **options: Any) -> None:
        super().__init__(**options)
        self.clean, self.most = clean, most

    run_validation = serializers.Field.run_validation

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.refuse("invalid")
        if len(data) > self.most:
            self.refuse("max_length")
        if bad := text_problem(data):
            self.refuse(bad)
        return self.cleaned(data)

    def cleaned(self, text: str) -> str:
        try:
            return self.clean(text)
        except FieldRefusal as refusal:
            raise serializers.ValidationError(str(refusal.message), code=refusal.code) from None


class NikField(Cleaned):
    """Sixteen digits; whatever isn't, of any type, is an `invalid_nik`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(clean_nik_field, most=64, **options)

    def to_internal_value(self, data: Any) -> str:
        short = isinstance(data, str) and len(data) <= self.most
        return self.cleaned(data if short else "")
