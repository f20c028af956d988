"""A secret that was used everywhere is found nowhere: not in the database, the log, a page or an answer."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from registry.services import create_token
from tests.api.client import ApiClient
from tests.factories import make_account
from tests.portal.belongings import belongings_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fakes")]


def test_a_planted_token_is_nowhere(
    settings: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    settings.UPLOADS_DIR = tmp_path / "uploads"
    caplog.set_level("DEBUG")
    account = make_account(groups=["reviewers"])
    own = belongings_of(account)
    _token, secret = create_token(
        actor=account, name="planted", scopes=["submit", "review"], lifetime=timedelta(days=1)
    )
    program, browser = ApiClient(secret), Client(raise_request_exception=False)
    bearer = {"Authorization": f"Bearer {secret}", "Tus-Resumable": "1.0.0"}

    def broken(**_given: object) -> None:
        raise RuntimeError("a fault while a secret is about")

    monkeypatch.setattr("registry.services.retry_version", broken)
    answers = [
        program.get("me/"),
        program.get("models/?mine=true"),
        program.get("nothing/"),
        program.get(f"versions/{10**9}/"),
        program.post(f"versions/{own.stuck.pk}/retry/"),
        program.post("models/", {"name": "iris", "summary": "x", "task": "other"}, Idempotency_Key="k"),
        program.post(f"versions/{own.waiting.pk}/reviews/", {"decision": secret}),
        browser.post("/uploads/", headers=bearer),
        browser.head(f"/uploads/{own.upload.pk}", headers=bearer),
        browser.get("/models/", headers=bearer),
        browser.get("/nothing/", headers=bearer),
    ]

    assert 500 in {answer.status_code for answer in answers}
    # The reviewer's slip put it into a body: the refusal does not give it back whole.
    written = [answer.content.decode() + str(dict(answer.headers)) for answer in answers if answer.status_code != 400]
    stored = [str(row) for model in apps.get_models() for row in model._default_manager.values()]
    logged = [caplog.text, *capfd.readouterr()]
    for place in (written, stored, logged):
        assert place
        assert not [text for text in place if secret in text or secret[12:] in text]
    assert program.get("me/").status_code == 200
