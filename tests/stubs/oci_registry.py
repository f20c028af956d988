"""A small, strict OCI registry over real HTTP, with a token server and faults to order."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PIECE = 1 << 16


@dataclass
class Fault:
    """What goes wrong with the next `times` requests that match: a status or a cut, at once or after so many bytes."""

    method: str
    path: str
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int = -1
    cut_now: bool = False
    times: int = 1


@dataclass
class StubRegistry:
    """What is stored, what was asked for, and how the registry behaves."""

    url: str = ""
    auth: str = ""  # "", "basic" or "bearer"
    user: tuple[str, str] = ("pusher", "sesame")
    keeps_referrers: bool = True
    mounts: bool = True
    corrupts: bool = False
    blobs: dict[str, dict[str, bytes]] = field(default_factory=dict)
    manifests: dict[str, dict[str, tuple[str, bytes]]] = field(default_factory=dict)
    sessions: dict[str, bytearray] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    received: int = 0

    def fail(self, method: str, path: str, **how: Any) -> None:
        self.faults.append(Fault(method, path, **how))

    def counted(self) -> Counter[str]:
        return Counter(method for method, _path in self.requests)

    def fault_for(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.times and fault.method == method and re.search(fault.path, path):
                fault.times -= 1
                return fault
        return None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry: StubRegistry

    def log_message(self, *_args: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Callable[[], None]:
        if not name.startswith("do_"):
            raise AttributeError(name)
        return self._serve

    def _serve(self) -> None:
        self.close_connection = False
        registry, parts = self.registry, urlsplit(self.path)
        registry.requests.append((self.command, self.path))
        fault = registry.fault_for(self.command, self.path)
        if fault is not None and fault.cut_now:
            self.close_connection = True
            self.connection.close()
            return None
        if fault is not None and fault.status:
            self.close_connection = True  # the body is left unread
            return self._answer(fault.status, headers=fault.headers, body=_error("INJECTED"))
        if parts.path == "/token":
            return self._token(parse_qs(parts.query))
        if not self._may():
            self.close_connection = True
            return self._challenge()
        return self._dispatch(fault)

    def _dispatch(self, fault: Fault | None) -> None:
        registry, parts = self.registry, urlsplit(self.path)
        match = re.fullmatch(r"/v2/(.+)/(blobs|manifests|referrers)/(.+?)/?", parts.path)
        if match is None:
            return self._answer(404, body=_error("NAME_UNKNOWN"))
        repository, kind, name = match.groups()
        if kind == "manifests":
            return self._manifest(repository, name)
        if kind == "referrers":
            return self._referrers(repository, name)
        if name.startswith("uploads"):
            return self._upload(repository, name.removeprefix("uploads").strip("/"), parse_qs(parts.query), fault)
        held = registry.blobs.get(repository, {}).get(name)
        return self._answer(404 if held is None else 200, body=held or b"")

    def _token(self, asked: dict[str, list[str]]) -> None:
        if self.headers.get("Authorization") != _basic(self.registry.user):
            return self._answer(401, body=b"{}")
        token = secrets.token_hex(8)
        self.registry.tokens[token] = asked["scope"][0]
        return self._answer(200, body=json.dumps({"token": token, "expires_in": 300}).encode())

    def _may(self) -> bool:
        given = self.headers.get("Authorization", "")
        if self.registry.auth == "basic":
            return given == _basic(self.registry.user)
        return self.registry.auth != "bearer" or given.removeprefix("Bearer ") in self.registry.tokens

    def _challenge(self) -> None:
        repository = self.path.removeprefix("/v2/").split("/blobs")[0].split("/manifests")[0]
        bearer = f'Bearer realm="{self.registry.url}/token",service="stub",scope="repository:{repository}:pull,push"'
        challenge = 'Basic realm="stub"' if self.registry.auth == "basic" else bearer
        self._answer(401, headers={"WWW-Authenticate": challenge}, body=_error("UNAUTHORIZED"))

    def _upload(self, repository: str, session: str, query: dict[str, list[str]], fault: Fault | None) -> None:
        registry = self.registry
        if self.command == "POST":
            digest = query.get("mount", [""])[0]
            if registry.mounts and digest in registry.blobs.get(query.get("from", [""])[0], {}):
                registry.blobs.setdefault(repository, {})[digest] = registry.blobs[query["from"][0]][digest]
                return self._answer(201, headers={"Location": f"/v2/{repository}/blobs/{digest}"})
            session = secrets.token_hex(8)
            registry.sessions[session] = bytearray()
            return self._answer(202, headers={"Location": f"/v2/{repository}/blobs/uploads/{session}?state=a%2Fb"})
        held = registry.sessions.get(session)
        if held is None or query.get("state") != ["a/b"]:
            self.close_connection = True
            return self._answer(404, body=_error("BLOB_UPLOAD_UNKNOWN"))
        if self.command == "PATCH":
            return self._patch(held, fault)
        if self.command == "PUT":
            return self._close(repository, session, query["digest"][0])
        return self._answer(204, headers=self._progress(held))

    def _patch(self, held: bytearray, fault: Fault | None) -> None:
        first = int(self.headers["Content-Range"].split("-")[0])
        if first != len(held):
            self.close_connection = True
            return self._answer(416, headers=self._progress(held))
        left = int(self.headers["Content-Length"])
        if fault is not None and fault.cut_after >= 0:
            held += self.rfile.read(min(left, fault.cut_after))
            self.close_connection = True
            self.connection.close()
            return None
        while left:
            piece = self.rfile.read(min(left, PIECE))
            held += piece
            self.registry.received += len(piece)
            left -= len(piece)
        return self._answer(202, headers=self._progress(held))

    def _progress(self, held: bytearray) -> dict[str, str]:
        return {"Location": self.path, "Range": f"0-{max(len(held) - 1, 0)}"}

    def _close(self, repository: str, session: str, digest: str) -> None:
        data = bytes(self.registry.sessions.pop(session))
        if self.registry.corrupts or "sha256:" + hashlib.sha256(data).hexdigest() != digest:
            return self._answer(400, body=_error("DIGEST_INVALID"))
        self.registry.blobs.setdefault(repository, {})[digest] = data
        return self._answer(201, headers={"Location": f"/v2/{repository}/blobs/{digest}"})

    def _manifest(self, repository: str, name: str) -> None:
        held = self.registry.manifests.setdefault(repository, {})
        if self.command == "DELETE":
            gone = [tag for tag, (_kind, data) in held.items() if name in {tag, _digest(data)}]
            for tag in gone:
                del held[tag]
            return self._answer(202 if gone else 404)
        if self.command != "PUT":
            kind, data = held.get(name, ("", b""))
            return self._answer(200 if kind else 404, headers={"Content-Type": kind}, body=data)
        data = self.rfile.read(int(self.headers["Content-Length"]))
        digest, content = "sha256:" + hashlib.sha256(data).hexdigest(), json.loads(data)
        named = [content["config"], *content["layers"]] if "layers" in content else []
        if any(part["digest"] not in self.registry.blobs.get(repository, {}) for part in named):
            return self._answer(404, body=_error("MANIFEST_BLOB_UNKNOWN"))
        held[name] = held[digest] = (self.headers["Content-Type"], data)
        kept = {"OCI-Subject": content["subject"]["digest"]} if self._keeps(content) else {}
        shown = "sha256:" + "0" * 64 if self.registry.corrupts else digest
        return self._answer(201, headers={"Docker-Content-Digest": shown, **kept})

    def _keeps(self, content: dict[str, Any]) -> bool:
        return self.registry.keeps_referrers and "subject" in content

    def _referrers(self, repository: str, digest: str) -> None:
        if not self.registry.keeps_referrers:
            return self._answer(404, body=_error("NOT_FOUND"))
        rows = {
            name: {"digest": name, "mediaType": kind, "size": len(data)}
            for name, (kind, data) in self.registry.manifests.get(repository, {}).items()
            if json.loads(data).get("subject", {}).get("digest") == digest
        }
        page = [row for name, row in sorted(rows.items())]
        start = int(parse_qs(urlsplit(self.path).query).get("start", ["0"])[0])
        more = {"Link": f'<{urlsplit(self.path).path}?start={start + 1}>; rel="next"'} if start + 1 < len(page) else {}
        index = {"schemaVersion": 2, "manifests": page[start : start + 1]}
        return self._answer(200, headers=more, body=json.dumps(index).encode())

    def _answer(self, status: int, *, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and status != 204:
            self.wfile.write(body)


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _basic(user: tuple[str, str]) -> str:
    return "Basic " + base64.b64encode(":".join(user).encode()).decode()


def _error(code: str) -> bytes:
    return json.dumps({"errors": [{"code": code, "message": "an inner path /srv/secret"}]}).encode()


@contextmanager
def running_registry(*, tls: ssl.SSLContext | None = None, **behaviour: Any) -> Iterator[StubRegistry]:
    """A registry on a free port of this machine, by HTTPS if `tls` says with which certificate."""
    registry = StubRegistry(**behaviour)
    handler = type("Handler", (_Handler,), {"registry": registry})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if tls is not None:
        # The handshake belongs to the connection's own thread: one that fails shall not stop the others.
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    registry.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
