"""What registration tells the world, with an id and nothing else.

A receiver returns the ids of the jobs that became due, so that the edge can ring them.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.dispatch import Signal

version_checked = Signal()
"""A frozen version passed its checks and may be tried: `version_id`."""

draft_trial_wanted = Signal()
"""A submitter wants to see what the draft's model answers: `version_id`."""

version_approved = Signal()
"""A version has all its approvals: `version_id`."""

version_withdrawn = Signal()
"""A version left review or was reopened: `version_id`."""

version_retired = Signal()
"""A version shall no longer be served: `version_id`."""


def due_jobs(responses: Iterable[tuple[object, object]]) -> tuple[int, ...]:
    """The job ids in the answers of a signal's receivers."""
    return tuple(job_id for _receiver, ids in responses if isinstance(ids, tuple) for job_id in ids)
