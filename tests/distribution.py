"""Which test process runs what, in which order, when several of them share the suite.

A file's tests stay together, so that what a module prepares is prepared once; so do all tests that visit the live
portal with a browser, so that one portal serves them. Files that take long begin first, so that no process is left
with one at the end; apart from that the order stays random.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

BROWSER = "tests/browser"
# What the browser visits there is no live portal, or one of the file's own.
APART = frozenset(
    f"{BROWSER}/test_{name}.py" for name in ("direct_uploads", "planted_scripts", "typed_scripts", "upload_list")
)
# The longest first. What is missing here, or shorter than it was, costs a little time and nothing else.
LONGEST = (
    BROWSER,
    "tests/integration/test_workers.py",
    "tests/deployer/serving/test_local.py",
    "tests/integration/test_killed_steps.py",
    *sorted(APART),
    "tests/api/test_by_role.py",
    "tests/portal/test_routes_by_role.py",
    "tests/deployer/runtimes/test_environments.py",
    "tests/registry/test_seeding.py",
    "tests/contracts/test_serving_backend.py",
    "tests/registry/uploads/test_live.py",
    "tests/integration",
    "tests/deployer/runtimes",
    "tests/deployer",
    "tests/contracts",
    "tests/security",
    "tests/api",
    "tests/portal",
)


def unit(nodeid: str) -> str:
    """What goes to one process as a whole."""
    path = nodeid.partition("::")[0]
    return BROWSER if path.startswith(f"{BROWSER}/") and path not in APART else path


def rank(nodeid: str) -> int:
    """Its place among the longest."""
    whole = unit(nodeid)
    return next((place for place, path in enumerate(LONGEST) if whole == path or _below(whole, path)), len(LONGEST))


def _below(whole: str, path: str) -> bool:
    return path != BROWSER and whole.startswith(f"{path}/")


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, None, None]:
    yield
    items.sort(key=lambda item: rank(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    config.option.loadscopereorder = False  # by number of tests, which says little about their time
    scheduling = LoadScopeScheduling(config, log)
    scheduling._split_scope = unit
    return scheduling
