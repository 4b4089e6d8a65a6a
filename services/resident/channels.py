"""Which channels reach a person, and switching them off and on: on the ticket, or from an e-mail.

What each person said is a row of notifications.Consent; the newest one counts.
"""

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from notifications import consents
from notifications.gateways import configured
from notifications.models import Consent
from services import limits
from services.codes import read_code
from services.describing import addresses_of, agreed_to
from services.models import Booking
from services.resident.pages import personal
from services.resident.ticket import masked
from services.tokens import unsubscribe_token_opens

#: Names the words of the ticket's section and of the page behind an e-mail's link; a new number
#: when they come to promise something else.
WORDS_VERSION = "1"
NAMES: dict[str, str | Promise] = {
    "whatsapp": "WhatsApp",
    "sms": "SMS",
    "email": _("Surel"),
    "telegram": "Telegram",
}


@dataclass(frozen=True)
class Channel:
    """One way to reach somebody; `shown` is the address, masked."""

    slug: str
    shown: str
    wanted: bool

    @property
    def name(self) -> str:
        return str(NAMES[self.slug])


def channels_of(booking: Booking) -> list[Channel]:
    """Those that are connected and have an address, the first choice first; one statement.

    Without those where staff found somebody else: nobody can turn a stranger's phone on again.
    """
    addresses = addresses_of(booking)
    connected = dict.fromkeys(gateway.channel for gateway in configured().values())
    usable = [channel for channel in connected if channel in addresses]
    said = consents.wanted([booking.pk]).get(booking.pk, {}) if usable else {}
    return [
        Channel(slug, masked(addresses[slug]), consents.is_wanted(slug, said, agreed_to(booking)))
        for slug in usable
        if not (slug in said and said[slug].wrong)
    ]


@csrf_exempt  # the token in the address is the leave; providers of mail post without a cookie
@require_http_methods(["GET", "HEAD", "POST"])
@personal
def unsubscribe(request: HttpRequest, code: str, token: str) -> HttpResponse:
    """The link of an e-mail: asks, and a POST ends e-mails (RFC 8058). Again: the same page.

    A GET changes nothing, since programs that look for harm follow links in e-mails.
    """
    limits.take(limits.Use("read", limits.address_of(request)))
    booking = Booking.objects.filter(code=read_code(code), erased_at=None).first()
    if booking is None or not unsubscribe_token_opens(token, booking.pk, booking.token_version):
        raise Http404
    if request.method == "POST":
        say(booking, "email", False, Consent.Source.LINK)
    said = consents.wanted([booking.pk]).get(booking.pk, {})
    context = {
        "stopped": not consents.is_wanted("email", said),
        "code": booking.shown_code,
        "shown": masked(booking.email) if booking.email else "",
    }
    response = render(request, "resident/unsubscribe.html", context)
    response["Referrer-Policy"] = "no-referrer"  # the address holds the token
    return response


def say(booking: Booking, channel: str, wanted: bool, source: str) -> None:
    """Note what somebody wants; nothing where it is so already."""
    subject = booking.pk
    said = consents.wanted([subject]).get(subject, {})
    wrong = channel in said and said[channel].wrong
    if not wrong and consents.is_wanted(channel, said, agreed_to(booking)) != wanted:
        consents.note(subject, channel, wanted, source=source, text_version=WORDS_VERSION)
