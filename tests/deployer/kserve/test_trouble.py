"""A cluster that is slow, away, forgetful or refuses: each ends well by itself, or says who must act."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployer.errors import OperatorError, PortalError, TransientError
from deployer.interfaces import CupPhase
from deployer.serving import cluster_view, reflector
from deployer.serving.cluster import Cluster
from deployer.serving.kserve import KServeBackend
from deployer.serving.kubernetes_api import KubernetesApi
from tests.deployer.kserve.acting import PLURAL, in_phase, serve, until
from tests.deployer.kserve.worlds import NAMESPACE, spec
from tests.stubs.kserve_player import Player
from tests.stubs.kube_api import KubeApi


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"status": 500}, "kserve.api_busy"),
        ({"status": 429}, "kserve.api_busy"),
        ({"status": 409, "message": "the object has been modified"}, "kserve.api_busy"),
        ({"status": 410}, "kserve.api_busy"),
        ({"status": 401}, "kserve.credentials"),
        ({"status": 403, "message": "no"}, "kserve.forbidden"),
        (
            {"status": 403, "message": 'admission webhook "policy.example" denied the request: no'},
            "kserve.webhook_denied",
        ),
        ({"status": 422, "message": "bad"}, "kserve.rejected"),
        ({"cut": "before"}, "kserve.api_unreachable"),
    ],
    ids=lambda value: str(value)[:40],
)
@pytest.mark.usefixtures("soon_again")
def test_a_write_that_fails_leaves_nothing_half_done_and_succeeds_later(
    backend: KServeBackend, kube: KubeApi, fault: dict[str, Any], code: str
) -> None:
    ordered = kube.fail(verb="patch", resource=PLURAL, times=-1, **fault)

    with pytest.raises(PortalError) as failed:
        backend.apply(spec())
    kube.faults.ordered.remove(ordered)

    assert failed.value.code == code
    assert backend.status("cup-7").phase is CupPhase.ABSENT
    serve(backend, spec())


def test_a_cluster_that_is_away_is_not_one_without_cups(
    backend: KServeBackend, kube: KubeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was seen last holds for a minute, then nothing is claimed any more; afterwards all is as before."""
    monkeypatch.setattr(reflector, "LONGEST_PAUSE", 0.1)
    serve(backend, spec())

    with kube.down():
        until(lambda: backend._view().services.failure)
        assert backend.status("cup-7").phase is CupPhase.READY
        monkeypatch.setattr(cluster_view, "STALE_SECONDS", 0.0)
        with pytest.raises(TransientError, match=r"kserve\.api_unreachable"):
            backend.statuses()
        assert backend.request("cup-7", method="GET", path="/v2/models/article-quality", timeout=60).status == 200
    before = backend._view().services.all()

    monkeypatch.setattr(cluster_view, "STALE_SECONDS", 60.0)
    until(lambda: backend._view().services.silence == 0.0)
    assert backend.statuses()["cup-7"].phase is CupPhase.READY
    assert backend._view().services.all() == before


@pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=pytest.mark.long)])
@pytest.mark.parametrize("trouble", ["cut", "gone", "storm", "slow", "compacted"])
@pytest.mark.usefixtures("soon_again")
def test_a_watch_that_breaks_misses_nothing(
    backend: KServeBackend, kube: KubeApi, player: Player, *, monkeypatch: pytest.MonkeyPatch, trouble: str, rounds: int
) -> None:
    serve(backend, spec())
    before = len(kube.requests)
    if trouble == "slow":
        monkeypatch.setattr(KubernetesApi._send, "__kwdefaults__", {"read_timeout": 0.3})

    for number in range(rounds):
        disturb(kube, trouble, number)
        player.play("cup-7", "killed")
        in_phase(backend, "cup-7", CupPhase.FAILED)
        player.play("cup-7", "killed_and_back")
        in_phase(backend, "cup-7", CupPhase.READY)

    assert len(kube.requests) - before < rounds * 3 * 20, "no hot loop"
    assert [one["metadata"]["name"] for one in kube.objects if one["kind"] == "InferenceService"] == ["cup-7"]


def disturb(kube: KubeApi, trouble: str, number: int) -> None:
    if trouble == "gone":
        kube.fail(verb="watch", status=410)
    elif trouble == "storm":
        kube.fail(verb="watch", status=(429, 500, 503)[number % 3])
        kube.fail(verb="list", status=500)
    elif trouble == "slow":
        kube.fail(verb="watch", status=410)
        kube.fail(verb="list", delay=0.6)
    elif trouble == "compacted":
        kube.compact()
    kube.cut_watches()


@pytest.mark.usefixtures("soon_again")
def test_missing_rights_and_kinds_are_told_by_the_first_question(kube: KubeApi, site: Cluster, tmp_path: Path) -> None:
    kube.create("serviceaccounts", {"metadata": {"name": "portal"}}, NAMESPACE)
    config = kube.kubeconfig(tmp_path / "other", token=kube.token_for(NAMESPACE, "portal"))
    poor = KServeBackend(replace(site, kubeconfig=str(config)))

    with pytest.raises(OperatorError, match=r"kserve\.forbidden"):
        until(poor.statuses)
    poor.close()

    with KubeApi(without=(PLURAL,)) as bare:
        empty = KServeBackend(replace(site, kubeconfig=str(bare.kubeconfig(tmp_path / "bare"))))
        with pytest.raises(OperatorError, match=r"kserve\.crd_missing"):
            until(empty.statuses)
        empty.close()
