"""What every operation of the REST API answers to whom, and which scopes of a token it takes.

As in `routes.py`, a rule maps a role, and whether the thing asked for is one's own, to a status.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.factories import IRIS
from tests.portal.api_rules import (
    ANY_ACT,
    ANY_EDITION,
    EVERY,
    OPERATE,
    OWNERS,
    OWNERS_OR_OPERATORS,
    PARTIES,
    REVIEW,
    SEEN,
    ApiRow,
    claiming,
    file,
    mine,
    mine_or,
    reviewer_of_others,
    right,
    seen_by_owner,
    signed_in,
    upload,
)
from tests.portal.belongings import Belongings
from tests.portal.routes import Data, endpoint, everybody, key, named
from tests.portal.routes_api_community import COMMUNITY
from tests.portal.routes_review import approval


def tick(b: Belongings) -> Data:
    return {"sha256": b.live_file.blob_id, "viewed": True}


def of_reopened(name: str) -> Callable[[Belongings], Data]:
    return lambda b: {"version_id": b.reopened.pk, "pk": getattr(b, name).pk}


def line_comment(b: Belongings) -> Data:
    return {"body": "Why?", "line": 1, "content_digest": b.waiting.content_digest}


VOUCHED = {"may_publish": True, "no_personal_data": True}
NEW_MODEL = {"name": "brand-new", "summary": "A model", "task": "other"}
EXAMPLES = {"examples": [{"title": "A", "request": IRIS.request, "expected": IRIS.expected, "tolerance": 0.5}]}

REGISTRY = (
    ApiRow("GET", "api:me", signed_in(200), EVERY),
    ApiRow("PATCH", "api:me", signed_in(200), ANY_ACT, data=lambda _b: {"display_name": "Ada", "language": "de"}),
    ApiRow("GET", "api:models", SEEN),
    ApiRow("POST", "api:models", signed_in(201), OWNERS, data=lambda _b: NEW_MODEL),
    ApiRow("GET", "api:model", SEEN, thing=named("live")),
    ApiRow("GET", "api:model", seen_by_owner(200), thing=named("draft"), case="never submitted"),
    ApiRow(
        "PATCH", "api:model", mine(200, others=403), OWNERS, named("live"), lambda _b: {"summary": "New"}, ANY_EDITION
    ),
    ApiRow(
        "PATCH", "api:model", mine(200), OWNERS, named("draft"), lambda _b: {"summary": "New"}, ANY_EDITION,
        case="never submitted",
    ),
    ApiRow("GET", "api:name_check", signed_in(200), OWNERS),
    ApiRow("GET", "api:citation", SEEN, thing=named("live")),
    ApiRow("GET", "api:citation", seen_by_owner(200), thing=named("draft"), case="never submitted"),
    ApiRow("GET", "api:revisions", right("reviewer", 200), (REVIEW,), key("waiting")),
    ApiRow("GET", "api:revision", right("reviewer", 200), (REVIEW,), lambda b: {**key("waiting")(b), "number": 1}),
    ApiRow("GET", "api:model_versions", SEEN, thing=named("live")),
    ApiRow("POST", "api:model_versions", mine(201, others=403), OWNERS, named("live")),
    ApiRow("GET", "api:version", SEEN, thing=key("waiting")),
    ApiRow("GET", "api:version", seen_by_owner(200), thing=key("draft"), case="never submitted"),
    ApiRow("PATCH", "api:version", mine(200), OWNERS, key("draft"), lambda _b: {"cpu_millis": 500}, ANY_EDITION),
    ApiRow("DELETE", "api:version", mine(204), OWNERS, key("draft"), headers=ANY_EDITION),
    ApiRow("GET", "api:examples", SEEN, thing=key("live")),
    ApiRow("GET", "api:examples", seen_by_owner(200), thing=key("draft"), case="never submitted"),
    ApiRow("PUT", "api:examples", mine(200), OWNERS, key("draft"), lambda _b: EXAMPLES, ANY_EDITION),
    ApiRow("GET", "api:files", SEEN, thing=key("live")),
    ApiRow("GET", "api:files", seen_by_owner(200), thing=key("draft"), case="never submitted"),
    ApiRow("DELETE", "api:file", mine(204), OWNERS, file("draft"), headers=ANY_EDITION),
    ApiRow("GET", "api:file_content", SEEN, thing=file("live")),
    ApiRow("GET", "api:file_content", seen_by_owner(200), thing=file("draft"), case="never submitted"),
    ApiRow(
        "GET", "api:file_content", everybody(404), case="of another version",
        thing=lambda b: {"version_id": b.live.pk, "pk": b.draft_file.pk},
    ),
    ApiRow("GET", "api:version", SEEN, thing=key("reopened"), case="reopened"),
    ApiRow("GET", "api:file_content", SEEN, thing=of_reopened("submitted_file"), case="submitted before"),
    ApiRow(
        "GET", "api:file_content", seen_by_owner(200), thing=of_reopened("added_file"), case="not yet submitted"
    ),
    ApiRow("GET", "api:uploads", mine(200), OWNERS, key("draft")),
    ApiRow(
        "POST", "api:uploads", mine(201), OWNERS, key("draft"), lambda _b: {"path": "more.json", "length": 3}
    ),
    ApiRow(
        "POST", "api:direct_uploads", mine(409), OWNERS, key("draft"), lambda _b: {"path": "more.json", "length": 3}
    ),
    ApiRow("POST", "api:upload_parts", mine(409), OWNERS, upload, lambda _b: {"parts": [1]}),
    ApiRow("GET", "api:upload_parts", mine(409), OWNERS, upload),
    ApiRow("POST", "api:upload_completion", mine(409), OWNERS, upload),
    ApiRow("GET", "api:upload", mine(200), OWNERS, upload),
    ApiRow("DELETE", "api:upload", mine(204), OWNERS, upload),
    ApiRow("GET", "api:checks", SEEN, thing=key("live")),
    ApiRow("GET", "api:checks", seen_by_owner(200), thing=key("draft"), case="never submitted"),
    ApiRow("GET", "api:trial_run", SEEN, thing=key("live")),
    ApiRow("GET", "api:reviews", SEEN, thing=key("live")),
    ApiRow("POST", "api:reviews", reviewer_of_others, (REVIEW,), key("waiting"), approval),
    ApiRow("GET", "api:review_queue", right("reviewer", 200), (REVIEW,)),
    ApiRow("POST", "api:check", mine(200), OWNERS, key("draft")),
    ApiRow("POST", "api:submit", mine(200), OWNERS, key("draft"), lambda _b: VOUCHED, ANY_EDITION),
    ApiRow("POST", "api:withdraw", mine(200, others=403), OWNERS, key("waiting")),
    ApiRow("POST", "api:reopen", mine(200, others=403), OWNERS, key("withdrawn")),
    ApiRow("POST", "api:retry", mine_or("operator", 200), OWNERS_OR_OPERATORS, key("stuck")),
    ApiRow("POST", "api:retire", mine_or("operator", 200), OWNERS_OR_OPERATORS, key("live")),
    ApiRow("POST", "api:retire", mine(409), OWNERS_OR_OPERATORS, key("draft"), case="never submitted"),
    ApiRow("GET", "api:comparison", SEEN, thing=named("live")),
    ApiRow("GET", "api:comparison", seen_by_owner(200), thing=named("draft"), case="never submitted"),
    ApiRow("POST", "api:card_preview", signed_in(200), OWNERS, data=lambda _b: {"card": "# Iris"}),
    ApiRow("GET", "api:draft_trial", mine(200), OWNERS, key("draft")),
    ApiRow("POST", "api:draft_trial", mine(202), OWNERS, key("draft")),
    ApiRow("GET", "api:review_standing", right("reviewer", 200), (REVIEW,), key("waiting")),
    ApiRow("GET", "api:changes", right("reviewer", 200), (REVIEW,), key("waiting")),
    ApiRow("GET", "api:past_reviews", right("reviewer", 200), (REVIEW,)),
    ApiRow("GET", "api:review_statistics", SEEN),
    ApiRow("GET", "api:viewed_files", right("reviewer", 200), (REVIEW,), key("waiting")),
    ApiRow("PUT", "api:viewed_file", right("reviewer", 200), (REVIEW,), file("live"), tick),
    ApiRow("GET", "api:claim", right("reviewer", 200), (REVIEW,), key("waiting")),
    ApiRow("PUT", "api:claim", claiming, (REVIEW,), key("waiting")),
    ApiRow("DELETE", "api:claim", right("reviewer", 204), (REVIEW,), key("waiting")),
    ApiRow("GET", "api:threads", SEEN, thing=key("waiting")),
    ApiRow("POST", "api:threads", mine_or("reviewer", 201), PARTIES, key("waiting"), line_comment),
    ApiRow("GET", "api:thread", SEEN, thing=key("thread")),
    ApiRow("PUT", "api:thread", mine_or("reviewer", 200), PARTIES, key("thread"), lambda _b: {"resolved": True}),
    ApiRow("POST", "api:thread_comments", mine_or("reviewer", 201), PARTIES, key("thread"), lambda _b: {"body": "So."}),
    ApiRow("GET", "api:events", SEEN),
    ApiRow("GET", "api:event", SEEN, thing=key("public")),
    ApiRow("GET", "api:event", everybody(404), thing=key("secret"), case="not public"),
)  # fmt: skip
DEPLOYER = (
    ApiRow("GET", "deployer_api:builds", SEEN),
    ApiRow("GET", "deployer_api:build", SEEN, thing=key("failed_build")),
    ApiRow(
        "POST", "deployer_api:build_retry", mine_or("operator", 200), OWNERS_OR_OPERATORS, key("failed_build")
    ),
    ApiRow(
        "POST", "deployer_api:build_cancel", mine_or("operator", 200), OWNERS_OR_OPERATORS, key("queued_build")
    ),
    ApiRow("GET", "deployer_api:build_log", SEEN, thing=key("failed_build")),
    ApiRow("GET", "deployer_api:build_raw_log", SEEN, thing=key("failed_build")),
    ApiRow("GET", "deployer_api:rollouts", SEEN),
    ApiRow("GET", "deployer_api:rollout_output", mine_or("operator", 200), OWNERS_OR_OPERATORS, key("ready")),
    ApiRow("GET", "deployer_api:rollout", SEEN, thing=key("ready")),
    ApiRow(
        "POST", "deployer_api:rollout_retry", mine_or("operator", 200), OWNERS_OR_OPERATORS, key("failed_rollout")
    ),
    ApiRow(
        "POST", "deployer_api:rollout_restore", right("operator", 409), (OPERATE,), key("replaced"),
        case="still in service",
    ),
    ApiRow("GET", "deployer_api:endpoints", SEEN),
    ApiRow("GET", "deployer_api:endpoint", SEEN, thing=endpoint),
    ApiRow("GET", "deployer_api:endpoint_example", SEEN, thing=endpoint),
    ApiRow("GET", "deployer_api:endpoint_figures", SEEN, thing=endpoint),
    ApiRow("GET", "deployer_api:operations", SEEN),
    ApiRow("GET", "deployer_api:capacity", right("operator", 200), (OPERATE,)),
    ApiRow("GET", "deployer_api:request_figures", SEEN),
    ApiRow("GET", "deployer_api:deployments", SEEN),
)  # fmt: skip
API_ROWS = (*REGISTRY, *COMMUNITY, *DEPLOYER)
