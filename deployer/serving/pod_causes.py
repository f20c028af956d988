"""Why a pod of a cup does not run: what the kubelet and the scheduler put down, as one message id each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .inference_service import CONTAINER

Object = Mapping[str, Any]
Params = Mapping[str, str | int | float]
MAX_DETAIL = 200
_SIGNALLED = 128
_FROM_OUTSIDE = frozenset({1, 2, 9, 15})  # other signals a program brings upon itself
SEVERAL = 3
_OUT_OF_MEMORY = "serving.out_of_memory"
_EXIT_CODES = {86: _OUT_OF_MEMORY, 87: "serving.load_failed"}
_PULLING = frozenset({"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "RegistryUnavailable"})
_REFUSED = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "PreStartHookError"})
_PULL_WORDS = (
    ("kserve.image_denied", ("unauthorized", "denied", "forbidden", "authentication", "401", "403")),
    ("kserve.image_missing", ("not found", "manifest unknown", "name unknown", "404")),
    ("kserve.registry_untrusted", ("x509", "certificate", "tls:")),
    ("kserve.registry_unreachable", ("no such host", "timeout", "refused", "i/o", "unreachable", "eof", "reset")),
)
_DIGITS = re.compile(r"[0-9a-f]{16,}")  # of digests and uids, in which any status may stand by chance
_LOST = frozenset({"NodeLost", "NodeShutdown", "Shutdown", "Terminated", "NodeAffinity"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A message id with what fills it. `patience` is how long it may be there, in seconds, before it counts."""

    code: str
    params: Params = field(default_factory=dict)
    patience: float = 0.0


def cause_of(pod: Object, *, digest: str) -> Cause | None:
    """Why this pod does not answer, or None if nothing is on record; `digest` is the model's image."""
    status: Object = pod.get("status") or {}
    if status.get("phase") == "Failed":
        return _ended(status)
    for look in (_scheduling, lambda s: _containers(s, digest=digest)):
        found = look(status)
        if found is not None:
            return found
    return None


def short(text: object) -> str:
    """A line that fits a sentence."""
    line = " ".join(str(text or "").split())
    return line if len(line) <= MAX_DETAIL else line[: MAX_DETAIL - 1] + "…"


def model_container(pod: Object) -> Object:
    """The status of the model server's container; empty before the kubelet has seen the pod."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return next((status for status in statuses if status.get("name") == CONTAINER), {})


def last_end(container: Object) -> Object:
    """How the container's run ended last: of this run, or of the one before; empty if it never ended."""
    state = container.get("state") or {}
    return state.get("terminated") or (container.get("lastState") or {}).get("terminated") or {}


def _ended(status: Object) -> Cause:
    reason = str(status.get("reason", ""))
    if reason in {"Evicted", "Preempting", "Preempted"}:
        return Cause(code="kserve.evicted", params={"detail": short(status.get("message"))}, patience=30.0)
    if reason in _LOST:
        return Cause(code="kserve.node_lost", patience=30.0)
    return _containers(status, digest="") or Cause(code="kserve.pod_failed", params={"reason": short(reason)})


def _scheduling(status: Object) -> Cause | None:
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            if condition.get("reason") == "SchedulingGated":
                return None
            message = str(condition.get("message", ""))
            lacking = [name for name in ("cpu", "memory", "ephemeral-storage") if f"Insufficient {name}" in message]
            if lacking:
                # A cluster that grows by itself gets the time to do so.
                return Cause(code="kserve.no_capacity", params={"lacking": ", ".join(lacking)}, patience=60.0)
            return Cause(code="kserve.unschedulable", params={"detail": short(message)}, patience=60.0)
        if condition.get("type") == "DisruptionTarget" and condition.get("status") == "True":
            return Cause(code="kserve.evicted", params={"detail": short(condition.get("message"))}, patience=30.0)
    return None


def _containers(status: Object, *, digest: str) -> Cause | None:
    """The first container that tells something, in the order in which the kubelet starts them."""
    for container in _in_order(status):
        found = _of_container(container, digest=digest)
        if found is not None:
            return found
    return None


def _in_order(status: Object) -> Iterator[Object]:
    yield from status.get("initContainerStatuses") or ()
    yield from status.get("containerStatuses") or ()


def _of_container(container: Object, *, digest: str) -> Cause | None:
    waiting: Object = (container.get("state") or {}).get("waiting") or {}
    reason, message = str(waiting.get("reason", "")), str(waiting.get("message", ""))
    if reason in _PULLING:
        return _pull(container, message, digest=digest)
    if reason == "InvalidImageName":
        return Cause(code="kserve.bad_reference", params={"reference": short(container.get("image"))})
    if reason in _REFUSED:
        if "runAsNonRoot" in message or "run as root" in message:
            return Cause(code="kserve.runs_as_root", params={"container": str(container.get("name", ""))})
        return Cause(code="kserve.container_refused", params={"detail": short(message or reason)}, patience=30.0)
    end = last_end(container)
    if not end or (end.get("exitCode") == 0 and not waiting):
        return None
    return _exit(container, end, backing_off=reason == "CrashLoopBackOff")


def _pull(container: Object, message: str, *, digest: str) -> Cause:
    """A pull that fails once may be the network's mood; the kubelet repeats it, and so its patience is not nothing."""
    text = _DIGITS.sub("", message.lower())
    name = str(container.get("name", ""))
    reference = short(container.get("image"))
    if name == CONTAINER and not (digest and digest in message):
        return Cause(code="kserve.runtime_image_failed", params={"image": reference}, patience=30.0)
    for code, words in _PULL_WORDS:
        if any(word in text for word in words):
            return Cause(code=code, params={"image": digest or reference}, patience=30.0)
    return Cause(code="kserve.image_pull_failed", params={"image": digest or reference}, patience=30.0)


def _exit(container: Object, end: Object, *, backing_off: bool) -> Cause | None:
    name, status = str(container.get("name", "")), int(end.get("exitCode", 0))
    message = str(end.get("message", ""))
    if name.startswith("modelcar"):
        if "does not exist or is empty" in message:
            return Cause(code="kserve.image_without_models")
        return Cause(code="kserve.model_image_fails", params={"status": status, "detail": short(message)})
    if name == "storage-initializer":
        return Cause(code="kserve.fetch_failed", params={"detail": short(_last_line(message))}, patience=30.0)
    return _server_exit(container, end, status, backing_off=backing_off)


def _server_exit(container: Object, end: Object, status: int, *, backing_off: bool) -> Cause | None:
    """The model server's own end.

    What a second try would only repeat counts at once, another end if it is one of several or nothing runs instead.
    """
    if end.get("reason") == "OOMKilled":
        return Cause(code=_OUT_OF_MEMORY)
    if status in _EXIT_CODES:
        return Cause(code=_EXIT_CODES[status])
    restarts = int(container.get("restartCount", 0))
    if (container.get("state") or {}).get("running") and restarts < SEVERAL:
        return None
    if status - _SIGNALLED in _FROM_OUTSIDE:
        return Cause(code="serving.killed", params={"signal": status - _SIGNALLED})
    return Cause(code="serving.exited", params={"status": status}, patience=0.0 if backing_off else 10.0)


def _last_line(message: str) -> str:
    lines = [line for line in message.splitlines() if line.strip()]
    return lines[-1] if lines else ""


_REFUSALS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("kserve.quota", lambda text: "exceeded quota" in text or "must specify" in text),
    ("kserve.pod_security", lambda text: "violates podsecurity" in text),
    ("kserve.service_account_missing", lambda text: "serviceaccount" in text and "not found" in text),
    ("kserve.admission_denied", lambda text: "admission webhook" in text or "denied the request" in text),
)


def refusal(message: str) -> Cause:
    """Why the API server takes no pod of a Deployment, by the words of its ReplicaSet's event."""
    text = message.lower()
    for code, said in _REFUSALS:
        if said(text):
            return Cause(code=code, params={"detail": short(message)})
    return Cause(code="kserve.pods_refused", params={"detail": short(message)})


def event_cause(events: Iterable[Object]) -> Cause | None:
    """What events tell that no status does: pods that were not let in, volumes that cannot be mounted, dead probes."""
    told = sorted(events, key=lambda e: str(e.get("lastTimestamp") or e.get("eventTime") or ""), reverse=True)
    for event in told:
        reason, message = str(event.get("reason", "")), str(event.get("message", ""))
        if reason == "FailedCreate":
            return refusal(message)
        if reason in {"FailedMount", "FailedAttachVolume"}:
            return Cause(code="kserve.mount_failed", params={"detail": short(message)}, patience=60.0)
        if reason == "InternalError" and "storageuri" in message.lower():
            return Cause(code="kserve.scheme_unsupported", params={"detail": short(message)})
    return None
