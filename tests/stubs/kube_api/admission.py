"""What KServe's webhooks change and refuse (reference: pkg/apis/serving/v1beta1 of KServe)."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

from tests.stubs.kube_api import statuses
from tests.stubs.kube_api.statuses import Object

ISVC_WEBHOOK = "inferenceservice.kserve-webhook-server.validator"
RUNTIME_WEBHOOK = "servingruntime.kserve-webhook-server.validator"
MODE = "serving.kserve.io/deploymentMode"
AUTOSCALER = "serving.kserve.io/autoscalerClass"
LEGACY_MODES = {"Serverless": "Knative", "RawDeployment": "Standard"}
FRAMEWORKS = (
    "sklearn", "xgboost", "tensorflow", "pytorch", "triton", "onnx", "huggingface", "pmml", "lightgbm", "paddle",
)  # fmt: skip
NAME = re.compile(r"^[a-z]([-a-z0-9]*[a-z0-9])?$")
DEFAULT_RESOURCES = {"cpu": "1", "memory": "2Gi"}


def mutated(obj: Object) -> Object:
    """The InferenceService after the defaulter: the modes' new names, resources, older spellings as `model`."""
    made = copy.deepcopy(obj)
    annotations = made["metadata"].get("annotations") or {}
    if annotations.get(MODE) in LEGACY_MODES:
        annotations[MODE] = LEGACY_MODES[annotations[MODE]]
    predictor = made.get("spec", {}).get("predictor", {})
    for name in FRAMEWORKS:
        if name in predictor and "model" not in predictor:
            old = predictor.pop(name)
            predictor["model"] = {**old, "modelFormat": {"name": name}}
    if isinstance(predictor.get("model"), dict):
        resources = predictor["model"].setdefault("resources", {})
        for kind in ("requests", "limits"):
            resources[kind] = {**DEFAULT_RESOURCES, **resources.get(kind, {})}
    return made


def check_inference_service(obj: Object, before: Object | None) -> None:
    """Raises the webhook's denial."""
    for why in _isvc_denials(obj, before):
        raise statuses.denied(ISVC_WEBHOOK, why)


def _isvc_denials(obj: Object, before: Object | None) -> Iterator[str]:
    name = obj["metadata"]["name"]
    predictor: dict[str, Any] = obj["spec"]["predictor"]
    annotations = obj["metadata"].get("annotations") or {}
    if not NAME.match(name):
        yield (
            f'the InferenceService "{name}" is invalid: a InferenceService name must consist of lower case '
            "alphanumeric characters or '-', and must start with alphabetical character. "
            '(e.g. "my-name" or "abc-123", regex used for validation is \'^[a-z]([-a-z0-9]*[a-z0-9])?$\')'
        )
    if annotations.get(AUTOSCALER, "hpa") not in {"hpa", "keda", "external", "none"}:
        yield f"[{annotations[AUTOSCALER]}] is not a supported autoscaler class type."
    custom = [one for one in predictor.get("containers", []) if one["name"] == "kserve-container"]
    found = [one for one in (*FRAMEWORKS, "model") if predictor.get(one) is not None]
    if len(found) + bool(custom) != 1:
        known = "Custom, ONNX, Triton, XGBoost, SKLearn, TensorFlow, PyTorch, ..."
        yield f"Exactly one of [{known}] must be specified in PredictorSpec"
    model = predictor.get("model") or {}
    if model.get("name"):
        yield "the container name field must be empty"
    for container in (model, *predictor.get("containers", [])):
        if any(variable["name"] == "PYTHONPATH" for variable in container.get("env", [])):
            yield 'environment variable(s) "PYTHONPATH" not allowed'
    if model.get("storageUri") and predictor.get("storageUris"):
        yield "StorageURI and StorageUris cannot be set at the same time"
    yield from _scaling_denials(predictor, annotations)
    if before is not None:
        yield from _change_denials(obj, before)


def _scaling_denials(predictor: dict[str, Any], annotations: dict[str, str]) -> Iterator[str]:
    least, most = predictor.get("minReplicas"), predictor.get("maxReplicas")
    if least is not None and least < 0:
        yield "MinReplicas cannot be less than 0"
    if most is not None and most < 0:
        yield "MaxReplicas cannot be less than 0"
    if most and least is not None and least > most:
        yield "MinReplicas cannot be greater than MaxReplicas"
    if predictor.get("containerConcurrency", 0) < 0:
        yield "ParallelismTarget cannot be less than 0"
    yield from _metric_denials(predictor, annotations)


def _metric_denials(predictor: dict[str, Any], annotations: dict[str, str]) -> Iterator[str]:
    standard = annotations.get(MODE) == "Standard"
    metric, target = predictor.get("scaleMetric"), predictor.get("scaleTarget")
    if standard and annotations.get(AUTOSCALER, "hpa") == "hpa":
        if metric not in {None, "cpu", "memory"}:
            yield f"[{metric}] is not a supported metric"
        if target is not None and not 1 <= target <= 100:
            yield "the target utilization percentage should be a [1-100] integer."
    if not standard:
        if metric not in {None, "concurrency", "rps"}:
            yield f"[{metric}] is not a supported metric"
        if predictor.get("deploymentStrategy"):
            yield "deploymentStrategy is only supported in Standard mode"


def _change_denials(obj: Object, before: Object) -> Iterator[str]:
    fixed = (before.get("status") or {}).get("deploymentMode")
    mode = (obj["metadata"].get("annotations") or {}).get(MODE)
    if fixed and mode and mode != fixed:
        yield (
            f"update rejected: deploymentMode cannot be changed from '{fixed}' to '{mode}'"
        )  # fmt: skip


def check_serving_runtime(obj: Object, others: list[Object]) -> None:
    """Raises a denial where one model format has one priority twice for a protocol."""
    if obj["spec"].get("disabled"):
        return
    mine = set(_priorities(obj))
    for other in others:
        same = [] if other["spec"].get("disabled") else sorted(mine & set(_priorities(other)))
        if same and other["metadata"]["name"] != obj["metadata"]["name"]:
            name, priority, _protocol = same[0]
            raise statuses.denied(
                RUNTIME_WEBHOOK,
                f"same priority assigned for the model format {name} in the servingruntimes "
                f"{obj['metadata']['name']} and {other['metadata']['name']}: {json.dumps(priority)}",
            )


def _priorities(runtime: Object) -> Iterator[tuple[str, int, str]]:
    for one in runtime["spec"].get("supportedModelFormats", []):
        if one.get("autoSelect") and one.get("priority") is not None:
            for protocol in runtime["spec"].get("protocolVersions", ["v1"]):
                yield one["name"], one["priority"], protocol
