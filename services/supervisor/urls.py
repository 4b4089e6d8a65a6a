"""Addresses of the supervisor's pages. Selections and reasons are posted, never in an address."""

from django.urls import path

from services.supervisor import closing, oversight, views

app_name = "supervisor"
urlpatterns = [
    path("", oversight.places, name="places"),
    path("cakupan/", oversight.coverage, name="coverage"),
    path("<slug:location>/minggu/", views.week, name="week"),
    path("<slug:location>/kuota/", views.preview, name="preview"),
    path("<slug:location>/kuota/simpan/", views.apply, name="apply"),
    path("<slug:location>/melebihi/", views.over, name="over"),
    path("<slug:location>/protokol/", oversight.protocol, name="protocol"),
    path("<slug:location>/penutupan/", closing.closures, name="closures"),
    path("<slug:location>/penutupan/<int:closure>/", closing.confirm, name="confirm_holiday"),
]
