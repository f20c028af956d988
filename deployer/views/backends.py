"""What the outside systems say, for operators."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from deployer.probes.configured import configured_probes
from deployer.probes.report import ask_all
from deployer.probes.texts import finding_rows
from registry.interfaces import Verdict
from registry.permissions import may_operate
from registry.views.access import requires


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_operate)
def backends(request: HttpRequest) -> HttpResponse:
    """Which parts there are; a POST asks them, since asking writes a few bytes that it takes away again."""
    reports = ask_all(configured_probes()) if request.method == "POST" else []
    context = {
        "asked": request.method == "POST",
        "rows": list(finding_rows(reports)),
        "failed": sum(report.verdict is Verdict.FAIL for report in reports),
        "nav_section": "operations",
    }
    return render(request, "deployer/backends.html", context)
