"""Which kinds of work there are, and who does them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from registry.errors import PortalError
from registry.jobs.queue import Claim

Handler = Callable[[Claim], tuple[int, ...]]
"""Does the work of a claimed job and returns the ids of jobs that became due. Safe to run twice."""

FailureHandler = Callable[[Claim, PortalError], tuple[int, ...]]
"""Moves the subject to its failed state when the job has ended badly; runs inside the fenced transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKind:
    """A kind of work: its handler, its deadline from the claim, and how often it is repeated."""

    name: str
    handle: Handler
    on_failure: FailureHandler
    deadline: timedelta
    max_failures: int = 5


_KINDS: dict[str, JobKind] = {}


def register(kind: JobKind) -> None:
    """Announce a kind of work; each app does so when it is ready."""
    _KINDS[kind.name] = kind


def known_kinds() -> tuple[str, ...]:
    """The names of all kinds."""
    return tuple(_KINDS)


def kind_named(name: str) -> JobKind:
    """The kind; KeyError for a name that nobody registered."""
    return _KINDS[name]
