"""Texts that are data come in two languages; the reader gets one of them."""

from django.utils.translation import get_language


def in_language(indonesian: str, english: str) -> str:
    """The text for the reader's language; Indonesian where no English was given."""
    return english if english and (get_language() or "id").startswith("en") else indonesian
