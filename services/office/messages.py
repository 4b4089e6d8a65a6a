"""The messages of a day, what waits, and the gateways they go through."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.contrib import messages as notes
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from notifications import breaker
from notifications.gateways import configured
from notifications.models import Gateway
from services.office.access import may_change_what_all_share, only_for_all, places_of
from services.office.forms import CodeForm, DayForm
from services.office.numbers import GROUPS, backlog, numbers_of
from services.office.words import GROUPS as GROUP_WORDS
from services.office.words import of_channel
from services.staff import signed_in, staff_page

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class GatewayNow:
    """A gateway that is connected, and how it fares."""

    name: str
    channel: object
    row: Gateway | None
    rests_until: datetime | None

    @property
    def paused(self) -> bool:
        return self.row is not None and self.row.paused_at is not None


def gateways_now() -> list[GatewayNow]:
    """The gateways that are connected; one statement."""
    rows = Gateway.objects.select_related("paused_by").in_bulk()
    now = timezone.now()
    found = []
    for name, gateway in configured().items():
        row = rows.get(name)
        until = row.open_until if row and row.open_until and row.open_until > now else None
        found.append(GatewayNow(name, of_channel(gateway.channel), row, until))
    return found


@staff_page
def day(request: HttpRequest) -> HttpResponse:
    """What was to go out on one day, by kind, channel and state; gateways; the search."""
    places_of(request)
    form = DayForm(request.GET)
    ok = form.is_valid()
    shown = form.cleaned_data["hari"] if ok else timezone.localdate()
    waiting, oldest = backlog()
    context = {
        "form": form,
        "shown": numbers_of(shown),
        "groups": [(name, GROUP_WORDS[name], look) for name, look, _states in GROUPS],
        "yesterday": shown - timedelta(days=1),
        "tomorrow": shown + timedelta(days=1),
        "waiting": waiting,
        "oldest": oldest,
        "gateways": gateways_now(),
        "may_change": may_change_what_all_share(signed_in(request)),
        "search": CodeForm(),
        "demo": settings.DEMO,
    }
    return render(request, "office/day.html", context, status=200 if ok else 400)


@staff_page
@require_POST
def gateway(request: HttpRequest, name: str) -> HttpResponse:
    """Pause a gateway, or let it go on (`lakukan` = jeda | lanjutkan)."""
    staff = only_for_all(request)
    if name not in configured():
        raise Http404
    said_to_do = request.POST.get("lakukan")
    if said_to_do not in ("jeda", "lanjutkan"):
        return HttpResponse(_("Tidak ada yang diubah: pilih Jeda atau Lanjutkan."), status=400)
    if said_to_do == "lanjutkan":
        done = breaker.resume(name)
        said = _("Gateway %(name)s berjalan lagi. Pesan yang menunggu segera dikirim.")
    else:
        breaker.conditions([name])  # its row, where nothing has gone through it yet
        done = breaker.pause(name, "by_staff", by=staff)
        said = _("Gateway %(name)s dijeda. Pesannya menunggu, tidak ada yang hilang.")
    if done:
        log.info("gateway changed by staff", gateway=name, state=said_to_do, staff_id=staff.pk)
        notes.success(request, said % {"name": name})
    return redirect("office:day")
