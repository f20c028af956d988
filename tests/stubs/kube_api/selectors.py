"""Label and field selectors."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.stubs.kube_api import statuses

Test = Callable[[dict[str, Any]], bool]
_EQUAL = re.compile(r"^([^=!\s]+)\s*(==|=|!=)\s*([^=!\s]*)$")
_SET = re.compile(r"^([^\s!=]+)\s+(in|notin)\s*\(([^)]*)\)$")
_EXISTS = re.compile(r"^(!?)\s*([^\s!=(),]+)$")
# What a real server can select by beside metadata.name and metadata.namespace.
FIELDS = {
    "pods": ("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "status.phase"),
    "events": (
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
        "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "source",
        "type", "reportingComponent",
    ),
    "namespaces": ("status.phase",),
    "secrets": ("type",),
    "replicasets": ("status.replicas",),
}  # fmt: skip


def label_test(text: str) -> Test:
    tests = [_label_part(part.strip()) for part in re.split(r",(?![^(]*\))", text) if part.strip()]
    return lambda item: all(test(item["metadata"].get("labels") or {}) for test in tests)


def _label_part(part: str) -> Callable[[dict[str, str]], bool]:
    if found := _SET.match(part):
        key, word, values = found[1], found[2], {value.strip() for value in found[3].split(",")}
        return (
            (lambda labels: labels.get(key) in values)
            if word == "in"
            else (lambda labels: labels.get(key) not in values)
        )
    if found := _EQUAL.match(part):
        key, sign, value = found.groups()
        return (lambda labels: labels.get(key) != value) if sign == "!=" else (lambda labels: labels.get(key) == value)
    if found := _EXISTS.match(part):
        absent, key = bool(found[1]), found[2]
        return lambda labels: (key not in labels) is absent
    raise statuses.bad_request(f"unable to parse requirement: found '{part}', expected: identifier or operator")


def field_test(text: str, plural: str) -> Test:
    tests = []
    for part in filter(None, text.split(",")):
        found = _EQUAL.match(part.strip())
        if not found:
            raise statuses.bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
        path, sign, value = found.groups()
        if path not in {"metadata.name", "metadata.namespace", *FIELDS.get(plural, ())}:
            raise statuses.bad_request(f"field label not supported: {path}")
        tests.append((path.split("."), sign == "!=", value))
    return lambda item: all((_at(item, path) == value) is not negated for path, negated, value in tests)


def _at(item: Any, path: list[str]) -> str:
    for step in path:
        item = item.get(step, {}) if isinstance(item, dict) else {}
    return "" if isinstance(item, dict) else str(item)
