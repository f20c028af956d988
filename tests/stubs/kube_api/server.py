"""HTTP: from a request to the verb, and back."""

from __future__ import annotations

import json
import math
import socket
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import yaml

from tests.stubs.kube_api import rbac, statuses
from tests.stubs.kube_api.faults import Fault
from tests.stubs.kube_api.logs import log_text
from tests.stubs.kube_api.options import Options
from tests.stubs.kube_api.resources import Resource, Target, discovery, target
from tests.stubs.kube_api.selectors import Test, field_test, label_test
from tests.stubs.kube_api.statuses import ApiError, Object

if TYPE_CHECKING:
    from tests.stubs.kube_api.api import KubeApi

WATCH_SECONDS = 1800.0
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
WRITES = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class CutError(Exception):
    """The connection ends here, without another word."""


class Server(ThreadingHTTPServer):
    """One address, a thread per connection."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], api: KubeApi) -> None:
        super().__init__(address, Handler)
        self.api = api
        self.connections: set[socket.socket] = set()

    def finish_request(self, request: Any, client_address: Any) -> None:
        self.connections.add(request)
        try:
            super().finish_request(request, client_address)
        finally:
            self.connections.discard(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no fault of the server."""

    def cut_all(self) -> None:
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer goes in two parts, and the second would wait 40 ms
    server: Server

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_GET  # noqa: N815  # the base class finds its methods by these names
    do_PUT = do_GET  # noqa: N815  # as above
    do_PATCH = do_GET  # noqa: N815  # as above
    do_DELETE = do_GET  # noqa: N815  # as above

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name is the base class's
        """The request log is the API's own."""

    def _serve(self) -> None:
        api = self.server.api
        parts = urlsplit(self.path)
        self.query: Mapping[str, str] = dict(parse_qsl(parts.query, keep_blank_values=True))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        found = target(parts.path, api.resources)
        verb = self._verb(found)
        resource = rbac.plural_of(found.resource, found.subresource) if found else ""
        self.entry = api.log(self.command, verb, resource, self.path, self.headers.get("User-Agent", ""))
        fault = api.faults.take(verb, resource, self.path)
        try:
            self._answer(parts.path, found, verb, body, fault)
        except ApiError as error:
            self._send_error(error)
        except (CutError, OSError):
            self.close_connection = True
            self.connection.close()
        except Exception as error:
            api.failures.append(error)  # the stand-in's own fault, which the test that holds it shall tell of
            raise

    def _answer(self, path: str, found: Target | None, verb: str, body: bytes, fault: Fault | None) -> None:
        api = self.server.api
        self.cuts_within = False
        if fault is not None:
            api.over.wait(fault.delay)
            if fault.status:
                raise fault.error()
            if fault.cut == "before":
                raise CutError
            self.cuts_within = fault.cut == "within"
        user = api.user(self.headers.get("Authorization", ""))
        if found is None:
            self._send(*self._unnamed(path.rstrip("/"), body, user))
            return
        if found.subresource == "log" or verb in {"get", "list", "watch"}:
            self._authorize(user, found, verb)
            self._read(found, verb)
            return
        code, answer = self._write(found, verb, body, user)
        if fault is not None and fault.cut == "after":
            raise CutError
        self._send(code, answer)

    def _verb(self, found: Target | None) -> str:
        if found is None:
            return ""
        if self.command == "GET":
            watches = self.query.get("watch") in {"true", "True", "1"}
            return "watch" if watches and not found.name else ("get" if found.name else "list")
        verb = WRITES[self.command]
        return "deletecollection" if verb == "delete" and not found.name else verb

    def _authorize(self, user: rbac.User, found: Target, verb: str) -> None:
        resource = found.resource
        namespace = found.namespace or (found.name if resource.plural == "namespaces" else "")
        plural = rbac.plural_of(resource, found.subresource)
        request = rbac.Request(verb, resource.group, plural, namespace, found.name)
        if not rbac.allowed(self.server.api.store, user, request):
            told = rbac.Request(verb, resource.group, plural, found.namespace, found.name)
            raise statuses.forbidden(resource.group, resource.plural, found.name, rbac.refusal(user, told))

    def _unnamed(self, path: str, body: bytes, user: rbac.User) -> tuple[int, Any]:
        api = self.server.api
        if path == "/version":
            return 200, api.version
        if path in {"/livez", "/readyz", "/healthz"}:
            return 200, "ok"
        if path == REVIEWS and self.command == "POST":
            wanted = json.loads(body)["spec"]["resourceAttributes"]
            plural = "/".join(filter(None, [wanted["resource"], wanted.get("subresource")]))
            request = rbac.Request(
                wanted["verb"], wanted.get("group", ""), plural, wanted.get("namespace", ""), wanted.get("name", "")
            )
            review = {"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1", **json.loads(body)}
            return 201, {**review, "status": {"allowed": rbac.allowed(api.store, user, request)}}
        document = discovery(path, api.resources) if self.command == "GET" else None
        if document is None:
            raise statuses.no_such_path()
        return 200, document

    def _read(self, found: Target, verb: str) -> None:
        api = self.server.api
        if found.subresource == "log":
            self._send(200, log_text(api.operations.existing(found), self.query, api.logs))
        elif verb == "get":
            self._send(200, api.operations.existing(found))
        elif verb == "watch":
            self._watch(found)
        else:
            self._send(200, self._page(found))

    def _page(self, found: Target) -> Object:
        resource = found.resource
        limit = int(self.query.get("limit") or 0)
        page = self.server.api.store.page(
            resource, found.namespace, self._test(resource), limit=limit, token=self.query.get("continue", "")
        )
        metadata: Object = {"resourceVersion": str(page.version)}
        if page.token:
            metadata["continue"] = page.token
        if page.remaining and not self._selects():
            metadata["remainingItemCount"] = page.remaining
        kind = f"{resource.kind}List"
        return {"kind": kind, "apiVersion": resource.api_version, "metadata": metadata, "items": page.items}

    def _selects(self) -> bool:
        return bool(self.query.get("labelSelector") or self.query.get("fieldSelector"))

    def _test(self, resource: Resource) -> Test:
        labels = label_test(self.query.get("labelSelector", ""))
        fields = field_test(self.query.get("fieldSelector", ""), resource.plural)
        return lambda item: labels(item) and fields(item)

    def _watch(self, found: Target) -> None:
        store, test = self.server.api.store, self._test(found.resource)
        wanted = self.query.get("resourceVersion", "")
        if wanted and not wanted.isdigit():
            raise statuses.invalid("meta.k8s.io", "ListOptions", "", [(
                "resourceVersion", "FieldValueInvalid", f'Invalid value: "{wanted}": strconv.ParseUint: invalid syntax'
            )])  # fmt: skip
        after = int(wanted or 0)
        if after and after < store.oldest and self.server.api.gone_as == "http":
            raise statuses.expired(after, store.oldest)
        seconds = float(self.query.get("timeoutSeconds") or WATCH_SECONDS)
        every = self.server.api.bookmark_every if self.query.get("allowWatchBookmarks") in {"true", "True"} else None
        epoch = store.epoch  # before the log tells of this watch, as whoever reads that may end all watches at once
        self._start_stream()
        if not after:
            page = store.page(found.resource, found.namespace, test, limit=0, token="")
            for item in page.items:
                self._event("ADDED", item)
            after = page.version
        until = time.monotonic() + seconds
        try:
            for kind, obj in store.changes(
                found.resource, found.namespace, test, after=after, epoch=epoch, until=until, bookmark_every=every
            ):
                self._event(kind, obj)
        except ApiError as error:
            self._event("ERROR", error.status())
        self._chunk(b"")

    def _start_stream(self) -> None:
        self.entry.status = 200
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def _event(self, kind: str, obj: Object) -> None:
        line = json.dumps({"type": kind, "object": obj}).encode() + b"\n"
        if self.cuts_within:
            self.wfile.write(f"{len(line):x}\r\n".encode() + line[: len(line) // 2])
            raise CutError
        self._chunk(line)

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _write(self, found: Target, verb: str, body: bytes, user: rbac.User) -> tuple[int, Object]:
        operations = self.server.api.operations
        content_type = self.headers.get("Content-Type", "").partition(";")[0]
        applies = verb == "patch" and content_type == "application/apply-patch+yaml"
        self._authorize(user, found, verb)
        if applies and self.server.api.store.get(found.resource, found.namespace, found.name) is None:
            self._authorize(user, found, "create")
        if found.subresource == "token":
            return 201, self.server.api.issued(found)
        options = Options.of(self.query, self.headers.get("User-Agent", ""), applies=applies)
        document = self._document(body, yaml_too=applies)
        if verb == "create":
            return 201, operations.create(found, document, options)
        if verb == "update":
            return 200, operations.replace(found, document, options)
        if verb == "patch":
            answer, created = operations.patch(found, content_type, document, options)
            return (201 if created else 200), answer
        if verb == "deletecollection":
            return 200, self._delete_all(found, document or {}, options)
        return self._delete(found, document or {}, options)

    def _document(self, body: bytes, *, yaml_too: bool) -> Any:
        if "protobuf" in self.headers.get("Content-Type", ""):
            message = (
                "the body of the request was in an unknown format - accepted media types include: application/json"
            )
            raise ApiError(415, "UnsupportedMediaType", message)
        try:
            return yaml.load(body, Loader=yaml.CSafeLoader) if yaml_too else (json.loads(body) if body else None)
        except (ValueError, yaml.YAMLError) as error:
            raise statuses.bad_request(f"error decoding: {error}") from error

    def _delete(self, found: Target, document: Any, options: Options) -> tuple[int, Object]:
        resource = found.resource
        body = {**document, **{name: self.query[name] for name in ("propagationPolicy",) if name in self.query}}
        options = Options(options.manager, options.dry_run or body.get("dryRun") == ["All"])
        obj, gone = self.server.api.operations.delete(found, body, options)
        if not gone:
            return 200, obj
        details = {"name": found.name, "group": resource.group, "kind": resource.plural, "uid": obj["metadata"]["uid"]}
        told = {key: value for key, value in details.items() if value}
        return 200, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": told}

    def _delete_all(self, found: Target, document: Any, options: Options) -> Object:
        page = self._page(found)
        for item in page["items"]:
            one = Target(found.resource, item["metadata"].get("namespace", ""), item["metadata"]["name"])
            self.server.api.operations.delete(one, document, options)
        return page

    def _send_error(self, error: ApiError) -> None:
        self._send(error.code, error.status() if error.text is None else error.text, error.headers)

    def _send(self, code: int, answer: Any, headers: Mapping[str, str] | None = None) -> None:
        plain = isinstance(answer, str)
        body = answer.encode() if plain else json.dumps(answer).encode()
        self.entry.status = code
        self.send_response(code)
        self.send_header("Content-Type", "text/plain; charset=utf-8" if plain else "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        for warning in self.server.api.operations.told_warnings():
            self.send_header("Warning", f"299 - {json.dumps(warning)}")
        self.end_headers()
        if getattr(self, "cuts_within", False):
            self.wfile.write(body[: math.ceil(len(body) / 2)])
            raise CutError
        self.wfile.write(body)
