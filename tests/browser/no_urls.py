"""No addresses: pages of the stub server stand alone."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
