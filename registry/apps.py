"""The registry app."""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    """Registration and review; knows nothing of images or clusters."""

    name = "registry"

    def ready(self) -> None:
        """Announce the app's work, sweep steps and texts."""
        from registry import wiring  # models are importable only from here on

        wiring.announce()
        wiring.connect()
