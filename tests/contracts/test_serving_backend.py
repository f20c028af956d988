"""What every serving backend promises."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from deployer.errors import ConflictError, IntegrityError, RuntimeUnavailableError, TransientError
from deployer.interfaces import CupPhase, CupSpec, ServingBackend
from deployer.runtimes.environments import RuntimeEnvironments
from deployer.serving.kserve import KServeBackend
from deployer.serving.local import LocalServingBackend
from tests.deployer.kserve.worlds import NAMESPACE, cluster
from tests.deployer.serving import cups
from tests.fakes.blobs import InMemoryBlobStore
from tests.fakes.serving import FakeServingBackend
from tests.stubs.kserve_player import Player, StandInHands
from tests.stubs.kube_api import KubeApi

ROW = cups.tensor([1.0, 2.0, 3.0, 4.0], shape=[1, 4])


@dataclass
class Setting:
    """A backend, its content store, a cup to serve, and how to end the cup's replica from outside.

    `revive` is what brings a dead replica back besides being applied again: on a cluster the kubelet does.
    `reads_bytes`: the content store is read, not a registry that knows images by digest. `measures`: memory is told.
    """

    backend: ServingBackend
    blobs: InMemoryBlobStore
    spec: CupSpec
    kill: Callable[[str], None]
    revive: Callable[[str], None] = lambda _name: None
    reads_bytes: bool = True
    measures: bool = True


@contextmanager
def local_setting(tmp_path: Path, blobs: InMemoryBlobStore) -> Iterator[Setting]:
    RuntimeEnvironments(cups.ENVIRONMENTS).ensure(cups.XGBOOST)
    backend = LocalServingBackend(cups.config(tmp_path / "cups", blobs))

    def kill(name: str) -> None:
        os.kill(int(backend.status(name).identity.partition(":")[0]), signal.SIGKILL)
        deadline = time.monotonic() + 60
        while backend.status(name).phase is not CupPhase.FAILED:
            assert time.monotonic() < deadline

    yield Setting(backend, blobs, cups.cup(blobs), kill)


@contextmanager
def fake_setting(_tmp_path: Path, blobs: InMemoryBlobStore) -> Iterator[Setting]:
    backend = FakeServingBackend(blobs=blobs, runtimes=frozenset({"xgboost-json"}))
    yield Setting(backend, blobs, cups.cup(blobs), backend.kill)


@contextmanager
def kserve_setting(tmp_path: Path, blobs: InMemoryBlobStore) -> Iterator[Setting]:
    with KubeApi() as kube:
        kube.create("namespaces", {"metadata": {"name": NAMESPACE}})
        with Player(StandInHands(kube, NAMESPACE)) as player:
            config = kube.kubeconfig(tmp_path / "kubeconfig")
            backend = KServeBackend(cluster(kubeconfig=str(config), predictor_url=player.url_of("{name}")))

            def play(name: str, scenario: str, phase: CupPhase) -> None:
                player.play(name, scenario)
                deadline = time.monotonic() + 60
                while (status := backend.status(name)).phase is not phase or (
                    phase is CupPhase.READY and not status.restarts
                ):
                    assert time.monotonic() < deadline
                    time.sleep(0.02)

            yield Setting(
                backend,
                blobs,
                cups.cup(blobs),
                kill=lambda name: play(name, "killed", CupPhase.FAILED),
                revive=lambda name: play(name, "killed_and_back", CupPhase.READY),
                reads_bytes=False,
                measures=False,
            )
            backend.close()


@pytest.fixture(
    params=[pytest.param(local_setting, marks=pytest.mark.runtimes), kserve_setting, fake_setting],
    ids=["local", "kserve", "fake"],
)
def setting(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Setting]:
    folder = tmp_path / "blobs"
    folder.mkdir()
    with request.param(tmp_path, InMemoryBlobStore(folder)) as made:
        yield made
        made.backend.stop_all()


def gone(backend: ServingBackend, name: str) -> CupPhase:
    """The phase once a deletion is through; a cluster takes its time."""
    deadline = time.monotonic() + 60
    while (phase := backend.status(name).phase) is CupPhase.STOPPING:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return phase


def test_an_unknown_cup_is_absent_and_every_question_about_it_has_an_answer(setting: Setting) -> None:
    backend = setting.backend
    backend.delete("nothing")
    assert backend.status("nothing").phase is CupPhase.ABSENT
    assert backend.logs("nothing") == ""
    assert backend.statuses() == {}
    with pytest.raises(TransientError, match=r"serving\.unreachable"):
        backend.request("nothing", method="GET", path="/v2/health/live", timeout=60)


def test_an_applied_cup_becomes_ready_and_answers_under_its_name_and_version(setting: Setting) -> None:
    first = setting.backend.apply(setting.spec)
    assert first.phase in (CupPhase.STARTING, CupPhase.READY)
    status = cups.settled(setting.backend, "cup")
    assert (status.phase, status.image_digest, status.code) == (CupPhase.READY, setting.spec.image_digest, "")
    assert status.identity
    assert status.started_at is not None
    assert status.ready_at is not None
    assert status.ready_at >= status.started_at
    assert status.peak_memory_bytes is not None or not setting.measures
    code, answer = cups.infer(setting.backend, "cup", ROW)
    assert (code, answer["model_name"], answer["model_version"]) == (200, "article-quality", "3")
    assert answer["outputs"][0]["shape"] == [1]
    assert set(setting.backend.statuses()) == {"cup"}


def test_applying_again_changes_nothing(setting: Setting) -> None:
    before = cups.serve(setting.backend, setting.spec)
    setting.backend.apply(setting.spec)
    after = setting.backend.status("cup")
    assert (after.identity, after.restarts, after.phase) == (before.identity, 0, CupPhase.READY)


def test_a_name_stands_for_one_version_for_ever(setting: Setting) -> None:
    cups.serve(setting.backend, setting.spec)
    with pytest.raises(ConflictError, match=r"serving\.name_taken"):
        setting.backend.apply(replace(setting.spec, version="4"))
    assert cups.infer(setting.backend, "cup", ROW)[1]["model_version"] == "3"


def test_what_was_killed_is_failed_until_it_is_back(setting: Setting) -> None:
    before = cups.serve(setting.backend, setting.spec)
    setting.kill("cup")
    dead = setting.backend.status("cup")
    assert (dead.phase, dead.code, dict(dead.params)) == (CupPhase.FAILED, "serving.killed", {"signal": 9})
    with pytest.raises(TransientError, match=r"serving\.unreachable"):
        cups.infer(setting.backend, "cup", ROW)
    setting.revive("cup")
    after = cups.serve(setting.backend, setting.spec)
    assert after.restarts == 1
    assert after.identity != before.identity


def test_changed_bytes_are_never_served(setting: Setting) -> None:
    if not setting.reads_bytes:
        assert setting.spec.image_digest in cups.serve(setting.backend, setting.spec).image_digest
        return
    entry = setting.spec.files[0]
    path = setting.blobs.local_path(entry.sha256)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)
    with pytest.raises(IntegrityError, match=r"serving\.bytes_changed"):
        setting.backend.apply(setting.spec)
    assert setting.backend.status("cup").phase is CupPhase.ABSENT


def test_a_runtime_that_is_not_there_is_the_operators_matter(setting: Setting) -> None:
    with pytest.raises(RuntimeUnavailableError, match=r"runtime\.unknown"):
        setting.backend.apply(replace(setting.spec, runtime="abacus"))


@pytest.mark.parametrize(
    ("path", "content", "status"),
    [
        ("/v2/models/article-quality/infer", {"inputs": [cups.tensor([1.0], shape=[1, 4])]}, 400),
        ("/v2/models/article-quality/infer", {"rows": []}, 400),
        ("/v2/models/article-quality/infer", b"{", 400),
        ("/v2/models/another/infer", {"inputs": [ROW]}, 404),
        ("/v3", {}, 404),
    ],
    ids=["shape", "members", "json", "model", "path"],
)
def test_a_wrong_request_gets_the_protocols_error(setting: Setting, path: str, content: object, status: int) -> None:
    cups.serve(setting.backend, setting.spec)
    code, answer = cups.post(setting.backend, "cup", path, content)
    assert (code, list(answer)) == (status, ["error"])


def test_a_deleted_cup_is_gone_and_its_name_free(setting: Setting) -> None:
    before = cups.serve(setting.backend, setting.spec)
    setting.backend.delete("cup")
    setting.backend.delete("cup")
    assert gone(setting.backend, "cup") is CupPhase.ABSENT
    assert setting.backend.statuses() == {}
    after = cups.serve(setting.backend, setting.spec)
    assert (after.restarts, after.identity != before.identity) == (0, True)


def test_stopping_all_leaves_nothing(setting: Setting) -> None:
    for name in ("one", "two"):
        setting.backend.apply(replace(setting.spec, name=name))
    assert set(setting.backend.statuses()) == {"one", "two"}
    setting.backend.stop_all()
    assert {gone(setting.backend, name) for name in ("one", "two")} == {CupPhase.ABSENT}
    assert setting.backend.statuses() == {}
