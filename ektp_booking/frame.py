"""What every page's frame needs and no view should have to give: the other language, demo mode."""

from django.conf import settings
from django.http import HttpRequest
from django.urls import translate_url
from django.utils.translation import get_language

HOME = {"id": "/", "en": "/en/"}


def frame(request: HttpRequest) -> dict[str, object]:
    """The same page in the other language, its query kept; the front page where there is none.

    Touches no database: error pages are drawn with it while the database is away.
    """
    other = "id" if get_language() == "en" else "en"
    here = request.get_full_path()
    there = translate_url(here, other)
    return {
        "other_language": other,
        "other_language_url": there if there != here else HOME[other],
        "demo": getattr(settings, "DEMO", False),
    }
