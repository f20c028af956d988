"""Logs of pods: texts that a test lays down, or that an annotation of the pod carries."""

from __future__ import annotations

from collections.abc import Mapping

from tests.stubs.kube_api import statuses
from tests.stubs.kube_api.statuses import Object

ANNOTATION = "model-commons.test/log."
"""With a container's name at the end: what that container wrote."""


def log_text(pod: Object, query: Mapping[str, str], texts: Mapping[tuple[str, str, str, bool], str]) -> str:
    """What a container wrote. `texts` is by (namespace, pod, container, whether of the previous run)."""
    metadata, name = pod["metadata"], pod["metadata"]["name"]
    containers = [one["name"] for one in pod["spec"]["containers"]]
    initial = [one["name"] for one in pod["spec"].get("initContainers", [])]
    wanted = query.get("container") or (containers[0] if len(containers) == 1 else "")
    if not wanted:
        choices = " ".join(containers) + (f" or one of the init containers: [{' '.join(initial)}]" if initial else "")
        raise statuses.bad_request(f"a container name must be specified for pod {name}, choose one of: [{choices}]")
    if wanted not in containers + initial:
        raise statuses.bad_request(f"container {wanted} is not valid for pod {name}")
    previous = query.get("previous") in {"true", "True"}
    state = _state(pod, wanted)
    if previous and not state.get("lastState", {}).get("terminated"):
        raise statuses.bad_request(f'previous terminated container "{wanted}" in pod "{name}" not found')
    waiting = state.get("state", {}).get("waiting")
    if waiting and not previous and not state.get("restartCount"):
        raise statuses.bad_request(
            f'container "{wanted}" in pod "{name}" is waiting to start: {_reason(waiting.get("reason", ""))}'
        )
    annotated = (metadata.get("annotations") or {}).get(ANNOTATION + wanted, "")
    text: str = texts.get((metadata["namespace"], name, wanted, previous), annotated)
    if "tailLines" in query:
        text = "".join(text.splitlines(keepends=True)[-int(query["tailLines"]) :]) if int(query["tailLines"]) else ""
    return text[: int(query["limitBytes"])] if "limitBytes" in query else text


def _state(pod: Object, container: str) -> Object:
    status = pod.get("status") or {}
    every = [*status.get("containerStatuses", []), *status.get("initContainerStatuses", [])]
    found: Object = next((one for one in every if one["name"] == container), {})
    return found


def _reason(reason: str) -> str:
    return {"ImagePullBackOff": "trying and failing to pull image", "ErrImagePull": "image can't be pulled"}.get(
        reason, reason
    )
