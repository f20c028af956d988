"""Becomes the web server; for containers and service managers, where `up` starts all programs together."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand

from portal.programs import web_command


class Command(BaseCommand):
    """Replaces this process, so that signals reach gunicorn itself."""

    help = "Run the web server alone. TERM lets requests end and stops it; settings and code are read at its start."
    requires_system_checks: list[str] = []  # noqa: RUF012  # Django's own type

    def handle(self, *args: Any, **options: Any) -> None:
        """Start."""
        del args, options
        os.execv(sys.executable, web_command())  # noqa: S606  # our own command line, no shell
