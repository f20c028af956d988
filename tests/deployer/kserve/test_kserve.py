"""The KServe backend on a stand-in cluster: whose objects are touched, what is put back, and how few calls it takes."""

from __future__ import annotations

import logging
import os
import threading
import time
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from deployer.errors import ConflictError, OperatorError, PortalError, RuntimeUnavailableError, TransientError
from deployer.interfaces import CupPhase
from deployer.serving.cluster import Cluster
from deployer.serving.inference_service import inference_service, storage_uri
from deployer.serving.kserve import KServeBackend
from tests.deployer.kserve.acting import PLURAL, edit, in_phase, serve, until, writes
from tests.deployer.kserve.worlds import NAMESPACE, cluster, spec
from tests.stubs.kserve_player import Player
from tests.stubs.kserve_player.objects import pod_name
from tests.stubs.kube_api import KubeApi, admission


def test_a_cup_is_tried_before_it_is_applied_and_its_runtime_is_brought(
    backend: KServeBackend, kube: KubeApi, player: Player
) -> None:
    serve(backend, spec())

    patches = [entry.path for entry in kube.requests if entry.verb == "patch" and entry.resource == PLURAL]
    assert ["dryRun=All" in path for path in patches] == [True, False]
    assert all("fieldValidation=Strict" in path and "force=false" in path for path in patches)
    assert kube.get("servingruntimes", "portal-skops-sklearn", NAMESPACE) is not None


def test_a_cluster_that_alters_what_it_is_asked_for_gets_nothing(
    backend: KServeBackend, kube: KubeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a definition that lacks a field, or a policy that writes its own."""
    plain = admission.mutated

    def altering(obj: dict[str, Any]) -> dict[str, Any]:
        made = plain(obj)
        del made["spec"]["predictor"]["enableServiceLinks"]
        del made["spec"]["predictor"]["deploymentStrategy"]
        made["spec"]["predictor"]["model"]["resources"]["limits"]["cpu"] = "8"
        return made

    monkeypatch.setattr(admission, "mutated", altering)

    with pytest.raises(OperatorError, match=r"kserve\.altered") as refused:
        backend.apply(spec())

    assert refused.value.params["fields"] == "predictor.deploymentStrategy, predictor.model.resources.limits.cpu"
    assert kube.get(PLURAL, "cup-7", NAMESPACE) is None


def test_a_runtime_without_an_image_is_an_operators_matter(site: Cluster) -> None:
    bare = KServeBackend(replace(site, runtime_images={}))

    with pytest.raises(RuntimeUnavailableError, match=r"kserve\.runtime_image_unset"):
        bare.apply(spec())


def test_a_steady_cluster_is_not_asked_anything(backend: KServeBackend, kube: KubeApi, player: Player) -> None:
    cups = [spec(f"cup-{number}") for number in range(5)]
    serve(backend, *cups)
    before = len(kube.requests)

    for _look in range(50):
        assert {status.phase for status in backend.statuses().values()} == {CupPhase.READY}
        backend.apply(cups[0])

    assert len(kube.requests) == before
    assert len({request for request in player.asked if request[1].endswith("/ready")}) == len(cups)
    assert len(player.asked) == len(cups), "each replica was asked once"


class Caller(BaseHTTPRequestHandler):
    """A model server that tells which connection it was asked over."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        body = str(self.client_address[1]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Nothing is logged."""


def test_a_forked_process_shares_no_connection_to_a_model(site: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Caller) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.02,))
        serving.start()
        made = KServeBackend(replace(site, predictor_url=f"http://127.0.0.1:{server.server_port}"))
        ask = partial(made.request, "cup-7", method="GET", path="/", timeout=10.0)
        first, again = ask().body, ask().body
        monkeypatch.setattr(os, "getpid", lambda: -1)
        child = ask().body
        server.shutdown()
        serving.join()

    assert first == again != child


def test_a_cup_is_ready_only_when_the_model_itself_answers(
    backend: KServeBackend, kube: KubeApi, player: Player
) -> None:
    player.play("cup-7", "unreachable")
    backend.apply(spec())
    until(lambda: player.is_over("cup-7") and backend.status("cup-7") and player.asked)

    assert backend.status("cup-7").phase is CupPhase.STARTING
    player.play("cup-7", "ready")
    in_phase(backend, "cup-7", CupPhase.READY)


def test_what_was_changed_by_hand_is_told_and_put_back(
    backend: KServeBackend, kube: KubeApi, player: Player,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    serve(backend, spec())
    edit(kube, "cup-7", {"spec": {"predictor": {"model": {"resources": {"limits": {"memory": "64Gi"}}}}}})
    until(lambda: backend.status("cup-7").code == "kserve.drifted")

    with caplog.at_level(logging.WARNING):
        backend.apply(spec())

    live = kube.get(PLURAL, "cup-7", NAMESPACE)
    assert live is not None
    assert live["spec"] == inference_service(spec(), cluster())["spec"]
    assert "kubectl-edit" in caplog.text
    assert backend.status("cup-7").code == ""


def test_another_image_is_never_called_ready_and_is_put_back(
    backend: KServeBackend, kube: KubeApi, player: Player
) -> None:
    serve(backend, spec())
    other = "oci+native://registry.example/models/approved@sha256:" + "ff" * 32
    edit(kube, "cup-7", {"spec": {"predictor": {"model": {"storageUri": other}}}})

    status = in_phase(backend, "cup-7", CupPhase.FAILED)
    assert (status.code, status.image_digest) == ("kserve.image_replaced", "sha256:" + "ff" * 32)

    backend.apply(spec())
    assert backend.status("cup-7").image_digest == spec().image_digest


def test_a_sidecar_that_was_slipped_in_costs_the_whole_cup(
    backend: KServeBackend, kube: KubeApi, player: Player
) -> None:
    """Nothing of ours can take it out again, so the cup is made anew."""
    serve(backend, spec())
    before = backend.status("cup-7").identity
    edit(kube, "cup-7", {"spec": {"predictor": {"hostNetwork": True}}})
    until(lambda: backend.status("cup-7").code == "kserve.drifted")

    backend.apply(spec())
    in_phase(backend, "cup-7", CupPhase.ABSENT)
    serve(backend, spec())

    live = kube.get(PLURAL, "cup-7", NAMESPACE)
    assert live is not None
    assert "hostNetwork" not in live["spec"]["predictor"]
    assert backend.status("cup-7").identity != before


def test_a_cup_that_was_deleted_by_hand_is_absent_and_made_anew(
    backend: KServeBackend, kube: KubeApi, player: Player
) -> None:
    serve(backend, spec())
    kube.delete(PLURAL, "cup-7", NAMESPACE)

    in_phase(backend, "cup-7", CupPhase.ABSENT)
    serve(backend, spec())


def test_a_runtime_that_was_deleted_by_hand_is_brought_again(
    backend: KServeBackend, kube: KubeApi, player: Player
) -> None:
    player.play("cup-8", "controller_down")
    serve(backend, spec())
    kube.delete("servingruntimes", "portal-skops-sklearn", NAMESPACE)
    backend.apply(spec("cup-8"))
    failure = {"reason": "RuntimeNotRecognized", "message": "", "time": "2020-01-01T00:00:00Z"}
    states = {"targetModelState": "FailedToLoad", "activeModelState": ""}
    lost = {"transitionStatus": "InvalidSpec", "lastFailureInfo": failure, "states": states}
    old = {"type": "Ready", "status": "False", "lastTransitionTime": "2020-01-01T00:00:00Z"}
    kube.set_status(PLURAL, "cup-8", {"conditions": [old], "modelStatus": lost}, NAMESPACE)
    backend._clock = lambda: time.time() + 30
    until(lambda: backend.status("cup-8").code == "kserve.no_runtime")

    backend.apply(spec("cup-8"))

    assert kube.get("servingruntimes", "portal-skops-sklearn", NAMESPACE) is not None


def test_deletion_takes_as_long_as_its_finalizers(backend: KServeBackend, kube: KubeApi, player: Player) -> None:
    player.play("cup-7", "stuck_delete")
    serve(backend, spec())

    backend.delete("cup-7")
    assert backend.status("cup-7").phase is CupPhase.STOPPING
    before = writes(kube)
    backend.delete("cup-7")
    assert writes(kube) == before, "it is asked for once"
    with pytest.raises(TransientError, match=r"kserve\.still_stopping"):
        backend.apply(spec())
    backend._clock = lambda: time.time() + 400
    assert backend.status("cup-7").code == "kserve.stuck_delete"

    player.play("cup-7", "ready")
    in_phase(backend, "cup-7", CupPhase.ABSENT)


def test_two_portals_on_one_namespace_leave_each_others_cups_alone(
    backend: KServeBackend, kube: KubeApi, player: Player, site: Cluster
) -> None:
    other = KServeBackend(replace(site, portal="other", predictor_url=player.url_of("{name}")))
    serve(backend, spec())
    try:
        assert other.statuses() == {}
        with pytest.raises(OperatorError, match=r"kserve\.name_not_ours"):
            other.apply(spec(version="9"))
        other.delete("cup-7")
        other.stop_all()
        serve(other, spec("cup-8"))
        assert (set(other.statuses()), set(backend.statuses())) == ({"cup-8"}, {"cup-7"})
    finally:
        other.close()
    assert backend.status("cup-7").phase is CupPhase.READY


def test_an_object_that_somebody_made_by_that_name_is_not_taken_over(
    backend: KServeBackend, kube: KubeApi, player: Player
) -> None:
    made = inference_service(spec(version="9"), cluster())
    made["metadata"]["labels"] = {}
    kube.create(PLURAL, made, NAMESPACE)

    with pytest.raises(OperatorError, match=r"kserve\.name_not_ours"):
        backend.apply(spec())
    backend.delete("cup-7")

    live = kube.get(PLURAL, "cup-7", NAMESPACE)
    assert live is not None
    assert not live["metadata"].get("deletionTimestamp")


def test_a_name_stands_for_one_cup(backend: KServeBackend, kube: KubeApi, player: Player) -> None:
    serve(backend, spec())

    with pytest.raises(ConflictError, match=r"serving\.name_taken"):
        backend.apply(spec(version="4"))


def test_a_cup_that_breaks_a_rule_never_leaves_the_portal(site: Cluster, kube: KubeApi) -> None:
    careless = KServeBackend(replace(site, service_account="default"))

    with pytest.raises(OperatorError, match=r"kserve\.unrestricted"):
        careless.apply(spec())

    careless.close()
    assert kube.get(PLURAL, "cup-7", NAMESPACE) is None


def test_an_event_tells_what_no_status_does(backend: KServeBackend, kube: KubeApi, player: Player) -> None:
    player.play("cup-7", "controller_down")
    backend.apply(spec())
    told = {
        "metadata": {"name": "cup-7.1"}, "type": "Warning", "reason": "InternalError",
        "message": "StorageURI not supported: oci+native://", "lastTimestamp": "2096-01-01T00:00:00Z",
        "involvedObject": {"kind": "InferenceService", "name": "cup-7", "namespace": NAMESPACE},
    }  # fmt: skip
    former = {"metadata": {"name": "cup-7.0"}, "lastTimestamp": "2016-01-01T00:00:00Z", "message": "exceeded quota"}
    for event in ({**told, **former, "reason": "FailedCreate"}, told):
        kube.create("events", event, NAMESPACE)
    backend._clock = lambda: time.time() + 30

    assert backend.status("cup-7").phase is CupPhase.STARTING
    assert until(lambda: backend.status("cup-7").code) == "kserve.scheme_unsupported"
    assert kube.counted()[("list", "events")] == 1


def test_the_log_is_that_of_the_run_and_of_the_one_before(
    backend: KServeBackend, kube: KubeApi, player: Player
) -> None:
    serve(backend, spec())
    pod = pod_name("cup-7", storage_uri(spec(), cluster()))
    kube.logs[(NAMESPACE, pod, "kserve-container", True)] = "it ended\n"
    kube.logs[(NAMESPACE, pod, "kserve-container", False)] = "it began\n"
    player.play("cup-7", "killed_and_back")
    until(lambda: backend.status("cup-7").restarts)

    assert backend.logs("cup-7") == "it ended\nit began\n"
    assert backend.logs("cup-7", max_bytes=6) == "began\n"
    assert backend.logs("cup-8") == ""


def test_what_a_gateway_says_in_a_cups_place_is_no_answer(site: Cluster, player: Player) -> None:
    backend = KServeBackend(replace(site, predictor_url=player.url_of("{name}")))

    with pytest.raises(TransientError, match=r"serving\.unreachable"):
        backend.request("cup-1", method="GET", path="/v2/health/live", timeout=60)
    with pytest.raises(PortalError, match=r"serving\.bad_path"):
        backend.request("cup-1", method="GET", path="/v2/\r\nx: y", timeout=60)
