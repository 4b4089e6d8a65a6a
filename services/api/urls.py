"""Addresses of the API. What is fixed in the contract is never renamed."""

from django.urls import path, re_path

from services.api import bookings, counter, docs, places, schema, signin, supervisor
from services.api.base import Nothing

app_name = "api"

OUTCOMES = {
    "record": counter.Record,
    "not-recorded": counter.NotRecorded,
    "recall": counter.Recall,
    "park": counter.Park,
    "no-show": counter.NoShow,
    "defer": counter.Defer,
}

urlpatterns = [
    path("services/", places.Services.as_view(), name="services"),
    path("districts/", places.Districts.as_view(), name="districts"),
    path("locations/", places.Locations.as_view(), name="locations"),
    path("locations/<slug:slug>/slots/", places.Slots.as_view(), name="slots"),
    path("bookings/", bookings.Bookings.as_view(), name="bookings"),
    path("bookings/<str:code>/", bookings.OneBooking.as_view(), name="booking"),
    path("bookings/<str:code>/cancel/", bookings.Cancel.as_view(), name="cancel"),
    path("bookings/<str:code>/reschedule/", bookings.Reschedule.as_view(), name="reschedule"),
    path("auth/login/", signin.Login.as_view(), name="login"),
    path("auth/logout/", signin.Logout.as_view(), name="logout"),
    path("board/<slug:location>/", counter.Board.as_view(), name="board"),
    path("counter/<slug:location>/", counter.Day.as_view(), name="day"),
    path("counter/<slug:location>/check-in/", counter.CheckIn.as_view(), name="check-in"),
    path("counter/<slug:location>/call-next/", counter.CallNext.as_view(), name="call-next"),
    *(
        path(f"counter/<slug:location>/<str:code>/{name}/", view.as_view(), name=name)
        for name, view in OUTCOMES.items()
    ),
    path(
        "locations/<slug:slug>/capacity-changes/",
        supervisor.CapacityChanges.as_view(),
        name="capacity-changes",
    ),
    path("locations/<slug:slug>/closures/", supervisor.Closures.as_view(), name="closures"),
    path("coverage/", supervisor.Coverage.as_view(), name="coverage"),
    path("schema/", schema.Schema.as_view(), name="schema"),
    path("docs/", docs.Docs.as_view(), name="docs"),
    # So that an unknown address is answered like any other 404, and nothing is redirected.
    re_path("", Nothing.as_view(), name="nothing"),
]
