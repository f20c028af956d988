"""Django's admin behind the portal's own right."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from registry.errors import ForbiddenError
from registry.permissions import lacks_second_factor, may_administer


class PortalAdminSite(AdminSite):
    """Only administrators enter; the staff flag alone opens nothing."""

    site_header = "Model Commons"

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the account holds the administer right."""
        return may_administer(request.user)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The portal's own sign-in, with its rate limits and second factor; Django's form would go around both."""
        del extra_context
        if not request.user.is_authenticated:
            return redirect_to_login(request.GET.get("next", request.path))
        if self.has_permission(request):
            return redirect("admin:index")
        raise ForbiddenError("rights.second_factor" if lacks_second_factor(request.user) else "rights.may_administer")

    def password_change(  # type: ignore[override]  # the stubs know Django's own page only
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The portal's own page, for the same reason."""
        del request, extra_context
        return redirect("account_change_password")
