from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from registry.models import VersionState
from registry.views.access import PAGE_SIZE
from tests.conftest import RegistryFakes
from tests.factories import make_account, make_draft, make_model

pytestmark = pytest.mark.django_db
URL = "/models/vera/iris/versions/"


@pytest.fixture
def _static(settings: Any) -> None:
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # whitenoise warns without it


@pytest.mark.usefixtures("_static")
def test_versions_are_paged_with_a_constant_number_of_queries(fakes: RegistryFakes, client: Client) -> None:
    model = make_model(make_account("vera"))
    make_draft(model, state=VersionState.REJECTED)
    with CaptureQueriesContext(
        connection,
    ) as few:
        assert client.get(URL).status_code == 200
    for _number in range(PAGE_SIZE + 5):
        make_draft(model, state=VersionState.REJECTED, files={}, examples=())
    with CaptureQueriesContext(connection) as many:
        first = client.get(URL)
    assert len(first.context["versions"]) == PAGE_SIZE
    assert len(client.get(f"{URL}?page=2").context["versions"]) == 6
    assert len(many) <= len(few) + 1  # the count of the pages


@pytest.mark.usefixtures("_static")
def test_another_persons_open_draft_is_neither_listed_nor_shown(fakes: RegistryFakes, client: Client) -> None:
    owner = make_account("vera")
    model = make_model(owner)
    make_draft(model, state=VersionState.REJECTED)
    make_draft(model)
    assert [row.version.number for row in client.get(URL).context["versions"]] == [1]
    client.force_login(owner)
    answer = client.get(URL)
    assert [row.version.number for row in answer.context["versions"]] == [2, 1]
    assert answer.context["shown"].version.number == 1
