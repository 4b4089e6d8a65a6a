"""What the demo "sent", as data and as on a phone; part of the site in demo mode alone."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from . import demo


@require_safe
@never_cache
def messages_json(request: HttpRequest) -> JsonResponse:
    return JsonResponse(demo.latest(), safe=False)


@require_safe
@never_cache
def messages_page(request: HttpRequest) -> HttpResponse:
    return render(request, "notifications/demo.html", {"sent": demo.latest()})
