"""A program that speaks to the REST API with a token, as the tests need it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from registry.models import Account, ApiToken, Scope
from registry.services import create_token
from registry.tokens import digest_of, hint_of, new_secret

V1 = "/api/v1/"
EVERYTHING = tuple(Scope.values)


def token_for(account: Account, *scopes: str) -> str:
    """A token with these scopes, even where the account does not hold their rights."""
    secret = new_secret()
    made, _unused = create_token(
        actor=account, name=f"bot {account.api_tokens.count()}", scopes=[], lifetime=timedelta(days=1)
    )
    fields = {
        "scopes": list(dict.fromkeys([Scope.READ, *scopes])),
        "digest": digest_of(secret),
        "hint": hint_of(secret),
    }
    # As if it had been used just now: that is noted now and then only, and would look like a change.
    ApiToken.objects.filter(pk=made.pk).update(**fields, last_used_at=timezone.now())
    return secret


class ApiClient:
    """JSON in and out, without cookies."""

    def __init__(self, token: str = "") -> None:
        self.token = token
        self.client = Client(raise_request_exception=False, enforce_csrf_checks=True)

    def ask(self, method: str, path: str, body: object = None, *, raw: bytes | None = None, **headers: Any) -> Any:
        """One request; keyword headers as `If_Match="*"`, None leaves one out. `path` may begin after `/api/v1/`."""
        named: dict[str, str | None] = {"Authorization": f"Bearer {self.token}" if self.token else None}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        kept: Mapping[str, str] = {name: value for name, value in named.items() if value is not None}
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        kind = kept.get("Content-Type", "application/json" if data else "")
        address = path if path.startswith(("/", "http")) else V1 + path
        return self.client.generic(method, address, data, content_type=kind, headers=dict(kept))

    def get(self, path: str, **headers: Any) -> Any:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: object = None, **headers: Any) -> Any:
        return self.ask("POST", path, body, **headers)


def client_of(account: Account, *scopes: str) -> ApiClient:
    """A program with a token of the account; all scopes unless some are named."""
    return ApiClient(token_for(account, *(scopes or EVERYTHING)))
