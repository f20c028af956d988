"""Who asks: a token in the header, or the browser's session."""

from __future__ import annotations

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request

from registry.models import Account, ApiToken
from registry.services import use_token
from registry.tokens import CHALLENGE, bearer_secret


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer mcpat_…`. A header that is there and no good is refused, whatever else came along."""

    def authenticate(self, request: Request) -> tuple[Account, ApiToken] | None:
        """The account with its rights narrowed to the token's scopes."""
        header = request.META.get("HTTP_AUTHORIZATION")
        if header is None:
            return None
        return use_token(secret=bearer_secret(header))

    def authenticate_header(self, request: Request) -> str:
        """What a visitor is asked for."""
        del request
        return CHALLENGE


class BrowserAuthentication(SessionAuthentication):
    """The session of somebody who signed in, with a CSRF token where something would change."""


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself by being defined
    """How the document speaks of tokens."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """A bearer token."""
        del auto_schema
        return {"type": "http", "scheme": "bearer", "description": "A personal API token."}


class BrowserScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself by being defined
    """The document leaves the browser's session out: it is for the portal's own pages."""

    target_class = BrowserAuthentication
    name = "session"

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, list[str]]]:
        """None."""
        del auto_schema
        return []

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """A cookie."""
        del auto_schema
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
