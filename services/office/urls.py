"""Addresses of the office's pages about messages. Codes are posted, never in an address."""

from django.urls import path

from services.office import lives, messages

app_name = "office"
urlpatterns = [
    path("", messages.day, name="day"),
    path("gateway/<slug:name>/", messages.gateway, name="gateway"),
    path("cari/", lives.search, name="search"),
    path("satu/<uuid:message>/", lives.life, name="life"),
    path("satu/<uuid:message>/ulang/", lives.send_again, name="send_again"),
]
