"""What people look after about their own account."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from registry.permissions import may_submit
from registry.selectors.sign_in import account_security as security_of
from registry.views.access import account_of, requires


@require_safe
@requires(may_submit)
def account_security(request: HttpRequest) -> HttpResponse:
    """Every way into the account, and the pages that change each."""
    context = {
        "security": security_of(account_of(request)),
        "providers": [
            app["name"] for provider in settings.SOCIALACCOUNT_PROVIDERS.values() for app in provider.get("APPS", [])
        ],
        "second_factor_required": settings.REQUIRE_SECOND_FACTOR,
    }
    return render(request, "registry/account_security.html", context)
