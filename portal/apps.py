"""Application configurations of the wiring layer."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class PortalConfig(AppConfig):
    """Commands, checks and the request plumbing."""

    name = "portal"

    def ready(self) -> None:
        """Announce the checks."""
        from portal import checks  # noqa: F401  # importing registers them


class PortalAdminConfig(AdminConfig):
    """Django's admin, behind the administer right instead of the staff flag."""

    default_site = "portal.admin_site.PortalAdminSite"
