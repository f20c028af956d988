from __future__ import annotations

import time

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from deployer import services
from deployer.models import Endpoint, ImageBuild, Rollout
from deployer.services.figures import Counts, Span
from registry.models import ModelVersion, RegisteredModel
from tests.deployer import pages, scene

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_fakes")]
DIGEST = "sha256:" + "1" * 64


def serve(first: int, last: int) -> None:
    """Models in production by rows alone, each asked a little."""
    owner = scene.account("vera")
    names = [f"model-{number:04}" for number in range(first, last)]
    models = RegisteredModel.objects.bulk_create(RegisteredModel(owner=owner, name=name) for name in names)
    versions = ModelVersion.objects.bulk_create(
        ModelVersion(registered_model=model, number=1, state="approved") for model in models
    )
    builds = ImageBuild.objects.bulk_create(
        ImageBuild(version=v, number=1, state="succeeded", finished_at=timezone.now()) for v in versions
    )
    endpoints = Endpoint.objects.bulk_create(Endpoint(name=f"vera-{m.name}", registered_model=m) for m in models)
    rollouts = Rollout.objects.bulk_create(
        Rollout(endpoint=e, version=v, build=b, state="ready", health="healthy", image_digest=DIGEST)
        for e, v, b in zip(endpoints, versions, builds, strict=True)
    )
    for endpoint, rollout in zip(endpoints, rollouts, strict=True):
        endpoint.current = rollout
    Endpoint.objects.bulk_update(endpoints, ["current"])
    minute = int(time.time()) // 60 * 60
    counted = {}
    for number, endpoint in enumerate(endpoints, start=first):
        counts = Counts(requests=number + 25)
        counts.latencies[18] = number + 25  # too slow, so that each of them needs attention
        counted[Span(endpoint.name, 1, minute)] = counts
    services.add_figures(counted=counted)


def test_the_operations_page_costs_the_same_at_a_thousand_endpoints() -> None:
    client: Client = pages.as_account(scene.account("ada", "operators", "administrators"))
    serve(0, 2)
    client.get("/operations/?sort=-requests")
    with CaptureQueriesContext(connection) as few:
        assert client.get("/operations/?sort=-requests").status_code == 200
    serve(2, 1000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as databases do by themselves after a while; rows of this transaction are unknown

    with CaptureQueriesContext(connection) as many:
        response = client.get("/operations/?sort=-requests")

    assert len(many) == len(few)
    assert response.context["page"].paginator.count == 1000
    assert [row.endpoint.name for row in response.context["page"].object_list][:2] == [
        "vera-model-0999",
        "vera-model-0998",
    ]
    assert pages.text_of(response).count("Open figures") == 20
