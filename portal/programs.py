"""The command lines of the portal's programs; all of them run under this interpreter."""

from __future__ import annotations

import sys

from portal import env
from portal.env_parsers import ROOT


def manage(*words: str) -> list[str]:
    """A command line of this project's manage.py."""
    return [sys.executable, str(ROOT / "manage.py"), *words]


def web_command() -> list[str]:
    """The web server, as `portal/gunicorn_config.py` describes it."""
    return [sys.executable, "-m", "gunicorn", "--config", "python:portal.gunicorn_config", "portal.wsgi:application"]


def worker_command() -> list[str]:
    """One Celery worker; gossip and mingle serve fleets of workers, not a doorbell."""
    return [
        sys.executable, "-m", "celery", "--app", "portal", "--quiet", "worker",
        "--concurrency", str(env.WORKER_PROCESSES),
        "--without-gossip", "--without-mingle", "--without-heartbeat",
        "--loglevel", "WARNING",
    ]  # fmt: skip
