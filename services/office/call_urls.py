"""Addresses of the call list."""

from django.urls import path

from services.office import calls

app_name = "calls"
urlpatterns = [
    path("", calls.call_list, name="list"),
    path("ambil/", calls.take, name="take"),
    path("<uuid:call>/", calls.one, name="one"),
    path("<uuid:call>/hasil/", calls.result, name="result"),
]
