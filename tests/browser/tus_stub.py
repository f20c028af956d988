"""A page with the upload list, and a tus server that fails on cue: it can hold up, cut off or refuse."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django.contrib.staticfiles import finders
from django.middleware.csrf import get_token
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.urls import reverse

from registry.inspection.formats import browser_table

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
CHUNK_BYTES = 64 * 1024
SIZE = 4 * CHUNK_BYTES
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
PAGE = """{% extends "base.html" %}{% block title %}Files{% endblock %}
{% block header %}<h1>Files</h1>{% endblock %}{% block main %}{% include "includes/upload_form.html" %}{% endblock %}
{% block scripts %}<script src="/static/dist/upload.js" defer></script>{% endblock %}"""
DRAFT = 7


@dataclass
class Partial:
    path: str
    size: int
    modified: str
    content: bytearray = field(default_factory=bytearray)


class TusStub(ThreadingHTTPServer):
    """Serves until stopped. `hold_at` holds every PATCH from that offset on until `released`, `hold_deletes` every
    DELETE; `cuts` drops answers.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.origin = f"http://127.0.0.1:{self.server_port}"
        self.partials: dict[str, Partial] = {}
        self.finished: dict[str, bytes] = {}
        self.posted: list[str] = []
        self.log: list[str] = []
        self.metadata: list[dict[str, str]] = []
        self.csrf_tokens: set[str | None] = set()
        self.hold_at: int | None = None
        self.held = threading.Event()
        self.released = threading.Event()
        self.hold_deletes = False
        self.cuts = 0
        self.refusal: dict[str, str] | None = None
        self.unlisted: set[str] = set()
        self.failure: dict[str, Any] | None = None
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def stop(self) -> None:
        self.released.set()
        self.shutdown()
        self.server_close()
        self.thread.join()

    def files(self) -> list[SimpleNamespace]:
        return [
            SimpleNamespace(path=path, size=len(content), sha256=hashlib.sha256(content).hexdigest(), verdict="pass")
            for path, content in self.finished.items()
            if path not in self.unlisted
        ]

    def lists(self) -> dict[str, Any]:
        """What is unfinished, as `unlisted` files are, and what became files."""
        coming = [(key, part.path, part.size, len(part.content), part.modified) for key, part in self.partials.items()]
        coming += [(f"of-{path}", path, SIZE, SIZE, "") for path in self.unlisted & set(self.finished)]
        unfinished = [
            {
                "url": f"/uploads/{key}",
                "path": path,
                "size": size,
                "offset": offset,
                "is_complete": size == offset,
                "modified": modified,
                "remove_url": "/remove/",
                "retry_url": f"/uploads/{key}/retry/",
            }
            for key, path, size, offset, modified in coming
        ]
        return {"unfinished": unfinished, "files": self.files(), "finishing": self.failure}

    def page(self) -> str:
        context = {
            "version": SimpleNamespace(pk=DRAFT),
            "upload_rules": {
                **browser_table(),
                "max_file_bytes": 2**20,
                "max_total_bytes": 4 * 2**20,
                "chunk_bytes": CHUNK_BYTES,
            },
            "form_upload_max_bytes": 2**20,
            **self.lists(),
            "csrf_token": get_token(RequestFactory().get("/")),
        }
        return Template(PAGE).render(Context(context))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that pauses cuts its connection; that is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: TusStub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        pass

    def answer(self, status: int, body: bytes = b"", **headers: str | int) -> None:
        self.send_response(status)
        self.send_header("Tus-Resumable", "1.0.0")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def html(self, text: str) -> None:
        self.answer(HTTPStatus.OK, text.encode(), Content_Type="text/html; charset=utf-8", Content_Security_Policy=CSP)

    def note(self, detail: str = "") -> None:
        self.server.log.append(f"{self.command} {detail}".strip())
        self.server.csrf_tokens.add(self.headers.get("X-CSRFToken"))

    @property
    def key(self) -> str:
        return self.path.rsplit("/", 1)[-1]

    def do_GET(self) -> None:
        if self.path.startswith("/static/"):
            found = finders.find(self.path.removeprefix("/static/"))
            if not isinstance(found, str):
                self.answer(HTTPStatus.NOT_FOUND)
                return
            kind = TYPES.get(Path(found).suffix, "application/octet-stream")
            self.answer(HTTPStatus.OK, Path(found).read_bytes(), Content_Type=kind)
        elif self.path == reverse("registry:draft_file_rows", args=[DRAFT]):
            self.html(render_to_string("registry/fragments/file_rows.html", self.server.lists()))
        elif self.path == "/":
            self.html(self.server.page())
        else:
            self.answer(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.endswith("/retry/"):
            self.note(self.path)
            self.server.failure = None
            self.answer(HTTPStatus.NO_CONTENT)
            return
        if self.path != reverse("registry:uploads"):
            self.server.posted.append(self.path)
            self.server.finished["plain"] = body
            self.html("<!doctype html><title>ok</title>")
            return
        pairs = (pair.split(" ") for pair in self.headers["Upload-Metadata"].split(","))
        metadata = {key: base64.b64decode(value).decode() for key, value in pairs}
        self.note(metadata["filename"])
        self.server.metadata.append(metadata)
        if self.server.refusal:
            self.answer(413, json.dumps(self.server.refusal).encode(), Content_Type="application/json")
            return
        key = f"u{len(self.server.log)}"
        size = int(self.headers["Upload-Length"])
        self.server.partials[key] = Partial(metadata["filename"], size, metadata["modified"])
        self.answer(HTTPStatus.CREATED, Location=f"/uploads/{key}")

    def do_HEAD(self) -> None:
        part = self.server.partials.get(self.key)
        self.note(str(len(part.content)) if part else "gone")
        if part:
            self.answer(HTTPStatus.OK, Upload_Offset=len(part.content), Upload_Length=part.size)
        else:
            self.answer(HTTPStatus.NOT_FOUND)

    def do_DELETE(self) -> None:
        self.note()
        if self.server.hold_deletes:
            self.server.held.set()
            self.server.released.wait(300)
        self.server.partials.pop(self.key, None)
        self.answer(HTTPStatus.NO_CONTENT)

    def do_PATCH(self) -> None:
        part = self.server.partials[self.key]
        offset = int(self.headers["Upload-Offset"])
        if self.server.hold_at is not None and offset >= self.server.hold_at:
            self.server.held.set()
            self.server.released.wait(300)  # nobody but the test lets it go
        chunk = self.rfile.read(int(self.headers["Content-Length"]))
        self.note(str(offset))
        if offset != len(part.content):
            self.answer(HTTPStatus.CONFLICT)
            return
        if self.server.cuts:
            self.server.cuts -= 1
            part.content += chunk[: len(chunk) // 2]
            self.close_connection = True
            return
        part.content += chunk
        if len(part.content) == part.size:
            self.server.finished[part.path] = bytes(part.content)
            del self.server.partials[self.key]
        self.answer(HTTPStatus.NO_CONTENT, Upload_Offset=offset + len(chunk))
