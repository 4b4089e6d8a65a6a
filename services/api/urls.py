"""Addresses of the API. What is fixed in the contract is never renamed."""

from django.urls import path, re_path

from services.api import bookings, places
from services.api.base import Nothing

app_name = "api"
urlpatterns = [
    path("services/", places.Services.as_view(), name="services"),
    path("districts/", places.Districts.as_view(), name="districts"),
    path("locations/", places.Locations.as_view(), name="locations"),
    path("locations/<slug:slug>/slots/", places.Slots.as_view(), name="slots"),
    path("bookings/", bookings.Bookings.as_view(), name="bookings"),
    path("bookings/<str:code>/", bookings.OneBooking.as_view(), name="booking"),
    path("bookings/<str:code>/cancel/", bookings.Cancel.as_view(), name="cancel"),
    path("bookings/<str:code>/reschedule/", bookings.Reschedule.as_view(), name="reschedule"),
    # So that an unknown address is answered like any other 404, and nothing is redirected.
    re_path("", Nothing.as_view(), name="nothing"),
]
