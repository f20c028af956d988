"""From the approval to the first prediction, without the time that the model's own runtime takes to start.

    python -m bench.approval [--runs 5] [--environments var/environments]

A worker of its own, the shipped doorbell, database, packaging and local serving, in a throw-away data folder. Each run
approves a new version of one XGBoost model that is in service already, and asks the endpoint until the new version
answers. The replica's start (from its process to its first readiness, looked at every 20 ms) is subtracted. At the end
the replica is killed, as often, and the endpoint asked until it answers again.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

MAX_MEDIAN_SECONDS = 1.0
MAX_RECOVERY_SECONDS = 15.0
PATIENCE_SECONDS = 180.0
LOOK_SECONDS = 0.02
ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "tests" / "data" / "models" / "iris-xgboost.json"
ENDPOINT = "bench-iris"
REQUEST = {"inputs": [{"name": "input-0", "shape": [1, 4], "datatype": "FP32", "data": [5.1, 3.5, 1.4, 0.2]}]}


def main(runs: int, environments: Path) -> int:
    data_dir = Path(tempfile.mkdtemp(prefix="model-commons-bench-"))
    environments.mkdir(parents=True, exist_ok=True)  # a fresh checkout has none yet: the first run installs them
    (data_dir / "environments").symlink_to(environments.resolve(), target_is_directory=True)
    os.environ |= {"MODEL_COMMONS_DATA_DIR": str(data_dir), "MODEL_COMMONS_DEMO": "false"}
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    try:
        return measure(runs)
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)


def measure(runs: int) -> int:
    import django

    django.setup()
    logging.getLogger("django.request").setLevel(logging.CRITICAL)  # a refused request is what is waited out here
    from django.conf import settings
    from django.core.management import call_command

    from deployer.backends import serving_backend

    settings.ALLOWED_HOSTS = ["testserver"]
    settings.STATIC_ROOT.mkdir(parents=True)
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    with a_worker():
        try:
            approvals = [approval(number) for number in range(runs + 1)][1:]  # the first one warms up
            return report(approvals, [recovery() for _run in range(runs)])
        finally:
            serving_backend().stop_all()


@contextlib.contextmanager
def a_worker() -> Iterator[None]:
    from portal.programs import worker_command

    worker = subprocess.Popen(worker_command(), cwd=ROOT, stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(60)


def approval(number: int) -> tuple[float, float]:
    """Approve one more version; returns (seconds to its first prediction, seconds of the replica's own start)."""
    from deployer import services
    from deployer.models import Rollout
    from registry.checklist import CHECKLIST
    from registry.models import ModelVersion, VersionState
    from registry.services import state_review
    from registry.tasks import ring

    version = submitted_version()
    ring(services.queue_trial(version_id=version.pk))
    wait_for("the trial run", ModelVersion.objects.exclude(state=VersionState.SUBMITTED).filter(pk=version.pk).exists)
    version.refresh_from_db()
    if version.state != VersionState.IN_REVIEW:
        raise SystemExit(f"the trial run failed: {list(version.trial_runs.values('code', 'params', 'log_tail'))}")
    done = threading.Event()
    watcher = StartWatcher(lambda: Rollout.objects.filter(version=version).values_list("pk", flat=True).first(), done)
    watcher.start()
    began = time.perf_counter()
    due = state_review(
        version=version,
        reviewer=reviewer(),
        decision="approve",
        comment="",
        content_digest=version.content_digest,
        image_digest=version.image_digest,
        checklist=tuple(CHECKLIST),
    )
    ring(due)
    wait_for(f"version {number + 1}", lambda: predict()[0] == version.label)
    total = time.perf_counter() - began
    done.set()
    watcher.join(10)
    return total, watcher.seconds


def recovery() -> float:
    """Kill the replica that answers; returns the seconds until the endpoint answers again."""
    from deployer.backends import serving_backend
    from deployer.models import Endpoint, Health, Rollout

    current = Endpoint.objects.select_related("current").get(name=ENDPOINT).current
    if current is None:
        raise SystemExit("nothing is served")
    cup = current.cup_name
    began = time.perf_counter()
    os.kill(int(serving_backend().status(cup).identity.partition(":")[0]), signal.SIGKILL)
    wait_for("the end of the replica", lambda: not predict()[0])
    wait_for("the replica", lambda: predict()[0])
    seconds = time.perf_counter() - began
    wait_for("its health", Rollout.objects.filter(pk=current.pk, health=Health.HEALTHY).exists)
    return seconds


class StartWatcher(threading.Thread):
    """Looks at the new cup so often that the moment of its readiness is known closely."""

    def __init__(self, rollout_id: Callable[[], int | None], done: threading.Event) -> None:
        super().__init__(daemon=True)
        self.seconds = 0.0
        self._rollout_id = rollout_id
        self._done = done

    def run(self) -> None:
        from django.db import connection

        from deployer.backends import serving_backend

        try:
            found = None
            while found is None and not self._done.wait(LOOK_SECONDS):
                found = self._rollout_id()
            while not self.seconds and not self._done.wait(LOOK_SECONDS):
                status = serving_backend().status(f"cup-{found}")
                if status.ready_at is not None and status.started_at is not None:
                    self.seconds = status.ready_at - status.started_at
        finally:
            connection.close()


def predict() -> tuple[str, Any]:
    """The version that answers now and its outputs; "" while none does."""
    from django.test import Client

    path = f"/serve/v2/models/{ENDPOINT}/infer"
    answer = Client().post(path, data=json.dumps(REQUEST), content_type="application/json")
    return (answer["X-Model-Version"], answer.json()) if answer.status_code == 200 else ("", None)


def reviewer() -> Any:
    from django.contrib.auth.models import Group

    from registry.models import Account

    account, _created = Account.objects.get_or_create(username="reviewer")
    account.groups.add(Group.objects.get_or_create(name="reviewers")[0])
    return account


def submitted_version() -> Any:
    """The next version of the model, its checks passed; its example expects what the version before it answers."""
    from django.utils import timezone

    from registry.artifacts.content import content_digest
    from registry.backends import blob_store
    from registry.models import Account, Blob, Check, Example, ModelVersion, RegisteredModel, VersionFile

    owner, _created = Account.objects.get_or_create(username="bench")
    model, _created = RegisteredModel.objects.get_or_create(owner=owner, name="iris")
    version = ModelVersion.objects.create(
        registered_model=model,
        number=model.versions.count() + 1,
        state="submitted",
        revision=1,
        licence="MIT",
        model_format="xgboost-json",
        runtime="xgboost-json",
        submitted_by=owner,
        submitted_at=timezone.now(),
    )
    sha256, size = blob_store().put(iter([MODEL.read_bytes()]))
    Blob.objects.get_or_create(sha256=sha256, defaults={"size": size})
    VersionFile.objects.create(version=version, path="model.json", path_key="model.json", blob_id=sha256)
    answering, answer = predict()
    if answering:
        Example.objects.create(version=version, position=1, request=REQUEST, expected={"outputs": answer["outputs"]})
    version.content_digest = content_digest(version)
    version.save(update_fields=["content_digest"])
    Check.objects.create(
        version=version, content_digest=version.content_digest, frozen=True, name="format", position=1, verdict="pass",
        code="format.passed", params={"format": "xgboost-json", "path": "model.json"},
    )  # fmt: skip
    return version


def wait_for(what: str, happened: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        if time.monotonic() > end:
            raise SystemExit(f"{what} did not come within {PATIENCE_SECONDS:.0f} seconds")
        time.sleep(LOOK_SECONDS)


def report(found: list[tuple[float, float]], recoveries: list[float]) -> int:
    from bench._report import Row, print_report

    overheads = [total - start for total, start in found]
    middle = median(overheads)
    return print_report(
        "From approval to first prediction",
        [
            Row(name="in all, median", figure=f"{median(total for total, _start in found):.2f} s"),
            Row(name="the runtime's own start, median", figure=f"{median(start for _total, start in found):.2f} s"),
            Row(
                name="the portal's share, median",
                figure=f"{middle:.2f} s",
                target=f"≤ {MAX_MEDIAN_SECONDS:.0f} s",
                met=middle <= MAX_MEDIAN_SECONDS,
            ),
            Row(name="the portal's share, worst", figure=f"{max(overheads):.2f} s"),
            Row(
                name="a killed replica answers again, worst",
                figure=f"{max(recoveries):.1f} s",
                target=f"≤ {MAX_RECOVERY_SECONDS:.0f} s",
                met=max(recoveries) <= MAX_RECOVERY_SECONDS,
            ),
            Row(name="runs", figure=str(len(found))),
        ],
    )


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--environments", type=Path, default=ROOT / "var" / "environments")
    given = arguments.parse_args()
    sys.exit(main(given.runs, given.environments))
