"""How a failure is stored: its message id, what fills the text, and who has to act."""

from __future__ import annotations

from typing import Any

from deployer.errors import PortalError, WhoActs, plain_params

WHO_ACTS = "who_acts"
LOG_TAIL = "log_tail"
LOST_BYTES = "storage.blob_missing"


def failure_of(error: PortalError) -> dict[str, Any]:
    """Values for the columns `failure_code` and `failure_params`.

    What was worth repeating and still failed is an operator's now: nobody repeats it by itself any more. So are bytes
    that the content store lost after the approval: their submitter may change nothing.
    """
    operators = error.who_acts is WhoActs.RETRY or error.code == LOST_BYTES
    who = WhoActs.OPERATOR if operators else error.who_acts
    return {"failure_code": error.code, "failure_params": {**plain_params(error.params), WHO_ACTS: who.value}}
