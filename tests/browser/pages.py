"""Every kind of page, each with somebody who may see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

VISITOR = ""


@dataclass(frozen=True)
class Place:
    """A page: a short name, the account that looks at it, its path, and the button there (CSS) that makes it whole."""

    name: str
    account: str
    path: str
    press: str = ""


def places(scene: Mapping[str, str]) -> list[Place]:
    """All pages, with the numbered addresses that `stage.make_scene` returned."""
    draft, model = scene["draft"], scene["model"]
    return [
        Place("home", VISITOR, "/"),
        Place("catalogue", VISITOR, "/models/"),
        Place("catalogue-empty", VISITOR, "/models/?q=nothing-is-called-so"),
        Place("model", VISITOR, model),
        Place("model-versions", VISITOR, f"{model}versions/"),
        Place("model-files", VISITOR, f"{model}files/"),
        Place("model-file", VISITOR, f"{model}files/1/iris-xgboost.json"),
        Place("model-compare", VISITOR, f"{model}compare/"),
        Place("log-filtered", VISITOR, "/log/?tag=version:&actor=reviewer"),
        Place("catalogue-filtered", VISITOR, "/models/?q=iris&task=tabular-classification&sort=name"),
        Place("model-use", VISITOR, f"{model}use/"),
        Place("model-deployments", VISITOR, f"{model}deployments/"),
        Place("model-log", VISITOR, f"{model}log/"),
        Place("version", VISITOR, f"{model}versions/1/"),
        Place("log", VISITOR, "/log/"),
        Place("event", VISITOR, scene["event"]),
        Place("endpoints", VISITOR, "/endpoints/"),
        Place("endpoint", VISITOR, scene["endpoint"]),
        Place("operations", VISITOR, "/operations/"),
        Place("builds", VISITOR, "/builds/"),
        Place("build", VISITOR, scene["build"]),
        Place("rollouts", VISITOR, "/rollouts/"),
        Place("rollout", VISITOR, scene["rollout"]),
        Place("discussion", VISITOR, f"{model}discussion/"),
        Place("topic", "volunteer", scene["topic"]),
        Place("report-form", VISITOR, f"{model}report/"),
        Place("profile", VISITOR, "/users/volunteer/"),
        Place("sign-in", VISITOR, "/accounts/login/"),
        Place("sign-up", VISITOR, "/accounts/signup/"),
        Place("password-reset", VISITOR, "/accounts/password/reset/"),
        Place("sign-in-failed", VISITOR, "/accounts/3rdparty/login/error/"),
        Place("help", VISITOR, "/help/"),
        Place("help-formats", VISITOR, "/help/formats/"),
        Place("help-glossary", VISITOR, "/help/glossary/"),
        Place("help-volunteers", VISITOR, "/help/volunteers/"),
        Place("about", VISITOR, "/about/"),
        Place("api", VISITOR, "/api/v1/"),
        Place("api-problems", VISITOR, "/api/v1/problems/"),
        Place("api-tokens", "volunteer", "/account/tokens/"),
        Place("not-found", VISITOR, "/models/nobody/nothing/"),
        Place("my-models", "volunteer", "/mine/"),
        Place("submit", "volunteer", "/submit/"),
        Place("draft-basics", "volunteer", f"{draft}basics/"),
        Place("draft-files", "volunteer", f"{draft}files/"),
        Place("draft-card", "volunteer", f"{draft}card/"),
        Place("draft-card-text", "volunteer", f"{draft}card/?view=text"),
        Place("draft-examples", "volunteer", f"{draft}examples/"),
        Place("draft-examples-text", "volunteer", f"{draft}examples/?view=text"),
        Place("draft-submit", "volunteer", draft),
        Place("forbidden", "volunteer", "/reviews/"),
        Place("change-password", "volunteer", "/accounts/password/change/"),
        Place("email", "volunteer", "/accounts/email/"),
        Place("sign-out", "volunteer", "/accounts/logout/"),
        Place("profile-own", "volunteer", "/users/volunteer/"),
        Place("profile-edit", "volunteer", "/account/profile/"),
        Place("notifications", "reviewer", "/notifications/"),
        Place("notification-settings", "reviewer", "/account/notifications/"),
        Place("report-desk", "reviewer", "/reports/"),
        Place("report", "reviewer", scene["report"]),
        Place("account-security", "volunteer", "/account/security/"),
        Place("second-factor", "volunteer", "/accounts/2fa/"),
        Place("security-keys", "volunteer", "/accounts/2fa/webauthn/"),
        Place("sessions", "volunteer", "/accounts/sessions/"),
        Place("connections", "volunteer", "/accounts/3rdparty/"),
        Place("reauthenticate", "volunteer", "/accounts/reauthenticate/?next=/accounts/2fa/totp/activate/"),
        Place("review-queue", "reviewer", "/reviews/"),
        Place("review", "reviewer", scene["review"]),
        Place("review-line", "reviewer", f"{scene['review']}?view=source&comment=5"),
        Place("review-files", "reviewer", f"{scene['review']}files/"),
        Place("review-conversation", "reviewer", f"{scene['review']}conversation/"),
        Place("review-history", "reviewer", f"{scene['review']}history/"),
        Place("review-past", "reviewer", "/reviews/past/"),
        Place("review-shortcuts", "reviewer", "/reviews/shortcuts/"),
        Place("review-thread", VISITOR, scene["thread"]),
        Place("operations-operator", "operator", "/operations/"),
        Place("backends", "operator", "/operations/backends/"),
        Place("backends-asked", "operator", "/operations/backends/", press="#findings button"),
    ]
