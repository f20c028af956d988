"""Installs every runtime's environment, so that the first trial run does not wait for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from deployer.errors import RuntimeUnavailableError
from deployer.runtimes.catalogue import RUNTIMES
from deployer.runtimes.environments import RuntimeEnvironments
from registry.messages import message


class Command(BaseCommand):
    """Safe to repeat: what is installed already is left alone."""

    help = "Install the environments of all runtimes of the local serving backend."

    def handle(self, *args: Any, **options: Any) -> None:
        """Install one after the other; the first failure ends it with its reason."""
        del args, options
        environments = RuntimeEnvironments(Path(settings.BACKENDS["serving"]["options"]["environments_dir"]))
        for runtime in RUNTIMES:
            if environments.is_ready(runtime):
                continue
            self.stdout.write(f"installing the runtime {runtime.label}")
            try:
                environments.ensure(runtime)
            except RuntimeUnavailableError as error:
                text = message(error.code, error.params)
                raise CommandError(f"{text.title} {text.body}") from error
