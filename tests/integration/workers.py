"""Workers that are processes of their own and may die, as by `kill -9`, at a step that a test names."""

from __future__ import annotations

import contextlib
import os
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import connections

from deployer.backends import image_builder, serving_backend
from registry.backends import blob_store, file_inspector, pickle_scanner
from registry.jobs import runner
from registry.jobs.queue import Claim
from registry.models import Job

KILLED = 137
FAILED = 1


@dataclass(frozen=True, slots=True)
class Step:
    """One side of one call that a job makes: the n-th `name` of a job of this kind, before, inside or after it."""

    kind: str
    name: str
    number: int
    side: str

    def __str__(self) -> str:
        return f"{self.side} {self.name} {self.number} of {self.kind}"


@dataclass
class Witness:
    """Writes down each step that a worker comes to, and ends its process at the one that is wanted."""

    kind: str
    log: Path
    death: Step | None
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, name: str) -> int:
        self.counts[name] = self.counts.get(name, 0) + 1
        return self.counts[name]

    def comes_to(self, name: str, number: int, side: str) -> None:
        step = Step(self.kind, name, number, side)
        with self.log.open("a") as log:
            log.write(f"{step.kind}\t{step.name}\t{step.number}\t{step.side}\n")
        if step == self.death:
            os._exit(KILLED)


def run_in_worker(job_id: int, *, log: Path, death: Step | None = None) -> bool:
    """Run the job in a process of its own; False if the process died at the step. The queue alone tells what it did."""
    kind = Job.objects.values_list("kind", flat=True).get(pk=job_id)
    connections.close_all()  # a connection may belong to one process only
    process = os.fork()
    if process == 0:
        status = FAILED
        try:
            _watch(Witness(kind, log, death))
            runner.run_job(job_id=job_id)
            connections.close_all()
            status = 0
        except BaseException:  # noqa: BLE001  # nobody else would say it
            traceback.print_exc()
        finally:
            os._exit(status)
    _, ended = os.waitpid(process, 0)
    code = os.waitstatus_to_exitcode(ended)
    assert code in {0, KILLED}, f"the worker of job {job_id} ({kind}) broke"
    return code == 0


def _watch(witness: Witness) -> None:
    """Wrap everything at which a job touches the world. This process ends soon, so nothing is put back."""
    outside = {
        "store": (blob_store(), ("adopt", "open", "local_path")),
        "gate": (file_inspector(), ("inspect",)),
        "scanner": (pickle_scanner(), ("scan",)),
        "builder": (image_builder(), ("build", "publish")),
        "serving": (serving_backend(), ("apply", "status", "request", "delete")),
    }
    for role, (instance, verbs) in outside.items():
        for verb in verbs:
            setattr(instance, verb, _around(witness, f"{role}.{verb}", getattr(instance, verb)))
    for verb in ("report", "finish"):
        setattr(Claim, verb, _around(witness, f"claim.{verb}", getattr(Claim, verb)))
    real = Claim.writing

    @contextlib.contextmanager
    def writing(self: Claim) -> Iterator[None]:
        number = witness.count("claim.writing")
        witness.comes_to("claim.writing", number, "before")
        with real(self):
            yield
            witness.comes_to("claim.writing", number, "inside")
        witness.comes_to("claim.writing", number, "after")

    setattr(Claim, "writing", writing)  # noqa: B010  # mypy refuses a plain assignment


def _around(witness: Witness, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
    def watched(*args: Any, **kwargs: Any) -> Any:
        number = witness.count(name)
        witness.comes_to(name, number, "before")
        result = real(*args, **kwargs)
        witness.comes_to(name, number, "after")
        return result

    return watched
