"""Trying a version in its own runtime: does it start and answer as its submitter says, how fast, in how much memory.

Works on a serving backend and plain values; `handlers.try_version` brings them together with the database.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deployer import cups
from deployer.errors import ModelStartError, TransientError, plain_params
from deployer.interfaces import CupPhase, CupSpec, CupStatus, ServingBackend
from registry.examples import compare_answers

REPETITIONS = 20
LOG_TAIL_BYTES = 16_384
_MS = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedExample:
    """A request with the answer that its submitter expects, within `tolerance`."""

    title: str
    request: dict[str, Any]
    expected: dict[str, Any]
    tolerance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a trial found. Times are milliseconds, memory bytes; `code` is a message id when it failed."""

    code: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    examples: Sequence[Mapping[str, Any]] = ()
    load_ms: float | None = None
    peak_memory_bytes: int | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    requests: int = 0
    log_tail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a trial may take, in seconds: until the cup answers, and for each request."""

    start: float
    request: float


Report = Callable[[str, int, int], None]
"""Called with (step, done, total); may raise to end the trial."""


def run_trial(
    backend: ServingBackend,
    spec: CupSpec,
    examples: Sequence[TriedExample],
    *,
    limits: Limits,
    report: Report,
    wait: Callable[[float], None] = time.sleep,
) -> Figures:
    """Start the cup, put every example to it, measure, and take it away again whatever happens.

    A model that does not start or answers wrongly gives figures with a `code`. Raises what is not the model's fault:
    `RuntimeUnavailableError`, `IntegrityError`, `TransientError`.
    """
    try:
        return _tried(backend, spec, examples, limits=limits, report=report, wait=wait)
    finally:
        backend.delete(spec.name)


def _tried(
    backend: ServingBackend,
    spec: CupSpec,
    examples: Sequence[TriedExample],
    *,
    limits: Limits,
    report: Report,
    wait: Callable[[float], None],
) -> Figures:
    start = start_cup(backend, spec, limits=limits, report=report, wait=wait)
    if start.code:
        return Figures(code=start.code, params=start.params, log_tail=start.log_tail)
    rows: list[dict[str, Any]] = []
    latencies: list[float] = []
    failed: tuple[str, dict[str, Any]] = ("", {})
    repetitions = REPETITIONS if examples else 0
    total = len(examples) + repetitions
    try:
        for number, example in enumerate(examples):
            report("examples", number, total)
            rows.append(_put(backend, spec, example, timeout=limits.request))
        failed = _verdict(rows)
        if not failed[0]:
            for number in range(repetitions):
                report("examples", len(examples) + number, total)
                again = examples[number % len(examples)]
                latencies.append(ask(backend, spec, again.request, timeout=limits.request)[1])
    except ModelStartError as error:
        failed = (error.code, plain_params(error.params))
    return Figures(
        code=failed[0],
        params=failed[1],
        examples=rows,
        load_ms=start.load_ms,
        peak_memory_bytes=backend.status(spec.name).peak_memory_bytes,
        p50_ms=percentile(latencies, 0.50),
        p95_ms=percentile(latencies, 0.95),
        requests=len(rows) + len(latencies),
        log_tail=backend.logs(spec.name, max_bytes=LOG_TAIL_BYTES),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How a cup started: in how many milliseconds, or why it did not (`code`, a message id), with its last output."""

    load_ms: float | None = None
    code: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    log_tail: str = ""


def start_cup(
    backend: ServingBackend, spec: CupSpec, *, limits: Limits, report: Report, wait: Callable[[float], None]
) -> Start:
    """Apply the cup and wait until it answers. Raises as `run_trial`."""
    began = time.monotonic()
    backend.apply(spec)
    try:
        status = cups.wait_until_ready(
            backend, spec.name, seconds=limits.start, alive=lambda: report("starting", 0, 0), wait=wait
        )
    except ModelStartError as error:
        tail = backend.logs(spec.name, max_bytes=LOG_TAIL_BYTES)
        return Start(code=error.code, params=plain_params(error.params), log_tail=tail)
    return Start(load_ms=load_ms(status, time.monotonic() - began))


def percentile(values: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile, None of nothing."""
    if not values:
        return None
    return sorted(values)[math.ceil(share * len(values)) - 1]


def _put(backend: ServingBackend, spec: CupSpec, example: TriedExample, *, timeout: float) -> dict[str, Any]:
    """One row of the trial's table: does the answer match, and by how much not."""
    row: dict[str, Any] = {"title": example.title, "matches": False, "worst": None, "code": "", "params": {}}
    try:
        answer, latency_ms = ask(backend, spec, example.request, timeout=timeout)
    except ModelStartError as error:
        return {**row, "code": error.code, "params": plain_params(error.params), "latency_ms": None}
    compared = compare_answers(expected=example.expected, actual=answer, tolerance=example.tolerance)
    found = {"matches": compared.matches, "worst": compared.worst, "code": compared.code}
    return {**row, **found, "params": plain_params(compared.params), "latency_ms": latency_ms}


def ask(
    backend: ServingBackend, spec: CupSpec, request: dict[str, Any], *, timeout: float
) -> tuple[dict[str, Any], float]:
    """The answer and its milliseconds. A cup that died of the request, or is silent, is the model's failure."""
    began = time.perf_counter()
    try:
        answer = cups.infer(backend, spec.name, model_name=spec.model_name, request=request, timeout=timeout)
    except TransientError as error:
        status = backend.status(spec.name)
        if status.phase in {CupPhase.ABSENT, CupPhase.STOPPING}:
            raise  # somebody took it away, which says nothing about the model
        code = status.code if status.phase is CupPhase.FAILED else error.code
        params: dict[str, Any] = {**error.params, **status.params}
        raise ModelStartError(code, **params) from error
    return answer, round((time.perf_counter() - began) * _MS, 3)


def load_ms(status: CupStatus, seconds: float) -> float:
    """Milliseconds until the cup answered, by the backend's own clock where it has one."""
    if status.started_at is not None and status.ready_at is not None:
        seconds = status.ready_at - status.started_at
    return round(seconds * _MS, 1)


def _verdict(rows: Sequence[Mapping[str, Any]]) -> tuple[str, dict[str, Any]]:
    wrong = [row for row in rows if not row["matches"]]
    if not wrong:
        return "", {}
    return "trial.wrong_answer", {"title": wrong[0]["title"], "wrong": len(wrong), "total": len(rows)}
