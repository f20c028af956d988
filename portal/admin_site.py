"""Django's admin behind the portal's own right."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from registry.errors import ForbiddenError
from registry.permissions import lacks_second_factor, may_administer

OWN_APPS = frozenset({"registry", "deployer"})


class PortalAdminSite(AdminSite):
    """Only administrators enter; the staff flag alone opens nothing."""

    site_header = settings.SITE_NAME

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """The portal's own tables alone, in whatever order apps announce theirs.

        The groups are the rights: fixed, and given on the account's page. Ways to sign in are their owner's: nobody
        reads a key here, or adds a provider to the running portal.
        """
        tables = model_or_iterable if isinstance(model_or_iterable, Iterable) else [model_or_iterable]
        own = [table for table in tables if table._meta.app_label in OWN_APPS]  # noqa: SLF001  # Django's documented access
        super().register(own, admin_class, **options)

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
