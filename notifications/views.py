"""What the demo "sent", as data and as on a phone; part of the site in demo mode alone."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from . import demo
from .models import Kind

CHANNEL_NAMES = {"whatsapp": "WhatsApp", "sms": "SMS", "email": "E-mail"}


@require_safe
@never_cache
def messages_json(request: HttpRequest) -> JsonResponse:
    """A list, not an object: its shape is fixed by the contract (`sent_at` in ISO 8601, WIB)."""
    return JsonResponse(demo.latest(), safe=False)


@require_safe
@never_cache
def messages_page(request: HttpRequest) -> HttpResponse:
    sent = demo.latest()
    for message in sent:
        message["channel_name"] = CHANNEL_NAMES[message["channel"]]
        message["kind_name"] = Kind(message["kind"]).label
    return render(request, "notifications/demo.html", {"sent": sent})
