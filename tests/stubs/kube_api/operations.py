"""The verbs on stored objects: what a write must pass and what the server adds by itself."""

from __future__ import annotations

import copy
import json
import re
import secrets
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.stubs.kube_api import admission, managed, patches, schema, statuses
from tests.stubs.kube_api.garbage import collect, emptied
from tests.stubs.kube_api.managed import Manager
from tests.stubs.kube_api.options import FOREGROUND, Options
from tests.stubs.kube_api.resources import Key, Resource, Target
from tests.stubs.kube_api.statuses import Object
from tests.stubs.kube_api.store import Store

SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
SYSTEM = ("uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink")


@dataclass
class Operations:
    """Every write goes through here, one at a time."""

    store: Store
    resources: dict[Key, Resource]
    webhooks: bool = True
    warnings: threading.local = field(default_factory=threading.local)

    def create(self, target: Target, body: Object, options: Options) -> Object:
        obj = self._decoded(target.resource, body, options)
        metadata = obj["metadata"]
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = f"{metadata['generateName']}{secrets.token_hex(3)[:5]}"
        self._same_place(target, obj, "")
        if metadata.get("resourceVersion"):
            raise statuses.bad_request("resourceVersion should not be set on objects to be created")
        with self.store.lock:
            if self.store.get(target.resource, target.namespace, metadata["name"]):
                raise statuses.already_exists(target.resource.group, target.resource.plural, metadata["name"])
            obj = self._fresh(target, obj)
            manager = Manager(options.manager, "Update", target.resource.api_version)
            obj = managed.update(None, obj, target.resource.schema, manager=manager, now=now())
            return self._commit(target, None, self._admitted(target.resource, obj, None), options)

    def replace(self, target: Target, body: Object, options: Options) -> Object:
        obj = self._decoded(target.resource, body, options)
        self._same_place(target, obj, target.name)
        with self.store.lock:
            live = self.existing(target)
            return self._updated(target, live, obj, options)

    def patch(self, target: Target, content_type: str, body: Any, options: Options) -> tuple[Object, bool]:
        """The object and whether it was created."""
        if content_type == "application/apply-patch+yaml":
            return self._apply(target, body, options)
        with self.store.lock:
            live = self.existing(target)
            obj = patches.patched(live, content_type, body, target.resource)
            obj = self._decoded(target.resource, obj, options, patched=True)
            self._same_place(target, obj, target.name)
            return self._updated(target, live, obj, options), False

    def told_warnings(self) -> list[str]:
        """What this thread's last write is to be warned of, once."""
        found: list[str] = getattr(self.warnings, "found", [])
        self.warnings.found = []
        return found

    def existing(self, target: Target) -> Object:
        live = self.store.get(target.resource, target.namespace, target.name)
        if live is None:
            raise statuses.not_found(target.resource.group, target.resource.plural, target.name)
        return live

    def delete(self, target: Target, body: Object, options: Options) -> tuple[Object, bool]:
        """The object and whether it is gone already."""
        resource = target.resource
        with self.store.lock:
            live = self.existing(target)
            wanted = body.get("preconditions") or {}
            found = live["metadata"]
            if wanted.get("uid") not in {None, found["uid"]}:
                raise statuses.other_uid(resource.group, resource.plural, target.name, wanted["uid"], found["uid"])
            if wanted.get("resourceVersion") not in {None, found["resourceVersion"]}:
                why = (
                    f"Precondition failed: ResourceVersion in precondition: {wanted['resourceVersion']}, "
                    f"ResourceVersion in object meta: {found['resourceVersion']}"
                )
                raise statuses.conflict(resource.group, resource.plural, target.name, why)
            if options.dry_run:
                return live, True
            finalizers = list(found.get("finalizers") or [])
            policy = body.get("propagationPolicy") or ("Orphan" if body.get("orphanDependents") else "Background")
            if policy == "Foreground" and FOREGROUND not in finalizers:
                finalizers.append(FOREGROUND)
            if resource.plural == "namespaces":
                return self._end_namespace(live)
            if finalizers:
                marked = self._marked(live, finalizers)
                marked = self.store.put(resource, marked) if marked != live else live
                collect(self, resource, marked, policy)
                after = self.store.get(resource, target.namespace, target.name)
                return (marked if after is None else after), after is None
            last = self.store.remove(resource, live)
            collect(self, resource, last, policy)
            return last, True

    def _end_namespace(self, live: Object) -> tuple[Object, bool]:
        namespaces = self.resources["", "namespaces"]
        marked = {**self._marked(live, []), "status": {"phase": "Terminating"}}
        marked = self.store.put(namespaces, marked)
        emptied(self, live["metadata"]["name"])
        return marked, self.end_if_empty(live["metadata"]["name"])

    def end_if_empty(self, namespace: str) -> bool:
        """Let a namespace that is being deleted go once nothing is left in it."""
        live = self.store.get(self.resources["", "namespaces"], "", namespace)
        if live is None or "deletionTimestamp" not in live["metadata"]:
            return False
        if any(where == namespace for objects in self.store.objects.values() for where, _name in objects):
            return False
        self.store.remove(self.resources["", "namespaces"], live)
        return True

    @staticmethod
    def _marked(live: Object, finalizers: list[str]) -> Object:
        if "deletionTimestamp" in live["metadata"]:
            return live
        metadata = {**live["metadata"], "deletionTimestamp": now(), "deletionGracePeriodSeconds": 0}
        metadata["generation"] = metadata.get("generation", 0) + 1
        if finalizers:
            metadata["finalizers"] = finalizers
        return {**live, "metadata": metadata}

    def _apply(self, target: Target, body: Any, options: Options) -> tuple[Object, bool]:
        resource = target.resource
        wanted = self._typed(target, body)
        with self.store.lock:
            live = self.store.get(resource, target.namespace, target.name)
            if live is None and target.subresource:
                raise statuses.not_found(resource.group, resource.plural, target.name)
            self._check_identity(target, wanted, live)
            manager = Manager(options.manager, "Apply", resource.api_version, target.subresource)
            result = managed.apply(
                live, wanted, resource.schema, manager=manager, force=options.force, now=now(),
                reset=_reset(resource, target.subresource),
            )  # fmt: skip
            schema.set_defaults(result, resource.schema)
            if live is None:
                result = self._fresh(target, result)
                return self._commit(target, None, self._admitted(resource, result, None), options), True
            result["metadata"] = {**_system(live), **_without(result["metadata"], SYSTEM)}
            return self._finish(target, live, result, options), False

    def _typed(self, target: Target, body: Any) -> Object:
        """The apply patch, if it is a value of the schema."""
        resource = target.resource
        if not isinstance(body, dict):
            raise statuses.bad_request("error decoding YAML: cannot unmarshal into map[string]interface {}")
        if body.get("apiVersion") != resource.api_version or body.get("kind") != resource.kind:
            if not body.get("apiVersion") or not body.get("kind"):
                raise statuses.bad_request(
                    "Object 'Kind' is missing" if not body.get("kind") else "apiVersion must be set"
                )
            raise statuses.bad_request(
                f"Incorrect version specified in apply patch. Specified patch version: {body['apiVersion']}, "
                f"expected: {resource.api_version}"
            )
        if (body.get("metadata") or {}).get("managedFields") is not None:
            raise statuses.bad_request("metadata.managedFields must be nil")
        found = list(schema.untyped(body, resource.schema))
        if found:
            group, _, version = resource.api_version.rpartition("/")
            told = found[0] if len(found) == 1 else "errors:\n" + "\n".join(f"  {one}" for one in found)
            name = f"{target.namespace}/{target.name}; {group}/{version}, Kind={resource.kind}"
            raise statuses.untyped(f"failed to create typed patch object ({name}): {told}")
        obj = copy.deepcopy(body)
        obj.setdefault("metadata", {}).setdefault("name", target.name)
        if target.namespace:
            obj["metadata"].setdefault("namespace", target.namespace)
        self._same_place(target, obj, target.name)
        return obj

    @staticmethod
    def _check_identity(target: Target, wanted: Object, live: Object | None) -> None:
        group, plural = target.resource.group, target.resource.plural
        uid, version = wanted["metadata"].pop("uid", None), wanted["metadata"].pop("resourceVersion", None)
        if uid and live is None:
            why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
            raise statuses.conflict(group, plural, target.name, why)
        if version and live is None:
            raise statuses.not_found(group, plural, target.name)
        if live is not None and uid not in {None, live["metadata"]["uid"]}:
            raise statuses.other_uid(group, plural, target.name, str(uid), live["metadata"]["uid"])
        if live is not None and version not in {None, live["metadata"]["resourceVersion"]}:
            raise statuses.modified(group, plural, target.name)

    def _decoded(self, resource: Resource, body: Any, options: Options, *, patched: bool = False) -> Object:
        """A body as an object of the kind: unknown fields are refused, warned of or dropped; defaults are filled in."""
        if not isinstance(body, dict) or body.get("kind", resource.kind) != resource.kind:
            found = body.get("kind") if isinstance(body, dict) else type(body).__name__
            raise statuses.bad_request(
                f'{found} in version "{resource.version}" cannot be handled as a {resource.kind}: no kind match'
            )
        if body.get("apiVersion", resource.api_version) != resource.api_version:
            raise statuses.bad_request(
                f"the API version in the data ({body['apiVersion']}) does not match the expected API version "
                f"({resource.api_version})"
            )
        strange = [f'unknown field "{path}"' for path in schema.unknown(body, resource.schema)]
        if strange and options.validation == "Strict" and patched:
            told = f"Invalid value: {json.dumps(json.dumps(body))}: strict decoding error: {', '.join(strange)}"
            raise statuses.invalid("", "", "", [("patch", "FieldValueInvalid", told)])
        if strange and options.validation == "Strict":
            raise statuses.bad_request(
                f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: '
                f"strict decoding error: {', '.join(strange)}"
            )
        if options.validation == "Warn":
            self.warnings.found = strange
        obj: Object = schema.pruned(body, resource.schema)
        obj.update(apiVersion=resource.api_version, kind=resource.kind)
        obj.setdefault("metadata", {})
        schema.set_defaults(obj, resource.schema)
        return obj

    def _same_place(self, target: Target, obj: Object, name: str) -> None:
        metadata = obj["metadata"]
        if target.namespace and metadata.setdefault("namespace", target.namespace) != target.namespace:
            raise statuses.bad_request(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
        if name and metadata.setdefault("name", name) != name:
            raise statuses.bad_request(
                f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})"
            )
        found = metadata.get("name", "")
        resource = target.resource
        if not found:
            why = ("metadata.name", "FieldValueRequired", "Required value: name or generateName is required")
            raise statuses.invalid(resource.group, resource.kind, "", [why])
        if not SUBDOMAIN.match(found) or len(found) > 253:
            told = (
                f'Invalid value: "{found}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric '
                "characters, '-' or '.', and must start and end with an alphanumeric character"
            )
            raise statuses.invalid(resource.group, resource.kind, found, [("metadata.name", "FieldValueInvalid", told)])

    def _fresh(self, target: Target, obj: Object) -> Object:
        self._check_namespace(target, obj["metadata"]["name"])
        obj = {key: value for key, value in obj.items() if key != "status" or not target.resource.has_status}
        metadata = {key: value for key, value in obj["metadata"].items() if key not in SYSTEM}
        metadata.update(uid=str(uuid.uuid4()), creationTimestamp=now(), generation=1)
        if target.resource.plural == "namespaces":
            obj["status"] = {"phase": "Active"}
            metadata["labels"] = {**metadata.get("labels", {}), "kubernetes.io/metadata.name": metadata["name"]}
        return {**obj, "metadata": metadata}

    def _check_namespace(self, target: Target, name: str) -> None:
        if not target.resource.namespaced:
            return
        space = self.store.get(self.resources["", "namespaces"], "", target.namespace)
        if space is None:
            raise statuses.not_found("", "namespaces", target.namespace)
        if "deletionTimestamp" in space["metadata"]:
            why = f"unable to create new content in namespace {target.namespace} because it is being terminated"
            raise statuses.forbidden(target.resource.group, target.resource.plural, name, why)

    def _updated(self, target: Target, live: Object, obj: Object, options: Options) -> Object:
        version = obj["metadata"].get("resourceVersion")
        if version not in {None, live["metadata"]["resourceVersion"]}:
            raise statuses.modified(target.resource.group, target.resource.plural, target.name)
        if obj["metadata"].get("uid") not in {None, live["metadata"]["uid"]}:
            found, wanted = live["metadata"]["uid"], obj["metadata"]["uid"]
            raise statuses.other_uid(target.resource.group, target.resource.plural, target.name, wanted, found)
        kept = _kept_apart(target, live, obj)
        kept["metadata"] = {**_system(live), **_without(kept["metadata"], SYSTEM)}
        manager = Manager(options.manager, "Update", target.resource.api_version, target.subresource)
        kept = managed.update(live, kept, target.resource.schema, manager=manager, now=now())
        return self._finish(target, live, kept, options)

    def _finish(self, target: Target, live: Object, obj: Object, options: Options) -> Object:
        if not target.subresource:
            obj = self._admitted(target.resource, obj, live)
        spec, old = (_without(one, ("metadata", "status")) for one in (obj, live))
        generation = live["metadata"].get("generation", 1) + (spec != old)
        obj = {**obj, "metadata": {**obj["metadata"], "generation": generation}}
        if _told(obj) == _told(live):
            return live  # a write that changes nothing is not stored
        return self._commit(target, live, obj, options)

    def _admitted(self, resource: Resource, obj: Object, live: Object | None) -> Object:
        if not self.webhooks or resource.group != "serving.kserve.io":
            return obj
        if resource.kind == "InferenceService":
            obj = admission.mutated(obj)
            self._check_schema(resource, obj)
            admission.check_inference_service(obj, live)
        elif resource.kind == "ServingRuntime":
            self._check_schema(resource, obj)
            namespace = obj["metadata"]["namespace"]
            others = [one for (where, _), one in self.store.of(resource).items() if where == namespace]
            admission.check_serving_runtime(obj, others)
        return obj

    def _check_schema(self, resource: Resource, obj: Object) -> None:
        found = list(schema.problems(obj, resource.schema))
        if found:
            raise statuses.invalid(resource.group, resource.kind, obj["metadata"]["name"], found)

    def _commit(self, target: Target, live: Object | None, obj: Object, options: Options) -> Object:
        resource = target.resource
        self._check_schema(resource, obj)
        if options.dry_run:
            return obj
        if live is not None and "deletionTimestamp" in obj["metadata"] and not obj["metadata"].get("finalizers"):
            last = self.store.remove(resource, obj)
            collect(self, resource, last, "Background")
            return last
        return self.store.put(resource, obj)


def _kept_apart(target: Target, live: Object, obj: Object) -> Object:
    """`/status` writes nothing but the status, and everything else nothing of it."""
    if target.subresource == "status":
        kept = {key: value for key, value in live.items() if key != "status"}
        return {**kept, **({"status": obj["status"]} if "status" in obj else {})}
    if not target.resource.has_status:
        return obj
    kept = {key: value for key, value in obj.items() if key != "status"}
    return {**kept, **({"status": live["status"]} if "status" in live else {})}


def _reset(resource: Resource, subresource: str) -> Callable[[Object], Object]:
    """Drops from an applied object what this endpoint never writes."""

    def reset(obj: Object) -> Object:
        if subresource == "status":
            identity = {name: obj["metadata"][name] for name in ("name", "namespace") if name in obj["metadata"]}
            kept = {key: value for key, value in obj.items() if key in {"apiVersion", "kind", "status"}}
            return {**kept, "metadata": identity}
        return {key: value for key, value in obj.items() if key != "status" or not resource.has_status}

    return reset


def _told(obj: Object) -> Object:
    return {**obj, "metadata": _without(obj["metadata"], ("resourceVersion",))}


def _system(live: Object) -> Object:
    return {name: live["metadata"][name] for name in (*SYSTEM, "resourceVersion") if name in live["metadata"]}


def _without(obj: Object, names: tuple[str, ...]) -> Object:
    return {key: value for key, value in obj.items() if key not in names}


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
