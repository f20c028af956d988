"""Uploading with an API token instead of a session."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from registry.models import Account, ApiToken, ModelVersion, VersionFile
from registry.services import create_token, revoke_token
from tests.registry.uploads.tus import CHUNK, TusClient, code

DATA = b"a,b\n1,2\n"


def secret_of(account: Account, *scopes: str) -> str:
    name = f"bot {account.api_tokens.count()}"
    return create_token(actor=account, name=name, scopes=scopes, lifetime=timedelta(days=1))[1]


def test_a_file_arrives_without_a_session_or_a_csrf_token(ada: Account, draft: ModelVersion) -> None:
    tus = TusClient(Client(enforce_csrf_checks=True))
    bearer = f"Bearer {secret_of(ada, 'submit')}"

    created = tus.create(draft, "table.csv", len(DATA), Authorization=bearer)
    assert created.status_code == 201, created.content
    sent = tus.send("PATCH", created["Location"], DATA, CHUNK, Upload_Offset=0, Authorization=bearer)

    assert sent.status_code == 204, sent.content
    assert VersionFile.objects.get(version=draft).path == "table.csv"


@pytest.mark.parametrize("method", ["POST", "HEAD", "PATCH", "DELETE"])
def test_no_byte_without_the_right(
    method: str, ada: Account, bob: Account, draft: ModelVersion, settings: Settings
) -> None:
    owner = f"Bearer {secret_of(ada, 'submit')}"
    tus = TusClient(Client())
    upload = tus.create(draft, "table.csv", len(DATA), Authorization=owner)["Location"]
    gone, expired = secret_of(ada, "submit"), secret_of(ada, "submit")
    tokens = ApiToken.objects.order_by("pk")
    revoke_token(token_id=tokens[1].pk, actor=ada)
    ApiToken.objects.filter(pk=tokens[2].pk).update(expires_at=timezone.now())
    refused = {
        "revoked": (gone, 401), "expired": (expired, 401), "nonsense": ("mcpat_x", 401),
        "reading": (secret_of(ada), 403),
        "another's": (secret_of(bob, "submit"), 404),
    }  # fmt: skip

    for who, (secret, status) in refused.items():
        bearer = f"Bearer {secret}"
        if method == "POST":
            answer = tus.create(draft, "other.csv", len(DATA), Authorization=bearer)
        else:
            answer = tus.send(method, upload, DATA, CHUNK, Upload_Offset=0, Authorization=bearer)
        assert (who, answer.status_code) == (who, status)
        assert ("WWW-Authenticate" in answer) == (status == 401)
    assert [path.stat().st_size for path in Path(settings.UPLOADS_DIR).glob("*") if path.is_file()] in ([], [0])


def test_a_session_beside_a_bad_token_does_not_help(tus: TusClient, draft: ModelVersion) -> None:
    answer = tus.create(draft, "table.csv", 3, Authorization="Bearer mcpat_bad")

    assert (answer.status_code, code(answer)) == (401, "token.malformed")
