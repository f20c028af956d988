"""What registration may rely on, whoever brings the runtimes."""

from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from deployer.runtimes.catalogue import PortalRuntimeCatalogue
from registry.interfaces import RuntimeCatalogue
from tests.fakes.runtimes import FakeRuntimeCatalogue


@pytest.fixture(params=[PortalRuntimeCatalogue, FakeRuntimeCatalogue])
def catalogue(request: pytest.FixtureRequest) -> RuntimeCatalogue:
    made: RuntimeCatalogue = request.param()
    return made


def test_every_runtime_is_found_by_its_format(catalogue: RuntimeCatalogue) -> None:
    assert catalogue.all()
    for runtime in catalogue.all():
        found = catalogue.for_format(runtime.model_format)
        assert found is not None
        assert found.model_format == runtime.model_format


def test_an_unknown_format_has_no_runtime(catalogue: RuntimeCatalogue) -> None:
    assert catalogue.for_format("pickle") is None
    assert catalogue.for_format("") is None


def test_names_are_unique_and_versions_can_be_compared(catalogue: RuntimeCatalogue) -> None:
    names = [runtime.name for runtime in catalogue.all()]
    assert len(names) == len(set(names))
    for runtime in catalogue.all():
        assert runtime.label
        assert SpecifierSet(runtime.accepts).contains(Version(runtime.framework_version))
