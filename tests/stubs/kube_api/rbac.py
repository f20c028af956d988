"""Who may do what: roles and bindings as stored, asked for each request of an account that is no administrator."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.stubs.kube_api.resources import Resource
from tests.stubs.kube_api.statuses import Object
from tests.stubs.kube_api.store import Store

GROUP = "rbac.authorization.k8s.io"


@dataclass(frozen=True)
class User:
    """Who a token stands for."""

    name: str
    admin: bool = False

    @property
    def account(self) -> tuple[str, str] | None:
        """(namespace, name) of a service account."""
        parts = self.name.split(":")
        return (parts[2], parts[3]) if parts[:2] == ["system", "serviceaccount"] and len(parts) == 4 else None


@dataclass(frozen=True)
class Request:
    """What is asked: `resource` is the plural, with its subresource as in `pods/log`."""

    verb: str
    group: str
    resource: str
    namespace: str
    name: str = ""


def allowed(store: Store, user: User, request: Request) -> bool:
    """Whether a role of the namespace or of the cluster grants it."""
    return user.admin or any(_grants(rule, request) for rule in _rules(store, user, request.namespace))


def refusal(user: User, request: Request) -> str:
    where = f' in the namespace "{request.namespace}"' if request.namespace else " at the cluster scope"
    return (
        f'User "{user.name}" cannot {request.verb} resource "{request.resource}" in API group "{request.group}"{where}'
    )


def _rules(store: Store, user: User, namespace: str) -> Iterator[Object]:
    for kind in ("rolebindings", "clusterrolebindings"):
        for (where, _name), binding in list(store.objects.get((GROUP, kind), {}).items()):
            if (kind == "rolebindings" and where != namespace) or not _binds(binding, user):
                continue
            plural = "roles" if binding["roleRef"]["kind"] == "Role" else "clusterroles"
            place = where if plural == "roles" else ""
            role = store.objects.get((GROUP, plural), {}).get((place, binding["roleRef"]["name"]))
            yield from (role or {}).get("rules") or []


def _binds(binding: Object, user: User) -> bool:
    for subject in binding.get("subjects") or []:
        if subject["kind"] == "ServiceAccount" and user.account == (subject.get("namespace"), subject["name"]):
            return True
        if subject["kind"] == "User" and subject["name"] == user.name:
            return True
    return False


def _grants(rule: Object, request: Request) -> bool:
    names: Iterable[str] = rule.get("resourceNames") or ()
    return (
        _has(rule.get("verbs"), request.verb)
        and _has(rule.get("apiGroups"), request.group)
        and _has(rule.get("resources"), request.resource)
        and (not names or request.name in names)
    )


def _has(listed: Iterable[str] | None, wanted: str) -> bool:
    return bool({"*", wanted} & set(listed or ()))


def plural_of(resource: Resource, subresource: str) -> str:
    return f"{resource.plural}/{subresource}" if subresource else resource.plural
