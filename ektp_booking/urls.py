"""Every address of the site. Indonesian stands at `/…`, English at `/en/…`."""

from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.http import Http404
from django.urls import include, path, re_path

from ektp_booking import errors
from services import gateway_news, staff

urlpatterns = [
    path("api/v1/", include("services.api.urls")),
    path("kabar/<slug:gateway>/", gateway_news.news, name="gateway_news"),
    *i18n_patterns(
        # "View on site": nothing here has such a page, and Django's own fails on ids of UUIDs.
        re_path(r"^admin/r/", errors.page_not_found, {"exception": Http404()}),
        path("admin/", admin.site.urls),
        path("akun/", include("allauth.urls")),
        path("loket/", include("services.counter.urls")),
        path("petugas/", staff.home, name="staff_home"),
        path("petugas/tanpa-tugas/", staff.nothing_assigned, name="staff_nothing"),
        path("pengawas/", include("services.supervisor.urls")),
        path("pesan/", include("services.office.urls")),
        path("telepon/", include("services.office.call_urls")),
        path("", include("services.resident.urls")),
        prefix_default_language=False,
    ),
]

if settings.DEMO:
    demo = i18n_patterns(
        path("demo/", include("notifications.urls")), prefix_default_language=False
    )
    urlpatterns = [*demo, *urlpatterns]

handler400 = "ektp_booking.errors.bad_request"
handler403 = "ektp_booking.errors.permission_denied"
handler404 = "ektp_booking.errors.page_not_found"
handler500 = "ektp_booking.errors.server_error"
