"""Addresses of the counter part."""

from django.urls import URLPattern, URLResolver

app_name = "counter"
urlpatterns: list[URLPattern | URLResolver] = []
