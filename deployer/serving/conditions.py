"""The truth about a cup: what KServe says is one witness among several, and not the best one.

`Ready=True` may speak of the pods before, `observedGeneration` is another object's, and failure information stays after
a success. So the Deployment's counters, the pods themselves and the model's own answer decide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from deployer.errors import WhoActs
from deployer.interfaces import CupPhase, CupStatus

from .inference_service import digest_in
from .pod_causes import Cause, cause_of, event_cause, last_end, model_container, refusal, short

Object = Mapping[str, Any]
FLAPPING_RESTARTS = 3
FLAPPING_WINDOW = 600.0
CONTROLLER_PATIENCE = 60.0
ANSWER_PATIENCE = 60.0
_SOURCE = "internal.serving.kserve.io/storage-initializer-sourceuri"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is on the cluster about one cup, and when. `answers` is the model's own word; None if it was not asked.

    `now` is epoch seconds; `drifted` says that somebody changed the InferenceService by hand, `other_image` that it
    serves something else than what was applied.
    """

    name: str
    now: float
    service: Object | None = None
    deployments: Sequence[Object] = ()
    pods: Sequence[Object] = ()
    events: Sequence[Object] = ()
    answers: bool | None = None
    drifted: bool = False
    other_image: bool = False
    start_timeout: float = 300.0
    delete_timeout: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Replica:
    """The Deployment and pods that belong to this very InferenceService and its present image."""

    deployment: Object | None
    pods: Sequence[Object]
    newest: Object = field(default_factory=dict)


def judge(seen: Seen) -> CupStatus:
    """The cup's phase, and why where it does not serve."""
    service = seen.service
    if service is None:
        return CupStatus(name=seen.name, phase=CupPhase.ABSENT)
    meta = service["metadata"]
    uri = (((service.get("spec") or {}).get("predictor") or {}).get("model") or {}).get("storageUri", "")
    digest = digest_in(uri)
    if meta.get("deletionTimestamp"):
        return _stopping(seen, digest)
    replica = _replica(seen, service, uri)
    ready_since = _ready_since(service, replica)
    restarts = sum(int(model_container(pod).get("restartCount", 0)) for pod in replica.pods)
    verdict = _verdict(seen, service, replica, digest, ready_since)
    phase, cause = verdict
    container = model_container(replica.newest)
    return CupStatus(
        name=seen.name,
        phase=phase,
        image_digest=digest,
        code=cause.code if cause else "",
        params=cause.params if cause else {},
        who_acts=who_acts(cause.code) if cause else WhoActs.USER,
        restarts=restarts,
        started_at=epoch((replica.newest.get("status") or {}).get("startTime")) or epoch(meta.get("creationTimestamp")),
        ready_at=ready_since if phase is CupPhase.READY else None,
        identity=f"{replica.newest['metadata']['uid']}:{container.get('restartCount', 0)}" if replica.newest else "",
    )


def who_acts(code: str) -> WhoActs:
    """Who can mend it: what begins with the cluster's name is an operator's, but for what the model itself does."""
    if code.startswith("kserve.") and code not in {"kserve.flapping", "kserve.never_answers"}:
        return WhoActs.OPERATOR
    return WhoActs.USER


def epoch(text: object) -> float | None:
    """Epoch seconds of a Kubernetes timestamp; None for none."""
    if not text:
        return None
    return datetime.fromisoformat(str(text)).timestamp()


def condition(owner: Object, name: str) -> Object:
    """The condition of an object's status; empty if it has none of this name."""
    conditions = (owner.get("status") or {}).get("conditions") or ()
    return next((entry for entry in conditions if entry.get("type") == name), {})


_Verdict = tuple[CupPhase, Cause | None]


def _verdict(
    seen: Seen, service: Object, replica: _Replica, digest: str, ready_since: float | None
) -> _Verdict:  # fmt: skip
    if seen.other_image:
        return CupPhase.FAILED, Cause(code="kserve.image_replaced")
    if ready_since is not None:
        return _serving(seen, replica, ready_since)
    since = _since(seen, service, replica)
    waited = seen.now - since
    found = _known_cause(seen, service, replica, digest)
    if found is not None and waited >= found.patience:
        return CupPhase.FAILED, found
    if waited > seen.start_timeout:
        return CupPhase.FAILED, found or _overdue(seen, replica)
    return CupPhase.STARTING, None


def _serving(seen: Seen, replica: _Replica, ready_since: float) -> _Verdict:
    if seen.answers is False:
        if seen.now - ready_since > ANSWER_PATIENCE:
            return CupPhase.FAILED, Cause(code="kserve.predictor_unreachable")
        return CupPhase.STARTING, None
    container = model_container(replica.newest)
    restarts, ended = int(container.get("restartCount", 0)), epoch(last_end(container).get("finishedAt"))
    if restarts >= FLAPPING_RESTARTS and ended is not None and seen.now - ended < FLAPPING_WINDOW:
        return CupPhase.FAILED, Cause(code="kserve.flapping", params={"restarts": restarts})
    if seen.drifted:
        return CupPhase.READY, Cause(code="kserve.drifted")
    return CupPhase.READY, None


def _stopping(seen: Seen, digest: str) -> CupStatus:
    meta = seen.service["metadata"] if seen.service else {}
    since = epoch(meta.get("deletionTimestamp")) or seen.now
    stuck = seen.now - since > seen.delete_timeout
    return CupStatus(
        name=seen.name,
        phase=CupPhase.STOPPING,
        image_digest=digest,
        code="kserve.stuck_delete" if stuck else "",
        params={"finalizers": short(", ".join(meta.get("finalizers") or ()))} if stuck else {},
        who_acts=WhoActs.OPERATOR if stuck else WhoActs.RETRY,
    )


def _replica(seen: Seen, service: Object, uri: str) -> _Replica:
    """Leave out what belongs to a former object of the same name, and pods of an image that is not wanted any more."""
    uid, made = service["metadata"].get("uid"), epoch(service["metadata"].get("creationTimestamp")) or 0.0
    owned = [d for d in seen.deployments if _owner_uid(d) in {uid, None}]
    deployment = next((d for d in owned if not d["metadata"].get("deletionTimestamp")), None)
    pods = [
        pod
        for pod in seen.pods
        if not pod["metadata"].get("deletionTimestamp")
        and (epoch(pod["metadata"].get("creationTimestamp")) or made) >= made
        and _serves(pod, uri)
    ]
    pods.sort(key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")))
    return _Replica(deployment=deployment, pods=pods, newest=pods[-1] if pods else {})


def _owner_uid(owned: Object) -> str | None:
    owners = owned["metadata"].get("ownerReferences") or ()
    return next((str(owner["uid"]) for owner in owners if owner.get("kind") == "InferenceService"), None)


def _serves(pod: Object, uri: str) -> bool:
    source = (pod["metadata"].get("annotations") or {}).get(_SOURCE)
    if source:
        return bool(source == uri)
    images = [v["image"].get("reference", "") for v in (pod.get("spec") or {}).get("volumes") or () if v.get("image")]
    return not images or any(digest_in(image) == digest_in(uri) for image in images)


def _ready_since(service: Object, replica: _Replica) -> float | None:
    """When KServe, the Deployment and a present pod came to agree that the cup serves; None while one does not."""
    if condition(service, "Ready").get("status") != "True" or not _rolled_out(replica.deployment):
        return None
    ready = [condition(pod, "Ready") for pod in replica.pods]
    since = [epoch(entry.get("lastTransitionTime")) or 0.0 for entry in ready if entry.get("status") == "True"]
    return min(since) if since else None


def _rolled_out(deployment: Object | None) -> bool:
    """The Deployment's own counters speak of its present template, and all of it is there."""
    if deployment is None:
        return False
    status: Object = deployment.get("status") or {}
    if int(status.get("observedGeneration", 0)) < int(deployment["metadata"].get("generation", 0)):
        return False
    counts = {int(status.get(name, 0)) for name in ("replicas", "updatedReplicas", "availableReplicas")}
    return len(counts) == 1 and counts != {0}


def _since(seen: Seen, service: Object, replica: _Replica) -> float:
    """When the cup began to be not ready. A pod that crashes again and again is unready since its first crash.

    KServe's own conditions do not count: their times move with every new wording.
    """
    marks = [epoch(service["metadata"].get("creationTimestamp")) or seen.now]
    if replica.newest:
        marks.append(epoch(replica.newest["metadata"].get("creationTimestamp")) or 0.0)
        marks.append(epoch(condition(replica.newest, "Ready").get("lastTransitionTime")) or 0.0)
    else:
        available = condition(replica.deployment or {}, "Available")
        if available and available.get("status") != "True":
            marks.append(epoch(available.get("lastTransitionTime")) or 0.0)
    return max(marks)


def _known_cause(seen: Seen, service: Object, replica: _Replica, digest: str) -> Cause | None:
    looks: Sequence[Callable[[], Cause | None]] = (
        lambda: _stopped(service),
        lambda: cause_of(replica.newest, digest=digest) if replica.newest else None,
        lambda: _invalid_spec(service),
        lambda: _no_pods(replica),
        lambda: event_cause(_of_this_object(seen.events, service)),
        lambda: _controller(service, replica),
        lambda: _reconcile_failed(service),
    )
    return next((found for look in looks if (found := look()) is not None), None)


def _of_this_object(events: Sequence[Object], service: Object) -> Sequence[Object]:
    """Leave out what was told of a former object of the same name."""
    made = epoch(service["metadata"].get("creationTimestamp")) or 0.0
    return [event for event in events if (epoch(event.get("lastTimestamp") or event.get("eventTime")) or made) >= made]


def _stopped(service: Object) -> Cause | None:
    annotations = service["metadata"].get("annotations") or {}
    if annotations.get("serving.kserve.io/stop") == "true" or condition(service, "Stopped").get("status") == "True":
        return Cause(code="kserve.stopped_by_hand")
    return None


def _invalid_spec(service: Object) -> Cause | None:
    """Only while the status says so now: the failure information itself is never taken back."""
    state: Object = (service.get("status") or {}).get("modelStatus") or {}
    if state.get("transitionStatus") != "InvalidSpec":
        return None
    failure: Object = state.get("lastFailureInfo") or {}
    predictor: Object = (service.get("spec") or {}).get("predictor") or {}
    runtime = str((predictor.get("model") or {}).get("runtime", ""))
    reason = failure.get("reason")
    if reason in {"NoSupportingRuntime", "RuntimeNotRecognized"}:
        return Cause(code="kserve.no_runtime", params={"runtime": runtime}, patience=10.0)
    if reason == "RuntimeDisabled":
        return Cause(code="kserve.runtime_disabled", params={"runtime": runtime})
    return Cause(code="kserve.invalid_spec", params={"detail": short(failure.get("message"))}, patience=10.0)


def _no_pods(replica: _Replica) -> Cause | None:
    failure = condition(replica.deployment or {}, "ReplicaFailure")
    if failure.get("status") == "True" and not replica.pods:
        return refusal(str(failure.get("message", "")))
    return None


def _controller(service: Object, replica: _Replica) -> Cause | None:
    if not (service.get("status") or {}).get("conditions"):
        return Cause(code="kserve.controller_down", patience=CONTROLLER_PATIENCE)
    if replica.deployment is None and condition(service, "PredictorReady").get("status") != "True":
        entry = condition(service, "PredictorReady")
        if not entry.get("message"):
            return Cause(code="kserve.controller_down", patience=CONTROLLER_PATIENCE)
    return None


def _reconcile_failed(service: Object) -> Cause | None:
    """KServe's own complaint. Its first word is nearly always a False, so it is believed only after a while."""
    for name in ("PredictorReady", "IngressReady"):
        entry = condition(service, name)
        if entry.get("status") != "False" or not entry.get("message"):
            continue
        text = str(entry["message"])
        if name == "IngressReady":
            return Cause(code="kserve.route_not_ready", params={"detail": short(text)}, patience=CONTROLLER_PATIENCE)
        if "not supported" in text.lower() and "storageuri" in text.lower():
            return Cause(code="kserve.scheme_unsupported", params={"detail": short(text)}, patience=10.0)
        if entry.get("reason") not in {"MinimumReplicasUnavailable", "ProgressDeadlineExceeded"}:
            return Cause(code="kserve.reconcile_failed", params={"detail": short(text)}, patience=CONTROLLER_PATIENCE)
    return None


def _overdue(seen: Seen, replica: _Replica) -> Cause:
    """Nobody says why, and the time is over."""
    container = model_container(replica.newest)
    seconds = int(seen.start_timeout)
    if (container.get("state") or {}).get("running"):
        return Cause(code="kserve.never_answers", params={"seconds": seconds})
    if not replica.pods:
        return Cause(code="kserve.no_pod", params={"seconds": seconds})
    return Cause(code="kserve.pending_too_long", params={"seconds": seconds})
