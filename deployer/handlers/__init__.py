"""The deployer's kinds of work. Edge code: claims come in, services and backends do the rest.

Each may be killed at any point and run again: names are stable, states say what is done, and every write is fenced.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from deployer.handlers.builds import build_image, end_build
from deployer.handlers.rollouts import converge_cup, end_rollout, leave_down, leave_to_the_sweep, roll_out, stop_cup
from deployer.handlers.trials import leave_to_its_page, leave_untried, try_draft, try_version
from registry.jobs.kinds import JobKind


def _kinds() -> Iterator[JobKind]:
    minutes = 60.0
    enduring = 12  # twelve reach over twenty: a registry or cluster that is being restarted or moved is waited for
    yield JobKind(
        name="try_version",
        handle=try_version,
        on_failure=leave_untried,
        deadline=timedelta(seconds=30 * minutes),
        max_failures=enduring,
    )
    yield JobKind(
        name="try_draft", handle=try_draft, on_failure=leave_to_its_page, deadline=timedelta(seconds=10 * minutes)
    )
    yield JobKind(
        name="build_image",
        handle=build_image,
        on_failure=end_build,
        deadline=timedelta(seconds=120 * minutes),
        max_failures=enduring,
    )
    yield JobKind(
        name="roll_out",
        handle=roll_out,
        on_failure=end_rollout,
        deadline=timedelta(seconds=30 * minutes),
        max_failures=enduring,
    )
    for name, handle, on_failure in (
        ("stop_cup", stop_cup, leave_to_the_sweep),
        ("converge_cup", converge_cup, leave_down),
    ):
        yield JobKind(name=name, handle=handle, on_failure=on_failure, deadline=timedelta(seconds=30 * minutes))


KINDS = tuple(_kinds())
