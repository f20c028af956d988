"""Stand-ins for an OpenID Connect provider and for a wiki's OAuth 2, speaking HTTP on the loopback."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from jwt.algorithms import ECAlgorithm

CLIENT_ID, CLIENT_SECRET = "portal", "a-client-secret-that-nobody-may-find"
KEY_ID = "key-1"


@dataclass
class Provider:
    """What the stand-in answers, and what it was asked. `claims` overrides the identity token, `person` is userinfo."""

    origin: str = ""
    person: dict[str, Any] = field(default_factory=lambda: {"sub": "subject-1", "preferred_username": "Amina"})
    claims: dict[str, Any] = field(default_factory=dict)
    key: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))
    signing_key: Any = None
    algorithm: str = "ES256"
    issuer: str = ""
    broken: bool = False
    grants: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser is sent after the person agreed."""
        code = secrets.token_urlsafe(12)
        self.grants[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def redeem(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """Tokens for a code, or nothing where client, verifier or code are wrong; a code works once."""
        asked = self.grants.pop(form.get("code", ""), None)
        given = (form.get("client_id"), form.get("client_secret"))
        if authorization.startswith("Basic "):
            name, _, word = base64.b64decode(authorization[6:]).decode().partition(":")
            given = (name, word)
        if asked is None or given != (CLIENT_ID, CLIENT_SECRET):
            return None
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked.get("code_challenge"):
            return None
        return {"access_token": "an-access-token", "token_type": "Bearer", "id_token": self.id_token(asked)}

    def id_token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer or self.origin,
            "sub": self.person["sub"],
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": asked.get("nonce", ""),
        }
        claims = {name: value for name, value in {**claims, **self.claims}.items() if value is not None}
        return jwt.encode(claims, self.signing_key or self.key, self.algorithm, headers={"kid": KEY_ID})

    def description(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer or self.origin,
            "authorization_endpoint": f"{self.origin}/authorize",
            "token_endpoint": f"{self.origin}/token",
            "userinfo_endpoint": f"{self.origin}/userinfo",
            "jwks_uri": f"{self.origin}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }

    def keys(self) -> dict[str, Any]:
        public = ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": KEY_ID, "alg": "ES256", "use": "sig"}]}


class Handler(BaseHTTPRequestHandler):
    """A request to the stand-in that the class of a running server carries."""

    provider: Provider

    def do_GET(self) -> None:  # the name that http.server calls
        target = urlsplit(self.path)
        self.provider.asked.append(target.path)
        query = {name: values[0] for name, values in parse_qs(target.query).items()}
        pages: dict[str, Callable[[], object]] = {
            "/.well-known/openid-configuration": self.provider.description,
            "/keys": self.provider.keys,
            "/userinfo": self.userinfo,
            "/rest.php/oauth2/resource/profile": self.userinfo,
        }
        if self.provider.broken:
            self.say("<html>down</html>", HTTPStatus.BAD_GATEWAY)
        elif target.path in {"/authorize", "/rest.php/oauth2/authorize"}:
            self.send_response(HTTPStatus.FOUND)
            self.send_header("Location", self.provider.authorize(query))
            self.end_headers()
        else:
            self.say(pages[target.path]())

    def do_POST(self) -> None:
        self.provider.asked.append(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        tokens = self.provider.redeem(form, self.headers.get("Authorization", ""))
        if tokens is None:
            self.say({"error": "invalid_grant"}, HTTPStatus.BAD_REQUEST)
        else:
            self.say(tokens)

    def userinfo(self) -> object:
        return self.provider.person if self.headers.get("Authorization") == "Bearer an-access-token" else {}

    def say(self, body: object, status: HTTPStatus = HTTPStatus.OK) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if isinstance(body, str) else "application/json")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_args: object) -> None:
        """Tests read `asked` instead."""


@contextmanager
def serving() -> Iterator[Provider]:
    """A provider that answers until the end of the block."""
    provider = Provider()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"provider": provider}))
    provider.origin = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
