"""What log lines tell beside their text: the request or the job that they belong to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Of the request that is being answered, or that made the present job due; "" where there is none."""


@dataclass(frozen=True, slots=True)
class JobLabel:
    """The job that is being done."""

    id: int
    kind: str
    attempt: int


job: ContextVar[JobLabel | None] = ContextVar("job", default=None)


@contextmanager
def working_on(label: JobLabel, *, asked_by: str) -> Iterator[None]:
    """Lines inside belong to the job, and to the request that asked for it."""
    labelled, asked = job.set(label), request_id.set(asked_by)
    try:
        yield
    finally:
        job.reset(labelled)
        request_id.reset(asked)
