from __future__ import annotations

import re

import pytest

from deployer.interfaces import RuntimeDefinition
from deployer.runtimes.catalogue import RUNTIMES, PortalRuntimeCatalogue
from deployer.serving.sandbox import SERVER_DIR
from registry.inspection.formats import ModelFormat
from registry.interfaces import RuntimeCatalogue

DISTRIBUTIONS = {
    "sklearn": "scikit-learn",
    "xgboost": "xgboost-cpu",
    "lightgbm": "lightgbm",
    "onnx": "onnxruntime",
}
each = pytest.mark.parametrize("runtime", RUNTIMES, ids=lambda runtime: runtime.name)


def pins(runtime: RuntimeDefinition) -> dict[str, str]:
    lines = [
        line for line in runtime.requirements.read_text().splitlines() if line and not line.lstrip().startswith("#")
    ]
    found = [re.fullmatch(r"([a-z0-9-]+)==([0-9a-z.]+)", line) for line in lines]
    assert all(found), lines
    return {match[1]: match[2] for match in found if match}


@each
def test_every_package_of_a_runtime_has_one_exact_version(runtime: RuntimeDefinition) -> None:
    assert {"kserve", "uvicorn", "numpy"} <= pins(runtime).keys()


@each
def test_the_stated_framework_version_is_the_installed_one(runtime: RuntimeDefinition) -> None:
    assert pins(runtime)[DISTRIBUTIONS[runtime.framework]] == runtime.framework_version


@each
def test_the_adapter_is_there(runtime: RuntimeDefinition) -> None:
    assert (SERVER_DIR / runtime.adapter).is_file()


@each
def test_the_accepted_writers_are_a_specifier_set(runtime: RuntimeDefinition) -> None:
    clause = r"(==|!=|<=|>=|<|>|~=)\d+(\.\d+)*"
    assert re.fullmatch(rf"({clause}(,{clause})*)?", runtime.accepts)


def test_a_runtime_serves_a_format_that_the_gate_knows() -> None:
    formats = [runtime.model_format for runtime in RUNTIMES]
    assert len(set(formats)) == len(formats)
    assert {str(known) for known in ModelFormat} >= set(formats)


def test_the_catalogue_finds_a_runtime_by_format() -> None:
    catalogue: RuntimeCatalogue = PortalRuntimeCatalogue()
    assert [info.name for info in catalogue.all()] == [runtime.name for runtime in RUNTIMES]
    found = catalogue.for_format("onnx")
    assert found is not None
    assert (found.name, found.framework) == ("onnx", "onnx")
    assert catalogue.for_format("pickle") is None
