"""Serving by KServe against a stand-in API server: calls, reflected changes, memory, and approval to applied.

    python -m bench.kserve [--cups 1000] [--seconds 60] [--runs 5]

The stand-in and its controller run in a process of their own; the backend, in this one, reaches them over HTTP by the
real client, as it would reach a cluster. A steady state is swept as often as the portal does. A change ends every
model server at once, and is reflected when the backend tells it of every cup; the rounds of it show whether memory
grows. The approval is the portal's own work with its database, until the InferenceService is applied.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from bench._report import Row, print_report

ROOT = Path(__file__).resolve().parent.parent
NAMESPACE = "models"
SWEEP_SECONDS = 5.0
ROUNDS = 6
MOST_CALLS = 0.1
MOST_SECONDS = 10.0
MOST_GROWTH = 0.1
MOST_APPROVAL_SECONDS = 1.0
PATIENCE_SECONDS = 300.0


def main(cups: int, seconds: float, runs: int) -> int:
    data_dir = Path(tempfile.mkdtemp(prefix="model-commons-bench-"))
    stand_in = StandIn(data_dir / "kubeconfig")
    try:
        rows = steady_and_changing(stand_in, cups=cups, seconds=seconds)
        rows.append(approvals(stand_in, data_dir, runs=runs))
        return print_report(f"Serving by KServe, {cups} cups", rows)
    finally:
        stand_in.ask("quit")
        stand_in.process.wait(30)
        shutil.rmtree(data_dir, ignore_errors=True)


class StandIn:
    """The other process: one command a line, one answer a line."""

    def __init__(self, kubeconfig: Path) -> None:
        command = [sys.executable, "-m", "bench.kserve", "--stand-in", str(kubeconfig)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.kubeconfig, self.predictors = kubeconfig, str(self._answer())

    def ask(self, command: str) -> Any:
        assert self.process.stdin is not None
        print(command, file=self.process.stdin, flush=True)
        return self._answer() if command != "quit" else None

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())


def steady_and_changing(stand_in: StandIn, *, cups: int, seconds: float) -> list[Row]:
    from deployer.interfaces import CupPhase
    from deployer.serving.kserve import KServeBackend
    from tests.deployer.kserve.worlds import cluster, spec

    backend = KServeBackend(cluster(kubeconfig=str(stand_in.kubeconfig), predictor_url=stand_in.predictors))
    began = time.perf_counter()
    for number in range(cups):
        backend.apply(spec(f"bench-{number}"))
    applied = time.perf_counter() - began
    stand_in.ask("settle")

    def told(phase: CupPhase) -> bool:
        statuses = backend.statuses()
        return len(statuses) == cups and {status.phase for status in statuses.values()} == {phase}

    waited(lambda: told(CupPhase.READY))
    before, end = stand_in.ask("count"), time.monotonic() + seconds
    looks: list[float] = []
    while time.monotonic() < end:
        look = time.perf_counter()
        assert told(CupPhase.READY)
        looks.append(time.perf_counter() - look)
        time.sleep(max(0.0, SWEEP_SECONDS - looks[-1]))
    calls = (stand_in.ask("count") - before) / cups / (seconds / 60)
    reflected, sizes = [], []
    for _round in range(ROUNDS):
        for command, phase in (("crash", CupPhase.FAILED), ("revive", CupPhase.READY)):
            began = time.perf_counter()
            stand_in.ask(command)
            waited(lambda phase=phase: told(phase))  # type: ignore[misc]  # bound now
            reflected.append(time.perf_counter() - began)
        sizes.append(resident_mib())
    growth = sizes[-1] / sizes[0] - 1
    backend.close()
    return [
        Row(name="calls for each cup and minute, steady", figure=f"{calls:.4f}", target=f"under {MOST_CALLS}",
            met=calls < MOST_CALLS),
        Row(name="one look at all cups", figure=f"{1000 * median(looks):.0f} ms"),
        Row(name="a cup applied (tried, then applied), one after the other", figure=f"{1000 * applied / cups:.0f} ms"),
        Row(name="every cup changes, until all are told (longest of all rounds)", figure=f"{max(reflected):.1f} s",
            target=f"under {MOST_SECONDS:.0f} s", met=max(reflected) < MOST_SECONDS),
        Row(name=f"memory after the first and after {ROUNDS} rounds", figure=f"{sizes[0]:.0f} and {sizes[-1]:.0f} MiB",
            target=f"under {MOST_GROWTH:.0%} more", met=growth < MOST_GROWTH),
    ]  # fmt: skip


def approvals(stand_in: StandIn, data_dir: Path, *, runs: int) -> Row:
    """From the approval to the applied InferenceService; the image is there, as the trial run has pushed it."""
    os.environ |= {"MODEL_COMMONS_DATA_DIR": str(data_dir), "MODEL_COMMONS_DEMO": "false"}
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from deployer.backends import serving_backend
    from tests.deployer import scene
    from tests.deployer.kserve.worlds import cluster

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    described = cluster(kubeconfig=str(stand_in.kubeconfig), predictor_url=stand_in.predictors)
    names = ("portal", "namespace", "image_repository", "trial_repository", "runtime_images", "kubeconfig")
    options = {name: getattr(described, name) for name in names} | {"predictor_url": stand_in.predictors}
    scratch = data_dir / "scratch"
    scratch.mkdir()
    settings.BACKENDS |= {
        "blob_store": {"class": "tests.fakes.blobs.InMemoryBlobStore", "options": {"scratch": scratch}},
        "image_builder": {"class": "tests.fakes.builders.InMemoryImageBuilder", "options": {}},
        "serving": {"class": "deployer.serving.kserve.KServeBackend", "options": {"cluster": options}},
    }
    stand_in.ask("play")
    backend: Any = serving_backend()
    plain, moments = backend.apply, []

    def timed(spec: Any) -> Any:
        status = plain(spec)
        moments.append(time.perf_counter())
        return status

    took = []
    for _run in range(runs + 1):
        version = scene.in_review()
        backend.apply = timed
        began = time.perf_counter()
        scene.work(scene.approve(version))
        took.append(moments[-1] - began)
        backend.apply = plain
    backend.close()
    worst = max(took[1:])  # the first one warms up
    return Row(
        name=f"approval to applied, median and worst of {runs}", figure=f"{median(took[1:]):.2f} and {worst:.2f} s",
        target=f"under {MOST_APPROVAL_SECONDS:.0f} s", met=worst < MOST_APPROVAL_SECONDS,
    )  # fmt: skip


def waited(met: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not met():
        if time.monotonic() > end:
            raise SystemExit("the backend did not come to that in time")
        time.sleep(0.1)


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / (1 << 20)


def stand_in_process(kubeconfig: Path) -> int:
    """The other side: an API server and what plays KServe, led by the lines of standard input."""
    from tests.stubs.kserve_player import Player, StandInHands
    from tests.stubs.kube_api import KubeApi

    with KubeApi() as kube:
        kube.create("namespaces", {"metadata": {"name": NAMESPACE}})
        kube.kubeconfig(kubeconfig)
        player = Player(StandInHands(kube, NAMESPACE))
        player._predictors.start()  # noqa: SLF001  # its servers alone: it is stepped, not left to itself
        print(json.dumps(player.url_of("{name}")), flush=True)
        for line in sys.stdin:
            command = line.strip()
            if command == "quit":
                break
            if command == "settle":
                player.settle()
            elif command == "play":
                player.__enter__()
            elif command in {"crash", "revive"}:
                turn_all(kube, running=command == "revive")
            print(json.dumps(len(kube.requests)), flush=True)
    return 0


def turn_all(kube: Any, *, running: bool) -> None:
    """End every model server at once, or have the kubelet start them again."""
    resource_of = kube.target("pods").resource
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    ended = {"terminated": {"exitCode": 137, "reason": "Error", "startedAt": now, "finishedAt": now}}
    for (namespace, name), pod in list(kube.store.of(resource_of).items()):
        status = pod["status"]
        conditions = [
            {**entry, "status": "True" if running else "False", "lastTransitionTime": now}
            if entry["type"] == "Ready" else entry
            for entry in status["conditions"]
        ]  # fmt: skip
        (container,) = status["containerStatuses"]
        state = {"running": {"startedAt": now}} if running else ended
        changed = {**container, "ready": running, "state": state}
        kube.set_status("pods", name, {**status, "conditions": conditions, "containerStatuses": [changed]}, namespace)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cups", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--stand-in", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.stand_in:
        sys.exit(stand_in_process(arguments.stand_in))
    sys.exit(main(arguments.cups, arguments.seconds, arguments.runs))
