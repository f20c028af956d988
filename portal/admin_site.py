"""Django's admin behind the portal's own right."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.http import HttpRequest

from registry.permissions import may_administer


class PortalAdminSite(AdminSite):
    """Only administrators enter; the staff flag alone opens nothing."""

    site_header = "Model Commons"

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the account holds the administer right."""
        return may_administer(request.user)
