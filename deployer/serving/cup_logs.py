"""The output of a cup's newest pod."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from .cluster_api import ApiError, ClusterApi, Object
from .inference_service import CONTAINER
from .pod_causes import model_container

_LINE_BYTES = 200


def tail_of(api: ClusterApi, pods: Sequence[Object], *, max_bytes: int) -> str:
    """The end of what the model server wrote, in this run and the one before; else of what failed before it began."""
    if not pods:
        return ""
    pod = max(pods, key=lambda found: str(found["metadata"].get("creationTimestamp", "")))
    name, lines = str(pod["metadata"]["name"]), max(20, max_bytes // _LINE_BYTES)
    container = _telling(pod)
    runs = [True, False] if _restarted(pod, container) else [False]
    text = ""
    for previous in runs:
        with contextlib.suppress(ApiError):  # a container that has not begun has no log
            text += api.logs(name, container, lines=lines, previous=previous)
    return text.encode()[-max_bytes:].decode("utf-8", "replace") if max_bytes else ""


def _telling(pod: Object) -> str:
    """The container to ask: the model server once it ran, else the last one that began before it."""
    server = model_container(pod)
    if server.get("restartCount") or not (server.get("state") or {"waiting": {}}).get("waiting"):
        return CONTAINER
    begun = [
        str(status["name"])
        for status in (pod.get("status") or {}).get("initContainerStatuses") or ()
        if not (status.get("state") or {}).get("waiting") or status.get("restartCount")
    ]
    return begun[-1] if begun else CONTAINER


def _restarted(pod: Object, container: str) -> bool:
    status = pod.get("status") or {}
    statuses = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    return any(entry.get("name") == container and int(entry.get("restartCount", 0)) > 0 for entry in statuses)
