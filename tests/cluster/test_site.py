"""The cases' own namespace is left on nobody's cluster."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kubernetes.dynamic.exceptions import ResourceNotFoundError

from tests.cluster.site import Real, prepared
from tests.stubs.kube_api import KubeApi


@pytest.mark.skipif(bool(os.environ.get("TEST_CLUSTER")), reason="a cluster that answers well shows nothing of it")
def test_the_namespace_goes_even_if_the_cluster_cannot_say_what_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(**_wanted: str) -> None:
        raise ResourceNotFoundError("the kind is not served any more")

    def visit(api: KubeApi) -> None:
        kubeconfig = api.kubeconfig(tmp_path / "kubeconfig")
        with prepared(kubeconfig, tmp_path, real=Real(predictors="http://predictors.example")) as site:
            assert api.get("namespaces", site.namespace) is not None
            monkeypatch.setattr(site.admin.resources, "get", lost)

    with KubeApi() as api:
        with pytest.raises(ResourceNotFoundError):
            visit(api)
        assert [
            each for each in api.objects if each["kind"] == "Namespace" and "test" in each["metadata"]["name"]
        ] == []
