"""What pages with figures share: the period that an address asks for, and tables to download."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from deployer.traffic import LAST_DAY, PERIODS, Period
from registry.views.access import asked


def chosen_period(request: HttpRequest) -> Period:
    """The period that the address names; the last day for any other word."""
    return PERIODS.get(asked(request, "period"), LAST_DAY)


def csv_response(text: str, *, name: str) -> HttpResponse:
    """A table to download under a name of our own making."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)
