"""Addresses of the residents' pages (Indonesian words in both languages; English under /en/)."""

from django.urls import path

from services.resident import channels, genuine, information, managing, steps

app_name = "resident"
urlpatterns = [
    path("", information.home, name="home"),
    path("layanan/", information.services, name="services"),
    path("layanan/<slug:service>/", information.service, name="service"),
    path("privasi/", information.privacy, name="privacy"),
    path("aksesibilitas/", information.accessibility, name="accessibility"),
    path("pengaduan/", information.complaints, name="complaints"),
    path("pesan/<slug:service>/data-diri/", steps.identity, name="identity"),
    path("pesan/tempat/", steps.place, name="place"),
    path("pesan/waktu/<slug:location>/", steps.time, name="time"),
    path("jadwal/", managing.find, name="find"),
    path("jadwal/<slug:code>/", managing.ticket, name="ticket"),
    path("jadwal/<slug:code>/cetak/", managing.print_view, name="print"),
    path("jadwal/<slug:code>/saluran/", managing.choose_channel, name="choose_channel"),
    path("jadwal/<slug:code>/kalender.ics", managing.calendar, name="calendar"),
    path("jadwal/<slug:code>/pindah/", managing.move_place, name="move_place"),
    path("jadwal/<slug:code>/pindah/<slug:location>/", managing.move_time, name="move_time"),
    path("jadwal/<slug:code>/batal/", managing.cancel, name="cancel"),
    path("jadwal/<slug:code>/tutup/", managing.forget, name="forget"),
    path("berhenti/<slug:code>/<slug:token>/", channels.unsubscribe, name="unsubscribe"),
    path("pesan-asli/", genuine.ask, name="genuine"),
    path("m/<slug:code>/<slug:token>/", managing.manage_link, name="manage"),
    path(
        "m/<slug:code>/<slug:token>/kalender.ics",
        managing.manage_link,
        {"leads_to": "resident:calendar"},
        name="calendar_link",
    ),
]
