"""Texts that are data come in two languages; the reader gets one of them."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


def in_language(indonesian: str, english: str) -> str:
    """The text for the reader's language; Indonesian where no English was given."""
    return english if english and (get_language() or "id").startswith("en") else indonesian


def check_sentences(value: Any) -> None:
    """Pages go through such a list for every reader; something else in it would stop them all."""
    sentences = value if isinstance(value, list) else [None]
    if not all(isinstance(one, str) and one.strip() for one in sentences):
        raise ValidationError(_('Tulis daftar kalimat, seperti ["Satu.", "Dua."].'), code="invalid")
