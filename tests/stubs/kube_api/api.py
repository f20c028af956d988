"""The stand-in as tests hold it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from tests.ports import free_port
from tests.stubs.kube_api import crds, statuses
from tests.stubs.kube_api.faults import Fault, Faults
from tests.stubs.kube_api.operations import Operations
from tests.stubs.kube_api.options import Options
from tests.stubs.kube_api.rbac import User
from tests.stubs.kube_api.resources import Target, catalogue
from tests.stubs.kube_api.server import Server
from tests.stubs.kube_api.statuses import Object
from tests.stubs.kube_api.store import Store

ADMIN = "admin-token"
NAMESPACES = ("default", "kube-system", "kserve")


@dataclass
class Entry:
    """One request: the HTTP method, the API's verb, the resource, the path with its query, the client."""

    method: str
    verb: str
    resource: str
    path: str
    agent: str
    status: int = 0


class KubeApi:
    """A small, strict Kubernetes API server with KServe's and the Gateway API's kinds, on a loopback address.

    `with KubeApi() as api:` starts it; `api.kubeconfig(path)` writes what the client loads. Objects are read with
    `api.get`, and written past all faults with `api.create` and `api.set_status`, as a controller would.
    `crds`: a folder of definitions, instead of the one that KSERVE_CRDS names or the pinned extract.
    """

    def __init__(
        self, *, crds: str | Path | None = None, version: str = "v1.35.2", bookmark_every: float = 60.0,
        without: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.resources = catalogue(_definitions(crds, without))
        self.store = Store()
        self.operations = Operations(self.store, self.resources)
        self.faults = Faults()
        self.requests: list[Entry] = []
        self.failures: list[Exception] = []
        self.tokens: dict[str, User] = {ADMIN: User("admin", admin=True)}
        self.logs: dict[tuple[str, str, str, bool], str] = {}
        self.bookmark_every = bookmark_every
        self.gone_as = "event"  # how a watch of a version that is gone is told: "event" (in the stream) or "http"
        major, minor = version.lstrip("v").split(".")[:2]
        self.version = {
            "major": major, "minor": minor, "gitVersion": version, "gitCommit": "", "gitTreeState": "clean",
            "buildDate": "2026-01-01T00:00:00Z", "goVersion": "go1.25", "compiler": "gc", "platform": "linux/amd64",
        }  # fmt: skip
        self.over = threading.Event()  # lets those go whose answer was delayed to order
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self._port = 0
        for name in NAMESPACES:
            self.create("namespaces", {"metadata": {"name": name}})

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self.stop()
        if self.failures and error is None:
            raise self.failures[0]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen; after `stop`, at the same address again."""
        # Not of the kernel's choice: while nobody listens, it would give such a port to any client that connects.
        self._port = self._port or free_port()
        self._server = Server(("127.0.0.1", self._port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Refuse connections and cut those that are open; what is stored stays."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._server.server_close()
        self.store.end_watches()
        self._server.cut_all()
        self._thread.join()
        self._server = None

    @contextmanager
    def down(self) -> Iterator[None]:
        """For a while nobody listens."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    def kubeconfig(self, path: Path, *, token: str = ADMIN, namespace: str = "default") -> Path:
        """A configuration file for the client, with this token."""
        context = {"cluster": "stand-in", "user": "user", "namespace": namespace}
        document = {
            "apiVersion": "v1", "kind": "Config", "current-context": "stand-in",
            "clusters": [{"name": "stand-in", "cluster": {"server": self.url}}],
            "users": [{"name": "user", "user": {"token": token}}],
            "contexts": [{"name": "stand-in", "context": context}],
        }  # fmt: skip
        path.write_text(yaml.safe_dump(document))
        path.chmod(0o600)
        return path

    def token_for(self, namespace: str, account: str) -> str:
        """A token of a service account, which may do what roles and bindings in the store grant."""
        token = f"token-{namespace}-{account}-{len(self.tokens)}"
        self.tokens[token] = User(f"system:serviceaccount:{namespace}:{account}")
        return token

    def issued(self, account: Target) -> Object:
        """The answer to a TokenRequest for a service account that is there."""
        self.operations.existing(account)
        token = self.token_for(account.namespace, account.name)
        status = {"token": token, "expirationTimestamp": "2100-01-01T00:00:00Z"}
        return {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "spec": {}, "status": status}

    def expire(self, token: str) -> None:
        """The token is worth nothing from now on: 401."""
        self.tokens.pop(token, None)

    def user(self, header: str) -> User:
        kind, _, token = header.partition(" ")
        if kind != "Bearer" or token not in self.tokens:
            raise statuses.unauthorized()
        return self.tokens[token]

    def fail(self, **how: Any) -> Fault:
        """Order a fault (see `Fault`); it is taken back with `api.faults.ordered.remove(...)` or by `times`."""
        fault = Fault(**how)
        self.faults.ordered.append(fault)
        return fault

    def compact(self) -> None:
        """Forget the history: watches and list pages of older versions get a 410."""
        self.store.compact()

    def cut_watches(self) -> None:
        """End every watch that is open, as a server does that restarts."""
        self.store.end_watches()

    def log(self, method: str, verb: str, resource: str, path: str, agent: str) -> Entry:
        entry = Entry(method, verb, resource, path, agent)
        self.requests.append(entry)
        return entry

    def counted(self) -> Counter[tuple[str, str]]:
        """How many requests came, by (verb, resource)."""
        return Counter((entry.verb, entry.resource) for entry in self.requests)

    @property
    def objects(self) -> list[Object]:
        """Everything that is stored."""
        return [obj for objects in self.store.objects.values() for obj in objects.values()]

    def target(self, plural: str, namespace: str = "", name: str = "", subresource: str = "") -> Target:
        resource = next(one for one in self.resources.values() if one.plural == plural)
        return Target(resource, namespace, name, subresource)

    def get(self, plural: str, name: str, namespace: str = "default") -> Object | None:
        where = self.target(plural, namespace)
        return self.store.get(where.resource, namespace if where.resource.namespaced else "", name)

    def create(self, plural: str, obj: Object, namespace: str = "default") -> Object:
        """Create past all faults, strictly validated."""
        where = self.target(plural)
        where = Target(where.resource, namespace if where.resource.namespaced else "")
        return self.operations.create(where, obj, Options("stand-in", validation="Strict"))

    def apply(self, plural: str, obj: Object, *, manager: str = "administrator") -> Object:
        """Apply past all faults, in the namespace that the object names."""
        metadata = obj["metadata"]
        where = self.target(plural, metadata.get("namespace", ""), metadata["name"])
        options = Options(manager, validation="Strict", force=True)
        return self.operations.patch(where, "application/apply-patch+yaml", obj, options)[0]

    def set_status(self, plural: str, name: str, status: Object, namespace: str = "default") -> Object:
        """Replace the status past all faults, as the kind's controller would."""
        where = self.target(plural, namespace, name, "status")
        with self.store.lock:
            live = self.operations.existing(where)
            return self.operations.replace(
                where, {**live, "status": status}, Options("controller", validation="Strict")
            )

    def merge(self, plural: str, name: str, change: Object, namespace: str = "default") -> Object:
        """Merge a change past all faults, as a hand or a controller would."""
        where = self.target(plural, namespace, name)
        options = Options("controller", validation="Strict")
        return self.operations.patch(where, "application/merge-patch+json", change, options)[0]

    def delete(self, plural: str, name: str, namespace: str = "default") -> None:
        """Delete past all faults, as a hand or a controller would."""
        self.operations.delete(self.target(plural, namespace, name), {}, Options("stand-in"))


def _definitions(folder: str | Path | None, without: Sequence[str]) -> list[Mapping[str, Any]]:
    return [crd for crd in crds.definitions(folder) if crd["plural"] not in without]
