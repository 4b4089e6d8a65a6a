"""Addresses of the counter's pages. A code may stand in one; a NIK, a name or a search never."""

from django.urls import path

from services.counter import views

app_name = "counter"
urlpatterns = [
    path("", views.places, name="places"),
    path("<slug:location>/", views.desk, name="desk"),
    path("<slug:location>/cari/", views.find, name="find"),
    path("<slug:location>/masuk/", views.check_in, name="check_in"),
    path("<slug:location>/meja/", views.choose_counter, name="choose_counter"),
    path("<slug:location>/panggil/", views.call_next, name="call_next"),
    path("<slug:location>/antrean/", views.queue, name="queue"),
    path("<slug:location>/<slug:code>/<slug:step>/", views.act, name="act"),
]
