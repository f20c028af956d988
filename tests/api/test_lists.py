"""What a list costs, and what a program may rely on in what it reads."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.api.client import client_of
from tests.factories import make_account
from tests.portal.belongings import belongings_of

pytestmark = pytest.mark.django_db
LISTS = ("models/", "models/?mine=true", "events/", "builds/", "rollouts/", "endpoints/", "reviews/")


def test_every_list_costs_the_same_however_long_it_is() -> None:
    """Two people's things, then eight people's."""
    reviewer = make_account(groups=["reviewers", "operators"])
    belongings_of(reviewer)
    belongings_of(make_account())
    program = client_of(reviewer)
    program.get("me/")

    def costs() -> dict[str, int]:
        found = {}
        for path in LISTS:
            with CaptureQueriesContext(connection) as asked:
                answer = program.get(f"{path}{'&' if '?' in path else '?'}limit=100")
            assert answer.status_code == 200, path
            found[path] = len(asked)
        return found

    few = costs()
    for _ in range(6):
        belongings_of(make_account())

    assert costs() == few
    assert max(few.values()) <= 14, few


def test_a_version_s_files_and_examples_cost_the_same_too() -> None:
    account = make_account()
    version = belongings_of(account).live
    program = client_of(account)
    paths = [f"versions/{version.pk}/{part}/" for part in ("files", "examples", "checks", "reviews")]
    for path in paths:
        program.get(path)

    for path in paths:
        with CaptureQueriesContext(connection) as asked:
            assert program.get(path).status_code == 200
        assert len(asked) <= 10, path
