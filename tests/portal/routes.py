"""What every route answers to whom: the table of rights, as a test reads it.

A rule maps a person to a status. A person is a role and whether the thing asked for is their own; a visitor owns
nothing. `LOGIN` is a redirect to the sign-in page, or the page that keeps what was typed and leads there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.factories import CONFIRMED
from tests.portal.belongings import Belongings

LOGIN = "login"
VISITOR = "visitor"
ROLES = ("account", "reviewer", "operator", "administrator")
Status = int | str
Rule = Callable[[str, bool], Status]
Data = Mapping[str, Any]


def everybody(status: Status) -> Rule:
    return lambda _role, _own: status


def signed_in(status: Status) -> Rule:
    return lambda role, _own: LOGIN if role == VISITOR else status


def with_right(right: str, status: Status, *, without: Status = 403) -> Rule:
    return lambda role, _own: LOGIN if role == VISITOR else status if role == right else without


def owner_only(status: Status, *, others: Status = 404, visitor: Status = LOGIN) -> Rule:
    """404 by default: whoever may not know of a thing learns nothing, not even that it is there."""
    return lambda role, own: visitor if role == VISITOR else status if own else others


def owner_or(right: str, status: Status) -> Rule:
    return lambda role, own: LOGIN if role == VISITOR else status if own or role == right else 403


def reviewer_of_others(status: Status, *, of_own: Status) -> Rule:
    def rule(role: str, own: bool) -> Status:  # noqa: FBT001  # the shape of every rule
        if role == VISITOR:
            return LOGIN
        if role != "reviewer":
            return 403
        return of_own if own else status

    return rule


NO = everybody(405)
SEEN = everybody(200)


@dataclass(frozen=True)
class Row:
    """A route with a thing, and what GET and POST answer; further methods by name."""

    route: str
    get: Rule
    post: Rule
    thing: Callable[[Belongings], Data] = field(default=lambda _b: {})
    data: Callable[[Belongings], Data] = field(default=lambda _b: {})
    headers: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Rule] = field(default_factory=dict)
    case: str = ""

    @property
    def rules(self) -> dict[str, Rule]:
        return {"GET": self.get, "POST": self.post, **self.more}

    def __str__(self) -> str:
        return f"{self.route} {self.case}".strip()


def named(what: str) -> Callable[[Belongings], Data]:
    """The address of the model of one of the versions."""
    return lambda b: {"owner": b.owner.username, "name": getattr(b, what).registered_model.name}


def numbered(what: str) -> Callable[[Belongings], Data]:
    return lambda b: {**named(what)(b), "number": getattr(b, what).number}


def file_in(what: str) -> Callable[[Belongings], Data]:
    return lambda b: {**numbered(what)(b), "path": "model.json"}


def added_page(b: Belongings) -> Data:
    return {**numbered("reopened")(b), "path": b.added_file.path}


def of_reopened(name: str) -> Callable[[Belongings], Data]:
    return lambda b: {"version_pk": b.reopened.pk, "pk": getattr(b, name).pk}


def key(what: str) -> Callable[[Belongings], Data]:
    return lambda b: {"pk": getattr(b, what).pk}


def endpoint(b: Belongings) -> Data:
    return {"name": b.endpoint.name}


TUS = {"Tus-Resumable": "1.0.0"}
SIGNED_OUT_OF_TUS = 403
MINE, THEIRS = owner_only(200), owner_only(302)
FORM = owner_only(400)  # an empty form comes back with its faults

REGISTRY = (
    Row("registry:home", SEEN, NO),
    Row("registry:catalogue", SEEN, NO),
    Row("registry:model", SEEN, NO, named("live")),
    Row("registry:model", owner_only(200, visitor=404), NO, named("draft"), case="never submitted"),
    Row("registry:model_versions", SEEN, NO, named("live")),
    Row("registry:model_versions", owner_only(200, visitor=404), NO, named("draft"), case="never submitted"),
    Row("registry:model_files", SEEN, NO, named("live")),
    Row("registry:model_files", owner_only(200, visitor=404), NO, named("draft"), case="never submitted"),
    Row("registry:version_files", SEEN, NO, numbered("live")),
    Row("registry:version_files", owner_only(200, visitor=404), NO, numbered("draft"), case="never submitted"),
    Row("registry:file_page", SEEN, NO, file_in("live")),
    Row("registry:file_page", owner_only(200, visitor=404), NO, file_in("draft"), case="never submitted"),
    Row("registry:model_compare", SEEN, NO, named("live")),
    Row("registry:model_compare", owner_only(200, visitor=404), NO, named("draft"), case="never submitted"),
    Row("registry:robots", SEEN, NO),
    Row("registry:sitemaps", SEEN, NO),
    Row("registry:sitemap", SEEN, NO, lambda _b: {"section": "models"}),
    Row("registry:model_use", SEEN, NO, named("live")),
    Row("registry:model_use", owner_only(200, visitor=404), NO, named("draft"), case="never submitted"),
    Row("registry:model_deployments", SEEN, NO, named("live")),
    Row("registry:model_deployments", owner_only(200, visitor=404), NO, named("draft"), case="never submitted"),
    Row("registry:model_log", SEEN, NO, named("live")),
    Row("registry:model_log", owner_only(200, visitor=404), NO, named("draft"), case="never submitted"),
    Row("registry:version", SEEN, NO, numbered("live")),
    Row("registry:version", SEEN, NO, numbered("waiting"), case="in review"),
    Row("registry:version", owner_only(200, visitor=404), NO, numbered("draft"), case="never submitted"),
    Row("registry:version_start", NO, owner_only(302, others=403), named("live")),
    Row("registry:version_start", NO, THEIRS, named("draft"), case="never submitted"),
    Row("registry:file", SEEN, NO, lambda b: {"version_pk": b.live.pk, "pk": b.live_file.pk}),
    Row(
        "registry:file", owner_only(200, visitor=404), NO,
        lambda b: {"version_pk": b.draft.pk, "pk": b.draft_file.pk}, case="never submitted",
    ),
    Row(
        "registry:file", everybody(404), NO,
        lambda b: {"version_pk": b.live.pk, "pk": b.draft_file.pk}, case="of another version",
    ),
    Row("registry:version", SEEN, NO, numbered("reopened"), case="reopened"),
    Row("registry:file", SEEN, NO, of_reopened("submitted_file"), case="submitted before"),
    Row("registry:file", owner_only(200, visitor=404), NO, of_reopened("added_file"), case="not yet submitted"),
    Row("registry:file_page", owner_only(200, visitor=404), NO, added_page, case="not yet submitted"),
    Row("registry:event_log", SEEN, NO),
    Row("registry:log_feed", SEEN, NO),
    Row("registry:model_feed", SEEN, NO, named("live")),
    Row("registry:model_feed", owner_only(200, visitor=404), NO, named("draft"), case="never submitted"),
    Row("registry:event", SEEN, NO, key("public")),
    Row("registry:event", everybody(404), NO, key("secret"), case="not public"),
    Row("registry:my_models", signed_in(200), NO),
    Row("registry:submit", signed_in(200), signed_in(400)),
    Row("registry:name_check", signed_in(200), NO),
    Row("registry:card_preview", NO, MINE, key("draft")),
    Row("registry:draft", MINE, NO, key("draft")),
    Row("registry:draft_basics", MINE, FORM, key("draft")),
    Row("registry:draft_files", MINE, NO, key("draft")),
    Row("registry:draft_file_rows", MINE, NO, key("draft")),
    Row("registry:file_add", NO, FORM, key("draft")),
    Row("registry:file_remove", NO, THEIRS, lambda b: {"version_pk": b.draft.pk, "pk": b.draft_file.pk}),
    Row("registry:upload_retry", NO, THEIRS, lambda b: {"version_pk": b.draft.pk, "upload_pk": b.upload.pk}),
    Row("registry:upload_cancel", NO, THEIRS, lambda b: {"version_pk": b.draft.pk, "upload_pk": b.upload.pk}),
    Row("registry:draft_card", MINE, THEIRS, key("draft")),
    Row("registry:draft_examples", MINE, FORM, key("draft")),
    Row("registry:draft_trial", THEIRS, NO, key("draft")),  # nothing is under way, so it leads back
    Row("registry:check", NO, THEIRS, key("draft")),
    Row("registry:draft_delete", NO, THEIRS, key("draft")),
    Row("registry:version_progress", MINE, NO, key("stuck")),
    Row("registry:version_submit", NO, THEIRS, key("draft"), lambda _b: CONFIRMED),
    Row("registry:version_withdraw", NO, THEIRS, key("waiting")),
    Row("registry:version_reopen", NO, THEIRS, key("withdrawn")),
    Row("registry:version_retry", NO, owner_or("operator", 302), key("stuck")),
    Row("registry:version_retry", NO, THEIRS, key("draft"), case="never submitted"),
    Row("registry:version_retire", NO, owner_or("operator", 302), key("live")),
    Row("registry:version_retire", NO, THEIRS, key("draft"), case="never submitted"),
    Row("registry:tokens", signed_in(200), signed_in(400)),
    Row("registry:token_revoke", NO, THEIRS, key("token")),
    Row("registry:account_security", signed_in(200), NO),
    Row("registry:help", SEEN, NO),
    Row("registry:help_topic", SEEN, NO, lambda _b: {"topic": "formats"}),
    Row("registry:help_topic", everybody(404), NO, lambda _b: {"topic": "nothing"}, case="unknown"),
    Row("registry:about", SEEN, NO),
    Row("registry:uploads", NO, owner_only(400, others=400, visitor=SIGNED_OUT_OF_TUS), headers=TUS),
    Row(
        "registry:upload", NO, NO, lambda b: {"upload_id": str(b.upload.pk)}, headers=TUS,
        more={
            "HEAD": owner_only(200, visitor=SIGNED_OUT_OF_TUS),
            "PATCH": owner_only(415, visitor=SIGNED_OUT_OF_TUS),
            "DELETE": owner_only(204, visitor=SIGNED_OUT_OF_TUS),
        },
    ),
)  # fmt: skip
UNREACHED = everybody(503)  # no replica runs here; that the route is open to everybody is what counts
DEPLOYER = (
    Row("deployer:operations", SEEN, NO),
    Row("deployer:operations_figures", SEEN, NO),
    Row("deployer:backends", with_right("operator", 200), with_right("operator", 200)),
    Row("deployer:operations_csv", SEEN, NO),
    Row("deployer:operations_builds_csv", SEEN, NO),
    Row("deployer:builds", SEEN, NO),
    Row("deployer:build", SEEN, NO, key("failed_build")),
    Row("deployer:build_progress", SEEN, NO, key("failed_build")),
    Row("deployer:build_log", SEEN, NO, key("failed_build")),
    Row("deployer:build_raw_log", SEEN, NO, key("failed_build")),
    Row("deployer:build_provenance", everybody(404), NO, key("failed_build")),
    Row("deployer:signing_keys", SEEN, NO),
    Row("deployer:build_retry", NO, owner_or("operator", 302), key("failed_build")),
    Row("deployer:build_cancel", NO, owner_or("operator", 302), key("queued_build")),
    Row("deployer:rollouts", SEEN, NO),
    Row("deployer:rollout", SEEN, NO, key("ready")),
    Row("deployer:rollout_progress", SEEN, NO, key("ready")),
    Row("deployer:rollout_retry", NO, owner_or("operator", 302), key("failed_rollout")),
    Row(
        "deployer:rollout_restore",
        NO,
        with_right("operator", 302),
        key("replaced"),
        lambda b: {"confirm": b.endpoint.name},
    ),
    Row("deployer:endpoints", SEEN, NO),
    Row("deployer:endpoint", SEEN, NO, endpoint),
    Row("deployer:endpoint_try", everybody(302), everybody(400), endpoint, lambda _b: {"request": "not JSON"}),
    Row("deployer:endpoint_example", SEEN, NO, endpoint),
    Row("deployer:endpoint_figures", SEEN, NO, endpoint),
    Row("deployer:v2_server", SEEN, NO),
    Row("deployer:v2_live", SEEN, NO),
    Row("deployer:v2_server_ready", SEEN, NO),
    Row("deployer:v2_models", SEEN, NO),
    Row("deployer:v2_metadata", UNREACHED, NO, endpoint),
    Row("deployer:v2_ready", UNREACHED, NO, endpoint),
    Row("deployer:v2_infer", NO, UNREACHED, endpoint),
    Row("deployer:v1_models", SEEN, NO),
    Row("deployer:v1_status", UNREACHED, NO, endpoint),
    Row("deployer:v1_predict", NO, UNREACHED, endpoint),
)
API = (
    Row("api:docs", SEEN, NO),
    Row("api:schema", SEEN, NO),
    Row("api:problems", SEEN, NO),
)
PORTAL = (
    Row("theme", NO, everybody(302)),
    Row("language", NO, everybody(302)),
    Row("healthz", SEEN, NO),
    Row("readyz", SEEN, NO),
    Row("metrics", SEEN, NO),
)
ROWS = (*REGISTRY, *DEPLOYER, *API, *PORTAL)
