"""The runtimes that the portal brings along, each with exact pins."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from deployer.interfaces import RuntimeDefinition
from registry.interfaces import RuntimeInfo

_REQUIREMENTS = Path(__file__).parent / "requirements"

# `accepts` is the range between the oldest and newest release whose files were loaded and answered under these pins.
RUNTIMES: tuple[RuntimeDefinition, ...] = (
    RuntimeDefinition(
        name="skops-sklearn",
        label="scikit-learn 1.5 (skops)",
        model_format="skops",
        framework="sklearn",
        framework_version="1.5.2",
        accepts=">=1.3,<1.6",
        requirements=_REQUIREMENTS / "sklearn.txt",
        adapter="sklearn_adapter.py",
        kserve_format="sklearn",
    ),
    RuntimeDefinition(
        name="xgboost-json",
        label="XGBoost 2.1 (JSON)",
        model_format="xgboost-json",
        framework="xgboost",
        framework_version="2.1.4",
        accepts=">=1.6,<3.1",
        requirements=_REQUIREMENTS / "xgboost.txt",
        adapter="xgboost_adapter.py",
        kserve_format="xgboost",
    ),
    RuntimeDefinition(
        name="xgboost-ubj",
        label="XGBoost 2.1 (UBJSON)",
        model_format="xgboost-ubj",
        framework="xgboost",
        framework_version="2.1.4",
        accepts=">=1.6,<3.1",
        requirements=_REQUIREMENTS / "xgboost.txt",
        adapter="xgboost_adapter.py",
        kserve_format="xgboost",
    ),
    RuntimeDefinition(
        name="lightgbm",
        label="LightGBM 4.6 (text)",
        model_format="lightgbm-text",
        framework="lightgbm",
        framework_version="4.6.0",
        accepts=">=3,<5",
        requirements=_REQUIREMENTS / "lightgbm.txt",
        adapter="lightgbm_adapter.py",
        kserve_format="lightgbm",
    ),
    RuntimeDefinition(
        name="onnx",
        label="ONNX Runtime 1.32",
        model_format="onnx",
        framework="onnx",
        framework_version="1.32.0",
        accepts="",
        requirements=_REQUIREMENTS / "onnx.txt",
        adapter="onnx_adapter.py",
        kserve_format="onnx",
    ),
)


class PortalRuntimeCatalogue:
    """`registry.interfaces.RuntimeCatalogue` over runtime definitions."""

    def __init__(self, runtimes: Sequence[RuntimeDefinition] = RUNTIMES) -> None:
        self._runtimes = tuple(_info(runtime) for runtime in runtimes)

    def all(self) -> Sequence[RuntimeInfo]:
        """Every runtime, in the order in which pages list them."""
        return self._runtimes

    def for_format(self, model_format: str) -> RuntimeInfo | None:
        """The first runtime that serves this format, or None."""
        return next((runtime for runtime in self._runtimes if runtime.model_format == model_format), None)


def _info(runtime: RuntimeDefinition) -> RuntimeInfo:
    return RuntimeInfo(
        name=runtime.name,
        label=runtime.label,
        model_format=runtime.model_format,
        framework=runtime.framework,
        framework_version=runtime.framework_version,
        accepts=runtime.accepts,
    )
