"""The controller, the Deployment controller and the kubelet in one: they say what a scenario tells them to."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from tests.stubs.kserve_player import objects
from tests.stubs.kserve_player.hands import Hands
from tests.stubs.kserve_player.predictors import Predictors
from tests.stubs.kserve_player.scenarios import SCENARIOS, Frame, Scenario, filled

Object = dict[str, Any]
FINALIZER = "inferenceservice.finalizers"
SERVER_IMAGE = "registry.example/runtimes/server:1"
KINDS = {
    "service": ("inferenceservices", "InferenceService", "serving.kserve.io/v1beta1"),
    "deployment": ("deployments", "Deployment", "apps/v1"),
    "replicaset": ("replicasets", "ReplicaSet", "apps/v1"),
    "pod": ("pods", "Pod", "v1"),
}  # fmt: skip


@dataclass
class Part:
    """How far one InferenceService is: its identity and image, its scenario and the frames that were played."""

    uid: str
    uri: str
    scenario: str
    played: int = 0
    serves: bool = False


class Player:
    """Plays `scenario` for every InferenceService of the namespace that has no other one by `play`.

    Stepped: `step()` brings each one frame further, `settle()` to the last. As a context it does so by itself every
    `interval` seconds. Ready predictors answer at `url_of(name)`.
    """

    def __init__(
        self,
        hands: Hands,
        *,
        scenario: str = "ready",
        interval: float = 0.02,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self.hands, self.scenario, self.interval = hands, scenario, interval
        self.parts: dict[str, Part] = {}
        self.failure: BaseException | None = None
        self._clock = clock or (lambda: datetime.now(UTC))
        self._chosen: dict[str, str] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._predictors = Predictors(self._served)
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._predictors.start()
        self._thread = threading.Thread(target=self._run, name="kserve-player", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        self._predictors.stop()
        if self.failure is not None and error is None:
            raise self.failure

    def url_of(self, name: str) -> str:
        """Where the predictor of an InferenceService answers; it may hold `{name}` to be filled in."""
        return f"{self._predictors.url}/{name}"

    @property
    def asked(self) -> Sequence[tuple[str, str]]:
        """(name, path) of each request to a predictor, in order."""
        return self._predictors.asked

    def play(self, name: str, scenario: str) -> None:
        """From now on this scenario, from its first frame on, with what is there already."""
        with self._lock:
            self._chosen[name] = scenario
            part = self.parts.get(name)
            if part is not None:
                part.scenario, part.played = scenario, 0

    def is_over(self, name: str) -> bool:
        """Whether the last frame of an InferenceService was played."""
        with self._lock:
            part = self.parts.get(name)
            return part is not None and part.played == len(SCENARIOS[part.scenario].frames)

    def settle(self) -> None:
        """Play everything to its last frame."""
        while self.step():
            continue

    def step(self) -> bool:
        """Bring each InferenceService one frame further; whether anything was done."""
        with self._lock:
            names = [one["metadata"]["name"] for one in self.hands.list("inferenceservices")]
            for name in self.parts.keys() - set(names):
                del self.parts[name]
            done = [self._step(name) for name in names]
            return any(done)

    def _run(self) -> None:
        try:
            while not self._over.wait(self.interval):
                self.step()
        except BaseException as failure:  # noqa: BLE001  # told by whoever ends the player
            self.failure = failure

    def _step(self, name: str) -> bool:
        with self.hands.whole():
            service = self.hands.get("inferenceservices", name)
            return service is not None and self._advance(service)

    def _advance(self, service: Object) -> bool:
        metadata = service["metadata"]
        name, uri = metadata["name"], str((service["spec"]["predictor"].get("model") or {}).get("storageUri", ""))
        part = self.parts.get(name)
        if part is None or (part.uid, part.uri) != (metadata["uid"], uri):
            part = self.parts[name] = Part(metadata["uid"], uri, self._chosen.get(name, self.scenario))
        scenario = SCENARIOS[part.scenario]
        if "deletionTimestamp" in metadata:
            return self._end(service, part, scenario)
        if part.played >= len(scenario.frames):
            return False
        held = metadata.get("finalizers", [])
        if FINALIZER not in held and not self._hold(metadata, [*held, FINALIZER]):
            return True  # somebody came between; the next step tries again
        self._play(service, part, scenario, scenario.frames[part.played])
        part.played += 1
        return True

    def _end(self, service: Object, part: Part, scenario: Scenario) -> bool:
        metadata = service["metadata"]
        part.serves = False
        if scenario.holds_finalizer or FINALIZER not in metadata.get("finalizers", []):
            return False
        label = ("serving.kserve.io/inferenceservice", metadata["name"])
        for plural in ("services", "deployments", "replicasets", "pods"):
            for one in self.hands.list(plural):
                if label in (one["metadata"].get("labels") or {}).items():
                    self.hands.delete(plural, one["metadata"]["name"])
        self._hold(metadata, [one for one in metadata["finalizers"] if one != FINALIZER])
        return True

    def _hold(self, metadata: Object, finalizers: list[str]) -> bool:
        """Write the finalizers, unless somebody else has written meanwhile."""
        change = {"finalizers": finalizers or None, "resourceVersion": metadata["resourceVersion"]}
        return self.hands.merge("inferenceservices", metadata["name"], {"metadata": change})

    def _play(self, service: Object, part: Part, scenario: Scenario, frame: Frame) -> None:
        hands, name = self.hands, service["metadata"]["name"]
        now = self._clock().strftime("%Y-%m-%dT%H:%M:%SZ")
        names = objects.names_of(service, hands.namespace, now, SERVER_IMAGE)
        if frame.deploys:
            self._deploy(service, objects.former(part.uri) if frame.deploys == "old" else part.uri)
        if frame.deployment is not None:
            hands.set_status("deployments", f"{name}-predictor", filled(frame.deployment, names))
        for key, status in frame.pods.items():
            self._pod(
                service, objects.former(part.uri) if key == "old" else part.uri, filled(status, names), scenario.log
            )
        for told in frame.events:
            self._tell(service, part, filled(told, names), now)
        if frame.serves is not None:
            part.serves = frame.serves
        if frame.service is not None:
            hands.set_status("inferenceservices", name, filled(frame.service, names))

    def _deploy(self, service: Object, uri: str) -> None:
        hands, name = self.hands, service["metadata"]["name"]
        made = objects.deployment(service, uri, SERVER_IMAGE)
        live = hands.get("deployments", f"{name}-predictor")
        if live is not None and live["metadata"]["ownerReferences"][0]["uid"] != service["metadata"]["uid"]:
            hands.delete("deployments", f"{name}-predictor")  # a former object's, that nobody has collected yet
            live = None
        if live is None:
            live = hands.create("deployments", made)
            if hands.get("services", f"{name}-predictor") is None:
                hands.create("services", objects.service_of(service))
        elif live["spec"]["template"]["metadata"]["annotations"][objects.SOURCE] != uri:
            hands.merge("deployments", f"{name}-predictor", {"spec": {"template": made["spec"]["template"]}})
        if hands.get("replicasets", objects.replica_set_name(name, uri)) is None:
            hands.create("replicasets", objects.replica_set(service, live, uri, SERVER_IMAGE))

    def _pod(self, service: Object, uri: str, status: Object | None, log: str) -> None:
        hands, name = self.hands, objects.pod_name(service["metadata"]["name"], uri)
        if status is None:
            hands.delete("pods", name)
            return
        if hands.get("pods", name) is None:
            owning = hands.get("replicasets", objects.replica_set_name(service["metadata"]["name"], uri))
            if owning is None:
                return
            hands.create("pods", objects.pod(service, owning, uri, SERVER_IMAGE, log=log))
        hands.set_status("pods", name, status)

    def _tell(self, service: Object, part: Part, told: dict[str, str], now: str) -> None:
        name = service["metadata"]["name"]
        plural, kind, version = KINDS[told["of"]]
        about = {
            "service": name,
            "deployment": f"{name}-predictor",
            "replicaset": objects.replica_set_name(name, part.uri),
            "pod": objects.pod_name(name, part.uri),
        }
        found = self.hands.get(plural, about[told["of"]])
        if found is not None:
            number = (int(self._clock().timestamp() * 1000) << 12) + next(self._numbers)
            self.hands.create("events", objects.event(found, kind, version, told, now, number=number))

    def _served(self, name: str) -> Object | None:
        """The InferenceService, if its predictor shall answer."""
        with self._lock:
            part = self.parts.get(name)
            return self.hands.get("inferenceservices", name) if part is not None and part.serves else None
