"""The deployer app."""

from django.apps import AppConfig


class DeployerConfig(AppConfig):
    """Image builds, rollouts, operations."""

    name = "deployer"

    def ready(self) -> None:
        """Announce the app's work, sweep steps and texts."""
        from deployer import wiring  # models are importable only from here on

        wiring.announce()
