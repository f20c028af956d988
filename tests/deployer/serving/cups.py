"""Local cups for tests: the runtimes' environments, models to serve, and a way to wait for them."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from deployer.interfaces import (
    BlobReader,
    CupPhase,
    CupSpec,
    CupStatus,
    FileEntry,
    LocalServingConfig,
    ServingBackend,
)
from deployer.runtimes.catalogue import RUNTIMES
from tests.fakes.blobs import InMemoryBlobStore

ROOT = Path(__file__).resolve().parents[3]
MODELS = ROOT / "tests" / "data" / "serving"
ENVIRONMENTS = Path(os.environ.get("MODEL_COMMONS_TEST_ENVIRONMENTS", str(ROOT / "var" / "environments")))

# The probe runs in the XGBoost environment, which some other test needs anyway.
XGBOOST = next(runtime for runtime in RUNTIMES if runtime.name == "xgboost-json")
PROBE = replace(XGBOOST, name="probe", adapter=str(MODELS / "adapters" / "probe.py"))


def config(state_dir: Path, blobs: BlobReader, **changes: Any) -> LocalServingConfig:
    settings = LocalServingConfig(
        state_dir=state_dir, environments_dir=ENVIRONMENTS, runtimes=(*RUNTIMES, PROBE), blobs=blobs
    )
    return replace(settings, **changes)


def cup(
    blobs: InMemoryBlobStore,
    name: str = "cup",
    *,
    runtime: str = "xgboost-json",
    file: str = "binary.json",
    **more: Any,
) -> CupSpec:
    """A cup that serves one of the test models."""
    return cup_of(blobs, (MODELS / file).read_bytes(), name, runtime=runtime, path=file, **more)


def cup_of(
    blobs: InMemoryBlobStore, content: bytes, name: str = "cup", *, runtime: str, path: str = "model.json", **more: Any
) -> CupSpec:
    """A cup that serves these bytes."""
    sha256 = blobs.add(content)
    return CupSpec(
        name=name,
        model_name="article-quality",
        version="3",
        runtime=runtime,
        image_digest="sha256:" + hashlib.sha256(sha256.encode()).hexdigest(),
        files=(FileEntry(path=path, sha256=sha256, size=len(content)),),
        **more,
    )


def settled(backend: ServingBackend, name: str, *, within: float = 60.0) -> CupStatus:
    """The status once the cup no longer starts."""
    deadline = time.monotonic() + within
    while (status := backend.status(name)).phase is CupPhase.STARTING:
        assert time.monotonic() < deadline, f"still starting: {backend.logs(name)}"
        time.sleep(0.02)
    return status


def serve(backend: ServingBackend, spec: CupSpec) -> CupStatus:
    """Apply and wait until the model answers."""
    backend.apply(spec)
    status = settled(backend, spec.name)
    assert status.phase is CupPhase.READY, f"{status} {backend.logs(spec.name)}"
    return status


def tensor(data: Sequence[Any], *, shape: Sequence[int], datatype: str = "FP64", name: str = "input-0") -> Any:
    """One input of a V2 request."""
    return {"name": name, "shape": list(shape), "datatype": datatype, "data": list(data)}


def post(backend: ServingBackend, name: str, path: str, content: Any, *, timeout: float = 60.0) -> tuple[int, Any]:
    """Status and decoded body of a JSON request."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    answer = backend.request(
        name, method="POST", path=path, body=body, content_type="application/json", timeout=timeout
    )
    return answer.status, json.loads(answer.body)


def infer(backend: ServingBackend, name: str, *inputs: Any, timeout: float = 60.0, **more: Any) -> tuple[int, Any]:
    """Status and decoded body of a V2 inference."""
    return post(backend, name, "/v2/models/article-quality/infer", {"inputs": list(inputs), **more}, timeout=timeout)


def probe(backend: ServingBackend, name: str, *probes: str) -> list[str]:
    """What each probe came to."""
    status, answer = infer(backend, name, tensor(probes, shape=[len(probes)], datatype="BYTES"))
    assert status == 200, answer
    results: list[str] = answer["outputs"][0]["data"]
    return results
