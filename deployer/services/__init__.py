"""The verbs of packaging and serving. Each returns the ids of jobs that became due; the edge rings them."""

from deployer.services.build_log import log_line
from deployer.services.builds import (
    begin_build,
    cancel_build,
    fail_build,
    finish_build,
    may_publish,
    queue_build,
    retry_build,
)
from deployer.services.endpoints import endpoint_name
from deployer.services.figures import add_figures, roll_up_figures
from deployer.services.health import (
    Observation,
    note_compared,
    note_health,
    note_not_brought_back,
    note_stopped,
    queue_convergence,
    queue_stop,
)
from deployer.services.parts import note_trouble, note_works
from deployer.services.retirement import retire_serving
from deployer.services.rollouts import (
    begin_rollout,
    fail_rollout,
    retry_rollout,
    roll_back,
    switch_traffic,
)
from deployer.services.trials import note_untried, queue_draft_trial, queue_trial

__all__ = [
    "Observation",
    "add_figures",
    "begin_build",
    "begin_rollout",
    "cancel_build",
    "endpoint_name",
    "fail_build",
    "fail_rollout",
    "finish_build",
    "log_line",
    "may_publish",
    "note_compared",
    "note_health",
    "note_not_brought_back",
    "note_stopped",
    "note_trouble",
    "note_untried",
    "note_works",
    "queue_build",
    "queue_convergence",
    "queue_draft_trial",
    "queue_stop",
    "queue_trial",
    "retire_serving",
    "retry_build",
    "retry_rollout",
    "roll_back",
    "roll_up_figures",
    "switch_traffic",
]
