"""Is this message genuine? What we sent for a booking, for who knows its code and phone.

Against swindlers who pose as the office (docs/domain.md section 7). Shows kinds, times and channels
alone. Nobody learns from it whether a code exists, or whether it has a phone.
"""

import hmac
from typing import NamedTuple
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from notifications.gateways import configured
from notifications.models import Attempt, Kind
from services import limits
from services.codes import read_code
from services.models import Booking
from services.resident.channels import NAMES
from services.resident.forms import digits, problems, text
from services.resident.pages import personal
from services.resident.times import moment_words

MOST = 50
#: It reached the gateway, or may have: of a sender that died nobody knows.
SENT = (Attempt.Outcome.TAKEN, Attempt.Outcome.UNKNOWN, Attempt.Outcome.LOST)


class GenuineForm(forms.Form):
    """Both together show what was sent."""

    code = forms.CharField(
        label=_("Kode pemesanan"),
        max_length=40,
        widget=text(autocomplete="off", autocapitalize="characters", spellcheck="false"),
        error_messages={"required": _("Tulis kode pemesanan, seperti HW3P-8MT4.")},
    )
    last_digits = forms.RegexField(
        r"\A[0-9]{4}\Z",
        label=_("Empat angka terakhir nomor ponsel"),
        help_text=_("Nomor yang ditulis saat memesan."),
        max_length=10,
        widget=digits("n4", autocomplete="off"),
        error_messages={
            "required": _("Tulis empat angka terakhir nomor ponsel."),
            "invalid": _("Tulis empat angka terakhir nomor ponsel."),
        },
    )


class Sent(NamedTuple):
    """One message that went out, as the page shows it."""

    kind: str
    when: str
    channel: str


class Sender(NamedTuple):
    """From where messages of one channel come; `name` is empty while the office has not said."""

    channel: str
    name: str


@personal
def ask(request: HttpRequest) -> HttpResponse:
    """The form, and what it finds. A code that is unknown and digits that are wrong get one
    answer."""
    if request.method != "POST":
        return _show(request, GenuineForm())
    form = GenuineForm(request.POST)
    if not form.is_valid():
        return _show(request, form, status=400)
    code = read_code(form.cleaned_data["code"])
    uses = [limits.Use("genuine", limits.address_of(request))]
    if code:
        uses.append(limits.Use("genuine-code", code))
    limits.take(*uses)
    booking = _of(code, form.cleaned_data["last_digits"])
    if booking is None:
        form.add_error("code", _("Kode dan angka ini tidak cocok. Periksa lagi pada bukti Anda."))
        return _show(request, form, status=404)
    limits.give_back(*uses)
    return _show(request, form, sent=sent_for(booking), code=booking.shown_code)


def sent_for(booking: Booking) -> list[Sent]:
    """What went out, the newest first, at most MOST; one statement."""
    rows = (
        Attempt.objects.filter(message__subject=booking.pk, outcome__in=SENT)
        .order_by("-ended_at")
        .values_list("message__kind", "ended_at", "channel")[:MOST]
    )
    return [
        Sent(
            str(Kind(kind).label),
            moment_words(timezone.localtime(at)),
            str(NAMES.get(channel, channel)),
        )
        for kind, at, channel in rows
    ]


def senders() -> list[Sender]:
    """The senders of the channels that are connected."""
    connected = dict.fromkeys(gateway.channel for gateway in configured().values())
    return [
        Sender(str(NAMES[channel]), settings.OFFICIAL_SENDERS.get(channel, ""))
        for channel in connected
    ]


def _of(code: str | None, last_digits: str) -> Booking | None:
    """The booking whose phone ends so."""
    booking = Booking.objects.filter(code=code, erased_at=None).first() if code else None
    phone = booking.phone if booking else ""
    return booking if hmac.compare_digest(phone[-4:].encode(), last_digits.encode()) else None


def _show(
    request: HttpRequest,
    form: GenuineForm,
    *,
    status: int = 200,
    sent: list[Sent] | None = None,
    code: str = "",
) -> HttpResponse:
    context = {
        "form": form,
        "problems": problems(form) if form.is_bound else [],
        "sent": sent,
        "code": code,
        "senders": senders(),
        "host": urlsplit(settings.SITE_URL).hostname,
    }
    return render(request, "resident/genuine.html", context, status=status)
