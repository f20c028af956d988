"""Failures of builds and rollouts. Each carries a message id and says who must act."""

from __future__ import annotations

from registry.errors import (
    ConflictError,
    ForbiddenError,
    IntegrityError,
    NotFoundError,
    OperatorError,
    PortalError,
    TransientError,
    UserError,
    WhoActs,
    plain_params,
)

__all__ = [
    "BuildError",
    "ClusterError",
    "ConflictError",
    "DigestMismatchError",
    "ForbiddenError",
    "IntegrityError",
    "ModelStartError",
    "NotFoundError",
    "OperatorError",
    "PortalError",
    "RuntimeUnavailableError",
    "TransientError",
    "UserError",
    "WhoActs",
    "plain_params",
]


class BuildError(UserError):
    """The content cannot be packaged as it is; the submitter must change it."""


class DigestMismatchError(IntegrityError):
    """What was built or is served is not what the reviewer approved."""


class ModelStartError(UserError):
    """The runtime works, but this model does not start or answer in it."""


class RuntimeUnavailableError(OperatorError):
    """The runtime's environment is missing or broken."""


class ClusterError(RuntimeUnavailableError):
    """The cluster keeps the model from running, which an operator must mend there."""
