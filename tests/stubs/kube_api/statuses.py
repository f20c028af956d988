"""Failures as a Kubernetes API server words them: `metav1.Status` documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Object = dict[str, Any]


class ApiError(Exception):
    """An answer that is no success. `text` stands for the servers' few answers that are no JSON."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        details: Object | None = None,
        headers: Mapping[str, str] | None = None,
        text: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.reason, self.message = code, reason, message
        self.details, self.headers, self.text = details or {}, dict(headers or {}), text

    def status(self) -> Object:
        answer: Object = {
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message,
        }  # fmt: skip
        if self.reason:
            answer["reason"] = self.reason
        if self.details:
            answer["details"] = self.details
        return {**answer, "code": self.code}


def qualified(group: str, plural: str) -> str:
    return f"{plural}.{group}" if group else plural


def _named(group: str, plural: str, name: str) -> Object:
    return {"name": name, **({"group": group} if group else {}), "kind": plural}


def not_found(group: str, plural: str, name: str) -> ApiError:
    message = f'{qualified(group, plural)} "{name}" not found'
    return ApiError(404, "NotFound", message, details=_named(group, plural, name))


def no_such_path() -> ApiError:
    return ApiError(404, "NotFound", "404 page not found", text="404 page not found\n")


def already_exists(group: str, plural: str, name: str) -> ApiError:
    message = f'{qualified(group, plural)} "{name}" already exists'
    return ApiError(409, "AlreadyExists", message, details=_named(group, plural, name))


def conflict(group: str, plural: str, name: str, why: str) -> ApiError:
    message = f'Operation cannot be fulfilled on {qualified(group, plural)} "{name}": {why}'
    return ApiError(409, "Conflict", message, details=_named(group, plural, name))


def modified(group: str, plural: str, name: str) -> ApiError:
    why = "the object has been modified; please apply your changes to the latest version and try again"
    return conflict(group, plural, name, why)


def other_uid(group: str, plural: str, name: str, wanted: str, found: str) -> ApiError:
    why = f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}"
    return conflict(group, plural, name, why)


def apply_conflict(conflicts: Sequence[tuple[str, str]]) -> ApiError:
    """Pairs of (manager as the server prints it, path) that another manager owns with another value."""
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {manager}", "field": path}
        for manager, path in conflicts
    ]
    if len(conflicts) == 1:
        message = f"Apply failed with 1 conflict: conflict with {conflicts[0][0]}: {conflicts[0][1]}"
    else:
        lines: list[str] = []
        for manager in sorted({manager for manager, _path in conflicts}):
            lines += [f"conflicts with {manager}:", *(f"- {path}" for other, path in conflicts if other == manager)]
        message = f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)
    return ApiError(409, "Conflict", message, details={"causes": causes})


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def invalid(group: str, kind: str, name: str, problems: Sequence[tuple[str, str, str]]) -> ApiError:
    """Triples of (field, reason, message)."""
    texts = [f"{field}: {message}" for field, _reason, message in problems]
    told = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    full = f"{kind}.{group}" if group else kind
    causes = [{"reason": reason, "message": message, "field": field} for field, reason, message in problems]
    details = {"name": name, **({"group": group} if group else {}), "kind": kind, "causes": causes}
    return ApiError(422, "Invalid", f'{full} "{name}" is invalid: {told}', details=details)


def forbidden(group: str, plural: str, name: str, why: str) -> ApiError:
    subject = f'{qualified(group, plural)} "{name}"' if name else qualified(group, plural)
    return ApiError(403, "Forbidden", f"{subject} is forbidden: {why}", details=_named(group, plural, name))


def denied(webhook: str, why: str) -> ApiError:
    return ApiError(403, "Forbidden", f'admission webhook "{webhook}" denied the request: {why}')


def unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized", "Unauthorized")


def expired(wanted: int, oldest: int) -> ApiError:
    return ApiError(410, "Expired", f"too old resource version: {wanted} ({oldest})")


def expired_continue() -> ApiError:
    message = (
        "The provided continue parameter is too old to display a consistent list result. You can start a new list "
        "without the continue parameter."
    )
    return ApiError(410, "Expired", message)


def internal(why: str) -> ApiError:
    return ApiError(500, "InternalError", f"Internal error occurred: {why}", details={"causes": [{"message": why}]})


def untyped(message: str) -> ApiError:
    """What the server says when an apply patch does not fit the schema: a 500 without a reason."""
    return ApiError(500, "", message)


def too_many(retry_after: int | None) -> ApiError:
    """What priority and fairness answers: plain text."""
    text = "Too many requests, please try again later.\n"
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return ApiError(429, "TooManyRequests", text.strip(), headers=headers, text=text)


def unavailable(retry_after: int | None = None) -> ApiError:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    message = "the server is currently unable to handle the request"
    return ApiError(503, "ServiceUnavailable", message, headers=headers)
