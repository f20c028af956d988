"""A runtime catalogue that a test fills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from registry.interfaces import RuntimeInfo

XGBOOST = RuntimeInfo(
    name="xgboost-json",
    label="XGBoost 2.1",
    model_format="xgboost-json",
    framework="xgboost",
    framework_version="2.1.4",
    accepts=">=1.6,<3.1",
)


@dataclass
class FakeRuntimeCatalogue:
    """`registry.interfaces.RuntimeCatalogue` over a list."""

    runtimes: list[RuntimeInfo] = field(default_factory=lambda: [XGBOOST])

    def all(self) -> Sequence[RuntimeInfo]:
        return tuple(self.runtimes)

    def for_format(self, model_format: str) -> RuntimeInfo | None:
        return next((runtime for runtime in self.runtimes if runtime.model_format == model_format), None)
