"""Objects, the one counter of resource versions, and the history that watches read."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.stubs.kube_api import statuses
from tests.stubs.kube_api.resources import Key, Resource
from tests.stubs.kube_api.selectors import Test
from tests.stubs.kube_api.statuses import Object

Name = tuple[str, str]
"""(namespace, name); the namespace is empty for kinds of the whole cluster."""


@dataclass(frozen=True)
class Change:
    """One write: the object to tell of, whether it is gone, and what it was before. Stored objects never change."""

    version: int
    key: Key
    namespace: str
    told: Object
    gone: bool
    before: Object | None


@dataclass
class Page:
    """One answer to a list."""

    items: list[Object]
    version: int
    token: str = ""
    remaining: int = 0


@dataclass
class Store:
    """What an API server keeps in etcd. Every method may be called from any thread; `lock` holds several together."""

    lock: threading.Condition = field(default_factory=lambda: threading.Condition(threading.RLock()))
    version: int = 100
    oldest: int = 100  # watches and lists of older versions are gone
    objects: dict[Key, dict[Name, Object]] = field(default_factory=dict)
    history: list[Change] = field(default_factory=list)
    snapshots: dict[str, list[Object]] = field(default_factory=dict)
    epoch: int = 0  # raised to end every open watch

    def get(self, resource: Resource, namespace: str, name: str) -> Object | None:
        return self.of(resource).get((namespace, name))

    def of(self, resource: Resource) -> dict[Name, Object]:
        return self.objects.setdefault((resource.group, resource.plural), {})

    def put(self, resource: Resource, obj: Object) -> Object:
        """Store at a new resource version and tell the watches."""
        with self.lock:
            name = (obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
            before = self.of(resource).get(name)
            self.version += 1
            obj = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self.version)}}
            self.of(resource)[name] = obj
            self._tell(resource, obj, before, gone=False)
            return obj

    def remove(self, resource: Resource, obj: Object) -> Object:
        with self.lock:
            name = (obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
            before = self.of(resource).pop(name)
            self.version += 1
            last = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self.version)}}
            self._tell(resource, last, before, gone=True)
            return last

    def _tell(self, resource: Resource, told: Object, before: Object | None, *, gone: bool) -> None:
        key, namespace = (resource.group, resource.plural), told["metadata"].get("namespace", "")
        self.history.append(Change(self.version, key, namespace, told, gone, before))
        self.lock.notify_all()

    def compact(self) -> None:
        """Forget the history: older resource versions and open list pages answer 410 from now on."""
        with self.lock:
            self.oldest = self.version
            self.history.clear()
            self.snapshots.clear()

    def end_watches(self) -> None:
        with self.lock:
            self.epoch += 1
            self.lock.notify_all()

    def page(self, resource: Resource, namespace: str, test: Test, *, limit: int, token: str) -> Page:
        """A list, or its next part: one consistent state of affairs, however many writes come between the parts."""
        with self.lock:
            if token:
                version, start = _opened(token)
                name = _snapshot_name(version, resource, namespace)
                if name not in self.snapshots:
                    raise statuses.expired_continue()
                everything = self.snapshots[name]
            else:
                version, start = self.version, 0
                name = _snapshot_name(version, resource, namespace)
                stored = sorted(self.of(resource).items())
                everything = [obj for key, obj in stored if not namespace or key[0] == namespace]
            found = [obj for obj in everything if test(obj)]
            if not limit or start + limit >= len(found):
                return Page(found[start:], version)
            self.snapshots[name] = everything
            rest = len(found) - start - limit
            return Page(found[start : start + limit], version, _sealed(version, start + limit), rest)

    def changes(
        self,
        resource: Resource,
        namespace: str,
        test: Test,
        *,
        after: int,
        epoch: int,
        until: float,
        bookmark_every: float | None,
    ) -> Iterator[tuple[str, Object]]:
        """(type, object) of each change after a version, waiting for more until a time of the monotonic clock.

        It ends when `epoch`, as it was before anybody could know of this watch, is over. With `bookmark_every` seconds,
        BOOKMARKs come between and at the end. Raises a 410 if the version is gone.
        """
        key, seen = (resource.group, resource.plural), after
        marked = time.monotonic()
        while True:
            with self.lock:
                if seen < self.oldest:
                    raise statuses.expired(seen, self.oldest)
                fresh = [change for change in self._since(seen) if change.key == key]
                seen = self.version
                now = time.monotonic()
                if not fresh and now < until and self.epoch == epoch and not _due(marked, now, bookmark_every):
                    wait = until - now if bookmark_every is None else min(until - now, marked + bookmark_every - now)
                    self.lock.wait(max(wait, 0.001))
                    continue
            for change in fresh:
                if not namespace or change.namespace == namespace:
                    yield from _event(change, test)
            now = time.monotonic()
            ended = now >= until or self.epoch != epoch
            if bookmark_every is not None and (_due(marked, now, bookmark_every) or now >= until):
                marked = now
                yield "BOOKMARK", _bookmark(resource, seen)
            if ended:
                return

    def _since(self, version: int) -> list[Change]:
        found = []
        for change in reversed(self.history):
            if change.version <= version:
                break
            found.append(change)
        return found[::-1]


def _event(change: Change, test: Test) -> Iterator[tuple[str, Object]]:
    """An object that leaves the selection is DELETED to its watchers, and ADDED where it enters."""
    was_in = change.before is not None and test(change.before)
    if not change.gone and test(change.told):
        yield ("MODIFIED" if was_in else "ADDED"), change.told
    elif was_in:
        yield "DELETED", change.told


def _bookmark(resource: Resource, version: int) -> Object:
    metadata = {"resourceVersion": str(version), "creationTimestamp": None}
    return {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}


def _due(marked: float, now: float, every: float | None) -> bool:
    return every is not None and now - marked >= every


def _snapshot_name(version: int, resource: Resource, namespace: str) -> str:
    return f"{version}/{resource.group}/{resource.plural}/{namespace}"


def _sealed(version: int, start: int) -> str:
    document = {"v": "meta.k8s.io/v1", "rv": version, "start": start}
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def _opened(token: str) -> tuple[int, int]:
    try:
        document = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return int(document["rv"]), int(document["start"])
    except (ValueError, KeyError, TypeError) as error:
        raise statuses.bad_request(f"continue key is not valid: {error}") from error
