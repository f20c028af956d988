"""Asking a draft's model its examples, for its submitter's eyes: no verdict, only answers.

Works on a serving backend and plain values, as `trial` does for frozen versions.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deployer.errors import ModelStartError, plain_params
from deployer.interfaces import CupSpec, ServingBackend
from deployer.trial import LOG_TAIL_BYTES, Limits, Report, ask, start_cup

MAX_ANSWER_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """One answer per request, in their order; `code` is a message id if the model did not start."""

    code: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    answers: Sequence[Mapping[str, Any]] = ()
    load_ms: float | None = None
    peak_memory_bytes: int | None = None
    log_tail: str = ""


def ask_all(
    backend: ServingBackend,
    spec: CupSpec,
    requests: Sequence[dict[str, Any]],
    *,
    limits: Limits,
    report: Report,
    wait: Callable[[float], None] = time.sleep,
) -> Answers:
    """Start the cup, put each request to it once, and take it away whatever happens. Raises as `trial.run_trial`."""
    try:
        return _asked(backend, spec, requests, limits=limits, report=report, wait=wait)
    finally:
        backend.delete(spec.name)


def _asked(
    backend: ServingBackend,
    spec: CupSpec,
    requests: Sequence[dict[str, Any]],
    *,
    limits: Limits,
    report: Report,
    wait: Callable[[float], None],
) -> Answers:
    start = start_cup(backend, spec, limits=limits, report=report, wait=wait)
    if start.code:
        return Answers(code=start.code, params=start.params, log_tail=start.log_tail)
    rows = []
    for number, request in enumerate(requests):
        report("examples", number, len(requests))
        rows.append(_put(backend, spec, request, timeout=limits.request))
    return Answers(
        answers=rows,
        load_ms=start.load_ms,
        peak_memory_bytes=backend.status(spec.name).peak_memory_bytes,
        log_tail=backend.logs(spec.name, max_bytes=LOG_TAIL_BYTES),
    )


def _put(backend: ServingBackend, spec: CupSpec, request: dict[str, Any], *, timeout: float) -> dict[str, Any]:
    row: dict[str, Any] = {"answer": None, "latency_ms": None, "code": "", "params": {}}
    try:
        answer, latency_ms = ask(backend, spec, request, timeout=timeout)
    except ModelStartError as error:
        return {**row, "code": error.code, "params": plain_params(error.params)}
    if len(json.dumps(answer).encode()) > MAX_ANSWER_BYTES:
        return {
            **row,
            "code": "try.answer_large",
            "params": {"limit_bytes": MAX_ANSWER_BYTES},
            "latency_ms": latency_ms,
        }
    return {**row, "answer": answer, "latency_ms": latency_ms}
