"""Starts the whole portal on one machine, with one log, and stops all of it on Ctrl-C."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from deployer.backends import serving_backend
from portal import env
from portal.programs import manage, web_command, worker_command
from portal.supervisor import Program, Supervisor, why_not_bindable
from portal.translations.catalogues import compile_stale
from registry import demo


class Command(BaseCommand):
    """Web, worker and, on a demonstration, the seeding; the database is brought up to date first."""

    help = "Run the portal: web server, worker and, with MODEL_COMMONS_DEMO, the demonstration."

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare, start, wait for Ctrl-C, stop."""
        del args, options
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(line_buffering=True)  # a container's log, too, shows lines as they come
        hindrance = why_not_bindable(env.LISTEN_HOST, env.PORT)
        if hindrance:
            raise CommandError(hindrance)
        self._prepare()
        programs = [Program("web", web_command()), Program("worker", worker_command())]
        if "environments_dir" in settings.BACKENDS["serving"]["options"]:
            programs.append(Program("setup", manage("prepare_runtimes"), once=True))
        if env.DEMO:
            programs.append(Program("seed", manage("seed_demo"), once=True))
        supervisor = Supervisor(programs, log=self.stdout.write)
        self._announce()
        try:
            failed = supervisor.run()
        finally:
            if not serving_backend().pulls_images:  # on a cluster they go on without the portal
                self.stdout.write("stopping the served models")
                serving_backend().stop_all()
        if failed:
            raise CommandError(f"{failed} kept dying; its last lines above say why.")

    def _prepare(self) -> None:
        for folder in (settings.DATA_DIR, settings.FILE_UPLOAD_TEMP_DIR, settings.UPLOADS_DIR):
            Path(folder).mkdir(parents=True, exist_ok=True)
        call_command("prepare", verbosity=0)
        compile_stale()
        call_command("collectstatic", verbosity=0, interactive=False)

    def _announce(self) -> None:
        lines = ["", f"  {settings.SITE_NAME + ':':<15} http://{_shown_host()}:{env.PORT}/"]
        if env.DEMO:
            password = self._demo_password()
            demo.ensure_demo_accounts(password=password)
            lines += ["  Demo accounts:  " + ", ".join(demo.DEMO_ACCOUNTS), f"  Password:       {password}"]
            lines += ["  The four first models are on their way: watch them in the catalogue and the log."]
        self.stdout.write("\n".join([*lines, "  Ctrl-C stops everything.", ""]))

    def _demo_password(self) -> str:
        path = settings.DATA_DIR / "demo-password"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(demo.new_password())
        return path.read_text()


def _shown_host() -> str:
    return "127.0.0.1" if env.LISTEN_HOST in {"0.0.0.0", "::"} else env.LISTEN_HOST  # noqa: S104  # compared, not bound
