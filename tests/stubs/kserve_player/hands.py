"""How the player reaches an API server: the stand-in directly, or any server over HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Protocol

from kubernetes import client, dynamic

from tests.stubs.kube_api import KubeApi

Object = dict[str, Any]
VERSIONS = {
    "inferenceservices": ("serving.kserve.io/v1beta1", "InferenceService"),
    "deployments": ("apps/v1", "Deployment"),
    "replicasets": ("apps/v1", "ReplicaSet"),
    "pods": ("v1", "Pod"),
    "services": ("v1", "Service"),
    "events": ("v1", "Event"),
}


class Hands(Protocol):
    """Reads and writes objects of one namespace. Absent ones are None; writing to them does nothing."""

    namespace: str

    def whole(self) -> AbstractContextManager[object]:
        """While it is held, nobody else comes between, as far as that can be had."""

    def list(self, plural: str) -> Sequence[Object]:
        """Every object of the kind."""

    def get(self, plural: str, name: str) -> Object | None:
        """The object."""

    def create(self, plural: str, obj: Object) -> Object:
        """Create it."""

    def merge(self, plural: str, name: str, change: Mapping[str, Any]) -> bool:
        """Merge a change into the object; False if it is another than the change's resourceVersion says."""

    def set_status(self, plural: str, name: str, status: Object) -> None:
        """Replace the status."""

    def delete(self, plural: str, name: str) -> None:
        """Delete it."""


class StandInHands:
    """Straight into the stand-in's store: its faults hit whoever is tested, and not the player."""

    def __init__(self, api: KubeApi, namespace: str = "default") -> None:
        self.api, self.namespace = api, namespace

    def whole(self) -> AbstractContextManager[object]:
        return self.api.store.lock

    def list(self, plural: str) -> Sequence[Object]:
        resource = self.api.target(plural).resource
        with self.api.store.lock:
            return [obj for (where, _), obj in self.api.store.of(resource).items() if where == self.namespace]

    def get(self, plural: str, name: str) -> Object | None:
        return self.api.get(plural, name, self.namespace)

    def create(self, plural: str, obj: Object) -> Object:
        return self.api.create(plural, obj, self.namespace)

    def merge(self, plural: str, name: str, change: Mapping[str, Any]) -> bool:
        """`whole` keeps others away, so there is no conflict."""
        if self.get(plural, name) is not None:
            self.api.merge(plural, name, dict(change), self.namespace)
        return True

    def set_status(self, plural: str, name: str, status: Object) -> None:
        if self.get(plural, name) is not None:
            self.api.set_status(plural, name, status, self.namespace)

    def delete(self, plural: str, name: str) -> None:
        if self.get(plural, name) is not None:
            self.api.delete(plural, name, self.namespace)


class ClusterHands:
    """Over HTTP, by the official client."""

    def __init__(self, connection: client.ApiClient, namespace: str, *, folder: Path) -> None:
        """`folder` takes the client's list of kinds, which else lies where another cluster's may lie."""
        self.namespace = namespace
        # The client's hook reads the environment at each call, which pytest changes beside the player's thread.
        connection.configuration.refresh_api_key_hook = None
        connect: Any = dynamic.DynamicClient  # the client types this part of itself not at all
        self._client: Any = connect(connection, cache_file=str(folder / "kinds.json"))

    def whole(self) -> AbstractContextManager[object]:
        return nullcontext()

    def list(self, plural: str) -> Sequence[Object]:
        answer = self._resource(plural).get(namespace=self.namespace, _request_timeout=60)
        return [item.to_dict() for item in answer.items]

    def get(self, plural: str, name: str) -> Object | None:
        try:
            answer: Object = (
                self._resource(plural).get(name=name, namespace=self.namespace, _request_timeout=60).to_dict()
            )
        except dynamic.exceptions.NotFoundError:
            return None
        return answer

    def create(self, plural: str, obj: Object) -> Object:
        version, kind = VERSIONS[plural]
        body = {"apiVersion": version, "kind": kind, **obj}
        made: Object = self._resource(plural).create(body=body, namespace=self.namespace, _request_timeout=60).to_dict()
        return made

    def merge(self, plural: str, name: str, change: Mapping[str, Any]) -> bool:
        try:
            self._resource(plural).patch(
                name=name, namespace=self.namespace, body=change, content_type="application/merge-patch+json",
                _request_timeout=60,
            )  # fmt: skip
        except dynamic.exceptions.NotFoundError:
            return True
        except dynamic.exceptions.ConflictError:
            return False
        return True

    def set_status(self, plural: str, name: str, status: Object) -> None:
        resource = self._resource(plural)
        while (live := self.get(plural, name)) is not None:
            try:  # replaced in one write, as a controller does: nobody sees it without a status
                body = {**live, "status": status}
                resource.status.replace(name=name, namespace=self.namespace, body=body, _request_timeout=60)
            except dynamic.exceptions.ConflictError:
                continue
            except dynamic.exceptions.NotFoundError:
                pass
            return

    def delete(self, plural: str, name: str) -> None:
        try:
            self._resource(plural).delete(name=name, namespace=self.namespace, _request_timeout=60)
        except dynamic.exceptions.NotFoundError:
            return

    def _resource(self, plural: str) -> Any:
        version, kind = VERSIONS[plural]
        return self._client.resources.get(api_version=version, kind=kind)
