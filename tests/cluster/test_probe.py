"""`check_backends` on the cluster, with the portal's own rights."""

from __future__ import annotations

from deployer.probes.cluster import OLDEST_KUBERNETES, ClusterProbe
from deployer.serving.kubernetes_api import KubernetesApi
from registry.interfaces import Verdict
from tests.cluster.site import Site


def test_the_portal_finds_its_cluster_fit_with_the_rights_that_it_has(site: Site) -> None:
    findings = list(ClusterProbe(site.cluster, KubernetesApi).ask())
    old = site.version < OLDEST_KUBERNETES
    assert [finding.code for finding in findings if finding.verdict is Verdict.FAIL] == ["probe.cluster_old"] * old
    codes = {finding.code for finding in findings}
    assert {"probe.cluster_old" if old else "probe.cluster", "probe.gateway", "probe.kserve_mode"} <= codes
