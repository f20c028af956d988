"""A pytest plugin that keeps the tests that touch the database: the ones for which another database is another test.

Tests of what a page shows and of how a form answers are left out: services, selectors and the API are asked here what
such a page asks, and the tables of roles open each page for everybody, by each method. Pages whose filters and lists
make queries of their own (the catalogue, the log, the desk) stay.
"""

from __future__ import annotations

import pytest

_FIXTURES = {"db", "transactional_db", "django_db_reset_sequences", "django_db_serialized_rollback", "live_server"}
_VIEWS = (
    "compare", "draft_examples", "draft_saving", "draft_steps", "for_machines", "model_pages", "review_threads",
    "reviewer", "tokens", "volunteer",
)  # fmt: skip
_PAGES = ("build_and_rollout_pages", "endpoint_page", "operations_page")
LOOKS = frozenset(
    [f"tests/registry/views/test_{name}.py" for name in _VIEWS] + [f"tests/deployer/test_{name}.py" for name in _PAGES]
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    config.hook.pytest_deselected(items=[item for item in items if not _is_kept(item)])
    items[:] = [item for item in items if _is_kept(item)]


def _is_kept(item: pytest.Item) -> bool:
    return _uses_database(item) and item.nodeid.partition("::")[0] not in LOOKS


def _uses_database(item: pytest.Item) -> bool:
    return item.get_closest_marker("django_db") is not None or bool(_FIXTURES & set(getattr(item, "fixturenames", ())))
