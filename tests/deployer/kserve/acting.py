"""What tests do to a cluster and wait for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from deployer.interfaces import CupPhase, CupSpec, CupStatus
from deployer.serving.kserve import KServeBackend
from tests.deployer.kserve.worlds import NAMESPACE
from tests.stubs.kube_api import KubeApi
from tests.stubs.kube_api.options import Options

PLURAL = "inferenceservices"


def until(met: Callable[[], Any], *, seconds: float = 60.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := met()):
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)
    return found


def in_phase(backend: KServeBackend, name: str, phase: CupPhase) -> CupStatus:
    def met() -> CupStatus | None:
        status = backend.status(name)
        return status if status.phase is phase else None

    found: CupStatus = until(met)
    return found


def serve(backend: KServeBackend, *cups: CupSpec) -> None:
    for cup in cups:
        backend.apply(cup)
    for cup in cups:
        in_phase(backend, cup.name, CupPhase.READY)


def edit(kube: KubeApi, name: str, patch: dict[str, Any], *, by: str = "kubectl-edit", plural: str = PLURAL) -> None:
    """What somebody does to an object by hand."""
    where = kube.target(plural, NAMESPACE, name)
    kube.operations.patch(where, "application/merge-patch+json", patch, Options(by))


def writes(kube: KubeApi) -> int:
    return sum(count for (verb, _), count in kube.counted().items() if verb in {"create", "update", "patch", "delete"})
