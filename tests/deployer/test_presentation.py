"""Words for what the operations page counts."""

from __future__ import annotations

import pytest

from deployer.handlers import KINDS as DEPLOYER_KINDS
from deployer.presentation import kind_label
from registry.handlers import KINDS as REGISTRY_KINDS
from registry.news_jobs import NEWS_KINDS
from registry.uploads.handlers import UPLOAD_KINDS


@pytest.mark.parametrize("kind", [kind.name for kind in (*REGISTRY_KINDS, *UPLOAD_KINDS, *NEWS_KINDS, *DEPLOYER_KINDS)])
def test_every_kind_of_work_has_a_name_that_people_read(kind: str) -> None:
    assert kind_label(kind) != kind
