"""How gunicorn runs the portal: processes with many threads each, as each slow upload holds one."""

from __future__ import annotations

import ctypes
import os
import shutil
import tempfile
from typing import Any

from portal import env
from portal.logs import logging_settings

bind = [f"{env.LISTEN_HOST}:{env.PORT}"]
worker_class = "portal.gunicorn_worker.ClosingWorker"
workers = env.WEB_PROCESSES
threads = env.WEB_THREADS
timeout = 120
# Longer than proxies and browsers keep a connection, so that they end it: what ends here while a request is on its way
# is a reset for them. A kept connection holds no thread.
keepalive = 75
graceful_timeout = 20
loglevel = "warning"
control_socket_disable = True
# Its own lines go where the portal's go, in the same form.
logconfig_dict: dict[str, Any] = {
    **logging_settings(env.LOG_FORMAT),
    "loggers": {name: {"level": "WARNING", "propagate": True} for name in ("gunicorn.error", "gunicorn.access")},
}
_M_ARENA_MAX, _ARENAS = -8, 2
METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def on_starting(server: object) -> None:
    """Where the processes lay down their figures, so that any of them can tell those of all."""
    del server
    os.environ[METRICS_FOLDER] = tempfile.mkdtemp(prefix="portal-metrics-")
    _share_memory()


def _share_memory() -> None:
    """Few heaps for many threads: with one each, as glibc has it, pages that are done with stay with the process."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)


def child_exit(server: object, worker: Any) -> None:
    """What a process was just doing ends with it; what it counted stays counted."""
    del server
    from prometheus_client.multiprocess import mark_process_dead  # only now, as it looks for the folder when imported

    mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # the library's


def on_exit(server: object) -> None:
    """The figures end with the server."""
    del server
    shutil.rmtree(os.environ.get(METRICS_FOLDER, ""), ignore_errors=True)
