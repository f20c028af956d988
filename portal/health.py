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
OK, AWAY = "ok", "away"
ABOUT_THE_PROCESS = frozenset({"/healthz", "/readyz", "/metrics"})
_wanted: set[tuple[str, str]] = set()


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
    parts = {"database": _database(), **_redis()}
    ready = parts["database"] == OK
    status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
    return JsonResponse({"status": OK if ready else "not ready", **parts}, status=status)


def _database() -> str:
    try:
        applied = MigrationRecorder(connection).applied_migrations().keys()
    except Error:
        logger.warning("the database does not answer", exc_info=True)
        return AWAY
    return OK if _needed() <= applied else "migrations are missing"


def _needed() -> set[tuple[str, str]]:
    """The migrations that this release brings; read once, as its files do not change."""
    if not _wanted:
        found = MigrationLoader(None).disk_migrations
        # A squashed one is noted together with those that it replaces, so those are enough.
        _wanted.update(key for key, migration in found.items() if not migration.replaces)
    return _wanted


def _redis() -> dict[str, str]:
    """Nothing where the settings name no Redis."""
    shared = caches["default"]
    if not isinstance(shared, SoftRedisCache):
        return {}
    return {"redis": OK if shared.answers() else AWAY}
