"""Only in demo mode: ektp_booking/urls.py leaves these out otherwise."""

from django.urls import path

from . import views

app_name = "notifications"
urlpatterns = [
    path("messages.json", views.messages_json, name="demo_messages"),
    path("", views.messages_page, name="demo"),
]
