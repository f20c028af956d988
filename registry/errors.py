"""The errors of registration and review: each names who must act, and a message id for the wording."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


def plain_params(params: Mapping[str, object]) -> dict[str, str | int | float]:
    """Parameters as a JSON column keeps them: numbers and text as they are, anything else as text."""
    return {key: value if isinstance(value, str | int | float) else str(value) for key, value in params.items()}


class WhoActs(StrEnum):
    """Who has to do something before the same request can succeed."""

    USER = "user"
    OPERATOR = "operator"
    RETRY = "retry"


class PortalError(Exception):
    """Base of every expected failure.

    `code` names a text in `messages.py`; `field` the form field at fault, if any; `params` fill the text.
    The exception itself never carries wording for people, so no raw backend output can reach a page.
    """

    who_acts: WhoActs = WhoActs.OPERATOR
    http_status: int = 500

    def __init__(self, code: str, *, field: str | None = None, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.field = field
        self.params: Mapping[str, object] = params

    def __str__(self) -> str:
        details = ", ".join(f"{key}={value!r}" for key, value in self.params.items())
        return f"{self.code}({details})" if details else self.code


class UserError(PortalError):
    """The person who asked can mend it: bad input, a missing field, a refused file."""

    who_acts = WhoActs.USER
    http_status = 400


class UnauthenticatedError(UserError):
    """Nobody knows who asks, or no longer believes it: sign in, or bring a token that is valid."""

    http_status = 401


class ForbiddenError(UserError):
    """The person lacks the right."""

    http_status = 403


class SignedOutError(ForbiddenError):
    """A form of somebody who is not, or no longer, signed in. What they typed must not be lost."""


class NotFoundError(UserError):
    """No such object, or none that this person may know of."""

    http_status = 404


class ConflictError(UserError):
    """Somebody or something else moved first; look again before repeating."""

    http_status = 409


class QuotaError(UserError):
    """The account's quota does not hold this."""

    http_status = 413


class TooManyError(UserError):
    """Too often in too short a time; the same request is welcome later."""

    http_status = 429


class OperatorError(PortalError):
    """An operator must mend the installation: a missing runtime, a bad setting."""

    who_acts = WhoActs.OPERATOR
    http_status = 500


class StorageFullError(OperatorError):
    """The disk or bucket holds no more."""

    http_status = 507


class TransientError(PortalError):
    """Nobody has to act: the same step, repeated later, may succeed."""

    who_acts = WhoActs.RETRY
    http_status = 503


class IntegrityError(OperatorError):
    """Stored bytes are not those that their digest names. Nothing built on them may go on."""
