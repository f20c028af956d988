"""Whole addresses, as clients outside see the portal."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse


def absolute(request: HttpRequest, view: str, *args: object) -> str:
    """The whole address of a view."""
    return site_address(request, reverse(view, args=args))


def site_address(request: HttpRequest, path: str) -> str:
    """A path below the portal's public address: that of the settings, or where there is none the request's own."""
    return f"{settings.SITE_URL}{path}" if settings.SITE_URL else request.build_absolute_uri(path)
