"""Answers for load balancers and supervisors."""

from __future__ import annotations

import logging
from http import HTTPStatus

from django.core.cache import caches
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponsePermanentRedirect, JsonResponse
from django.middleware.common import CommonMiddleware as DjangoCommonMiddleware
from django.views.decorators.http import require_safe

from portal.cache import SoftRedisCache

logger = logging.getLogger(__name__)
OK, AWAY, UNPREPARED = "ok", "away", "migrations are missing"
ABOUT_THE_PROCESS = frozenset({"/healthz", "/readyz", "/metrics"})
Key = tuple[str, str]
"""An app's label and a migration's name."""
_wanted: dict[Key, set[Key]] = {}


class CommonMiddleware(DjangoCommonMiddleware):
    """Django's, but who asks about the process itself may call it by its address, as probes and Prometheus do."""

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        """Refuse a foreign host name, except where nothing depends on it."""
        return None if request.path_info in ABOUT_THE_PROCESS else super().process_request(request)


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers. A supervisor that gets no answer starts it again, so nothing outside is asked."""
    del request
    return JsonResponse({"status": OK})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Whether the process can serve pages: its database answers and has all that this release needs.

    Redis is told of but not needed: without it pages go on, and the sweep finds the work.
    """
    del request
    parts = {"database": database_state(), **_redis()}
    ready = parts["database"] == OK
    status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
    return JsonResponse({"status": OK if ready else "not ready", **parts}, status=status)


def database_state() -> str:
    """`OK` if the database has all that this release needs, `UNPREPARED` or `AWAY`. Nothing is raised."""
    try:
        applied = MigrationRecorder(connection).applied_migrations().keys()
    except Error:
        logger.warning("the database does not answer", exc_info=True)
        return AWAY
    done = all(key in applied or (replaced and replaced <= applied) for key, replaced in _needed().items())
    return OK if done else UNPREPARED


def _needed() -> dict[Key, set[Key]]:
    """The migrations that this release brings, with what each replaces; read once, as its files do not change."""
    if not _wanted:
        found = MigrationLoader(None).disk_migrations
        _wanted.update({key: set(migration.replaces) for key, migration in found.items()})
    return _wanted


def _redis() -> dict[str, str]:
    """Nothing where the settings name no Redis."""
    shared = caches["default"]
    if not isinstance(shared, SoftRedisCache):
        return {}
    return {"redis": OK if shared.answers() else AWAY}
