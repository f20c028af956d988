"""Becomes one worker; for containers and service managers, where `up` starts all programs together."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand

from portal.programs import worker_command


class Command(BaseCommand):
    """Replaces this process, so that signals reach Celery itself: TERM lets the work under way end."""

    help = "Run one worker alone. TERM lets the work under way end; what does not is taken up by another worker."
    requires_system_checks: list[str] = []  # noqa: RUF012  # Django's own type

    def handle(self, *args: Any, **options: Any) -> None:
        """Start."""
        del args, options
        os.execv(sys.executable, worker_command())  # noqa: S606  # our own command line, no shell
