"""Pages that anybody may read: the front page, services and what they ask for, notices."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from services.models import Service
from services.resident import protocol
from services.resident.forms import FindForm


def home(request: HttpRequest) -> HttpResponse:
    services = list(Service.objects.filter(active=True))
    context = {
        "main": services[0] if services else None,
        "others": services[1:],
        "protocol": protocol.strictest_in_force(),
        "find_form": FindForm(),
    }
    return render(request, "resident/home.html", context)


def services(request: HttpRequest) -> HttpResponse:
    return render(
        request, "resident/services.html", {"services": Service.objects.filter(active=True)}
    )


def service(request: HttpRequest, service: str) -> HttpResponse:
    """The six parts of a service that its public may expect (UU 25/2009)."""
    shown = get_object_or_404(Service, active=True, slug=service)
    return render(request, "resident/service.html", {"service": shown})


def privacy(request: HttpRequest) -> HttpResponse:
    days = settings.RETENTION_DAYS
    return render(request, "resident/privacy.html", {"retention_days": days})


def accessibility(request: HttpRequest) -> HttpResponse:
    return render(request, "resident/accessibility.html")


def complaints(request: HttpRequest) -> HttpResponse:
    return render(request, "resident/complaints.html")
