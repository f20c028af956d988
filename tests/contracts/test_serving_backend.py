"""What every serving backend promises."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from deployer.errors import ConflictError, IntegrityError, RuntimeUnavailableError, TransientError
from deployer.interfaces import CupPhase, CupSpec, ServingBackend
from deployer.runtimes.environments import RuntimeEnvironments
from deployer.serving.local import LocalServingBackend
from tests.deployer.serving import cups
from tests.fakes.blobs import InMemoryBlobStore
from tests.fakes.serving import FakeServingBackend

ROW = cups.tensor([1.0, 2.0, 3.0, 4.0], shape=[1, 4])


@dataclass
class Setting:
    """A backend, its content store, a cup to serve, and how to end the cup's replica from outside."""

    backend: ServingBackend
    blobs: InMemoryBlobStore
    spec: CupSpec
    kill: Callable[[str], None]


def local_setting(tmp_path: Path, blobs: InMemoryBlobStore) -> Setting:
    RuntimeEnvironments(cups.ENVIRONMENTS).ensure(cups.XGBOOST)
    backend = LocalServingBackend(cups.config(tmp_path / "cups", blobs))

    def kill(name: str) -> None:
        os.kill(int(backend.status(name).identity.partition(":")[0]), signal.SIGKILL)
        deadline = time.monotonic() + 10
        while backend.status(name).phase is not CupPhase.FAILED:
            assert time.monotonic() < deadline

    return Setting(backend, blobs, cups.cup(blobs), kill)


def fake_setting(_tmp_path: Path, blobs: InMemoryBlobStore) -> Setting:
    backend = FakeServingBackend(blobs=blobs, runtimes=frozenset({"xgboost-json"}))
    return Setting(backend, blobs, cups.cup(blobs), backend.kill)


@pytest.fixture(params=[pytest.param(local_setting, marks=pytest.mark.runtimes), fake_setting], ids=["local", "fake"])
def setting(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Setting]:
    folder = tmp_path / "blobs"
    folder.mkdir()
    made: Setting = request.param(tmp_path, InMemoryBlobStore(folder))
    yield made
    made.backend.stop_all()


def test_an_unknown_cup_is_absent_and_every_question_about_it_has_an_answer(setting: Setting) -> None:
    backend = setting.backend
    backend.delete("nothing")
    assert backend.status("nothing").phase is CupPhase.ABSENT
    assert backend.logs("nothing") == ""
    assert backend.statuses() == {}
    with pytest.raises(TransientError, match=r"serving\.unreachable"):
        backend.request("nothing", method="GET", path="/v2/health/live", timeout=1)


def test_an_applied_cup_becomes_ready_and_answers_under_its_name_and_version(setting: Setting) -> None:
    first = setting.backend.apply(setting.spec)
    assert first.phase in (CupPhase.STARTING, CupPhase.READY)
    status = cups.settled(setting.backend, "cup")
    assert (status.phase, status.image_digest, status.code) == (CupPhase.READY, setting.spec.image_digest, "")
    assert status.identity
    assert status.started_at is not None
    assert status.ready_at is not None
    assert status.ready_at >= status.started_at
    assert status.peak_memory_bytes is not None
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


def test_what_was_killed_is_failed_until_it_is_applied_again(setting: Setting) -> None:
    before = cups.serve(setting.backend, setting.spec)
    setting.kill("cup")
    dead = setting.backend.status("cup")
    assert (dead.phase, dead.code, dict(dead.params)) == (CupPhase.FAILED, "serving.killed", {"signal": 9})
    with pytest.raises(TransientError, match=r"serving\.unreachable"):
        cups.infer(setting.backend, "cup", ROW)
    after = cups.serve(setting.backend, setting.spec)
    assert after.restarts == 1
    assert after.identity != before.identity


def test_changed_bytes_are_never_served(setting: Setting) -> None:
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
    assert setting.backend.status("cup").phase is CupPhase.ABSENT
    assert setting.backend.statuses() == {}
    after = cups.serve(setting.backend, setting.spec)
    assert (after.restarts, after.identity != before.identity) == (0, True)


def test_stopping_all_leaves_nothing(setting: Setting) -> None:
    for name in ("one", "two"):
        setting.backend.apply(replace(setting.spec, name=name))
    assert set(setting.backend.statuses()) == {"one", "two"}
    setting.backend.stop_all()
    assert setting.backend.statuses() == {}
