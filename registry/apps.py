"""The registry app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class RegistryConfig(AppConfig):
    """Registration and review; knows nothing of images or clusters."""

    name = "registry"

    def ready(self) -> None:
        """Announce the app's work, sweep steps and texts."""
        from registry import wiring  # models are importable only from here on

        wiring.announce()
        wiring.connect()
        post_migrate.connect(wiring.after_migrations, sender=self, dispatch_uid="registry.catalogue")
