"""Addresses of the office's pages about messages. What is typed is posted, never in an address."""

from django.urls import path

from services.office import lives, messages, texts

app_name = "office"
TEXT = "teks/<slug:kind>/<slug:language>/<slug:channel>/"
urlpatterns = [
    path("", messages.day, name="day"),
    path("gateway/<slug:name>/", messages.gateway, name="gateway"),
    path("cari/", lives.search, name="search"),
    path("satu/<uuid:message>/", lives.life, name="life"),
    path("satu/<uuid:message>/ulang/", lives.send_again, name="send_again"),
    path("teks/", texts.overview, name="texts"),
    path(TEXT, texts.edit, name="text"),
    path(f"{TEXT}kembali/", texts.back, name="text_back"),
    path(f"{TEXT}persetujuan/", texts.approve, name="text_approval"),
]
