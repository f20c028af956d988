from __future__ import annotations

from django.apps import AppConfig


class JobsAppConfig(AppConfig):
    name = "tests.jobs_app"

    def ready(self) -> None:
        from registry.jobs.kinds import register
        from tests.jobs_app.work import KINDS

        for kind in KINDS:
            register(kind)
