"""The Celery application, and the sweep that runs beside each worker's tasks."""

from __future__ import annotations

import logging
import os
import socket
import threading
from pathlib import Path
from typing import Any

from celery import Celery, bootsteps
from celery.signals import worker_shutting_down
from kombu.transport import TRANSPORT_ALIASES

TRANSPORT_ALIASES |= {
    "sqla": "portal.doorbell:Transport",
    "redis": "portal.redis_doorbell:Transport",
    "rediss": "portal.redis_doorbell:Transport",
}
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

logger = logging.getLogger(__name__)
_stop = threading.Event()


class Sweep(bootsteps.StartStopStep):
    """The sweep of a worker, which waits for no broker: work is rows, and a doorbell that is away is one more reason.

    After the pool, whose processes are forked: none shall have half of this thread.
    """

    requires = ("celery.worker.components:Pool",)

    def start(self, parent: object) -> None:
        """Begin."""
        del parent
        start_sweeping()


app.steps["worker"].add(Sweep)


def start_sweeping() -> None:
    """Sweep in a thread of the worker's main process, which runs no job and so is never busy."""
    _stop.clear()
    threading.Thread(target=_sweep_for_ever, name="sweep", daemon=True).start()


@worker_shutting_down.connect
def stop_sweeping(**_kwargs: Any) -> None:
    """End the thread with the worker."""
    _stop.set()


def _sweep_for_ever() -> None:
    from django.conf import settings
    from django.db import close_old_connections

    from registry.jobs.sweep import sweep_once
    from registry.tasks import ring

    holder = f"{socket.gethostname()}:{os.getpid()}"
    while not _stop.is_set():
        close_old_connections()
        # Before the sweep and each step: one that fails is no reason to start the worker again, one that hangs is.
        _touch(settings.WORKER_PULSE_FILE)
        try:
            ring(sweep_once(holder=holder, alive=lambda: _touch(settings.WORKER_PULSE_FILE)))
        except Exception:
            # A database that is away for a moment must not end the sweep for good.
            logger.exception("sweep failed; the next one follows")
        _stop.wait(settings.SWEEP_SECONDS)


def _touch(path: str) -> None:
    if path:
        Path(path).touch()
