"""How a failure is stored: its message id, what fills the text, and who has to act."""

from __future__ import annotations

from typing import Any

from deployer.errors import PortalError, WhoActs, plain_params

WHO_ACTS = "who_acts"
LOG_TAIL = "log_tail"


def failure_of(error: PortalError) -> dict[str, Any]:
    """Values for the columns `failure_code` and `failure_params`.

    What was worth repeating and still failed is an operator's now: nobody repeats it by itself any more.
    """
    who = WhoActs.OPERATOR if error.who_acts is WhoActs.RETRY else error.who_acts
    return {"failure_code": error.code, "failure_params": {**plain_params(error.params), WHO_ACTS: who.value}}
