"""The OpenAPI document in chapters and rows, as a template prints it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

Schema = Mapping[str, Any]
DEEPEST = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """A parameter or a field of a body, by its dotted name."""

    name: str
    kind: str
    required: bool
    text: str
    choices: tuple[str, ...] = ()
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRow:
    """A status and what it means."""

    status: str
    text: str
    good: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationRow:
    """One operation."""

    anchor: str
    method: str
    path: str
    summary: str
    text: str
    public: bool
    parameters: list[FieldRow]
    body: list[FieldRow]
    answer: list[FieldRow]
    answers: list[AnswerRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """The operations of one resource."""

    anchor: str
    title: str
    operations: list[OperationRow]


def chapters(document: Schema) -> list[Chapter]:
    """The document's operations by tag, in the order of their addresses."""
    found: dict[str, list[OperationRow]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            found.setdefault(operation["tags"][0], []).append(_operation(document, path, method, operation))
    return [
        Chapter(anchor=title.lower().replace(" ", "-"), title=title, operations=operations)
        for title, operations in found.items()
    ]


def _operation(document: Schema, path: str, method: str, operation: Schema) -> OperationRow:
    answers = operation["responses"]
    good = next(iter(answers))
    return OperationRow(
        anchor=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        text=operation.get("description", "").replace("`", ""),
        public={} in operation.get("security", []),
        parameters=[_parameter(parameter) for parameter in operation.get("parameters", ())],
        body=list(_fields(document, _content(operation.get("requestBody", {})))),
        answer=list(_fields(document, _content(answers[good]))),
        answers=[
            AnswerRow(status=status, text=HTTPStatus(int(status)).phrase, good=status == good) for status in answers
        ],
    )


def _parameter(parameter: Schema) -> FieldRow:
    schema = parameter.get("schema", {})
    return FieldRow(
        name=parameter["name"],
        kind=_kind(schema),
        required=parameter.get("required", False),
        text=parameter.get("description", ""),
        choices=tuple(map(str, schema.get("enum", ()))),
        place=parameter["in"],
    )


def _content(holder: Schema) -> Schema:
    content = holder.get("content", {})
    return content[next(iter(content))].get("schema", {}) if content else {}


def _fields(document: Schema, schema: Schema, prefix: str = "", depth: int = 0) -> Iterator[FieldRow]:
    schema = _resolved(document, schema)
    if schema.get("type") == "array":
        schema = _resolved(document, schema.get("items", {}))
    required = set(schema.get("required", ()))
    for name, inner in schema.get("properties", {}).items():
        whole, dotted = _resolved(document, inner), f"{prefix}{name}"
        yield FieldRow(
            name=dotted,
            kind=_kind(whole),
            required=name in required,
            text=inner.get("description") or whole.get("description", ""),
            choices=tuple(str(choice) for choice in whole.get("enum", ()) if choice is not None),
        )
        if depth < DEEPEST:
            yield from _fields(document, whole, f"{dotted}.", depth + 1)


def _resolved(document: Schema, schema: Schema) -> Schema:
    """The schema behind references, and behind “this or null”."""
    while True:
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
            continue
        parts = [
            part for key in ("allOf", "oneOf", "anyOf") for part in schema.get(key, ()) if part != {"type": "null"}
        ]
        if len(parts) != 1:
            return schema
        schema = {**parts[0], **{key: value for key, value in schema.items() if key == "description"}}


def _kind(schema: Schema) -> str:
    kind = schema.get("type", "object" if "properties" in schema else "")
    if isinstance(kind, list):
        kind = " or ".join(str(part) for part in kind)
    return f"{kind} ({schema['format']})" if "format" in schema else str(kind)
