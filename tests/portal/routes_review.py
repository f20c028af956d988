"""What the routes of the review desk answer to whom; see `routes.py`."""

from __future__ import annotations

from registry.checklist import CHECKLIST
from tests.portal.belongings import IMAGE, Belongings
from tests.portal.routes import (
    LOGIN,
    NO,
    VISITOR,
    Data,
    Row,
    Rule,
    Status,
    everybody,
    key,
    owner_only,
    reviewer_of_others,
    with_right,
)
from tests.portal.routes_community import moderator


def discussing(status: Status) -> Rule:
    """Reviewers and the owner take part."""
    return lambda role, own: LOGIN if role == VISITOR else status if own or role == "reviewer" else 403


def approval(b: Belongings) -> Data:
    seen = {"content_digest": b.waiting.content_digest, "image_digest": IMAGE}
    return {"decision": "approve", "comment": "Good.", "checklist": list(CHECKLIST), **seen}


def remark(b: Belongings) -> Data:
    return {"subject": "card", "line": 1, "body": "Why?", "content_digest": b.waiting.content_digest}


READ = with_right("reviewer", 200)

REVIEW = (
    Row("registry:review_queue", READ, NO),
    Row("registry:review_past", READ, NO),
    Row("registry:review_shortcuts", READ, with_right("reviewer", 302)),
    Row("registry:review", READ, reviewer_of_others(302, of_own=403), key("waiting"), approval),
    Row(
        "registry:review", reviewer_of_others(404, of_own=409), reviewer_of_others(404, of_own=409),
        key("draft"), case="never submitted",
    ),
    Row("registry:review_files", READ, NO, key("waiting")),
    Row("registry:review_conversation", READ, NO, key("waiting")),
    Row("registry:review_history", READ, NO, key("waiting")),
    Row("registry:review_claim", NO, reviewer_of_others(302, of_own=403), key("waiting")),
    Row("registry:review_release", NO, with_right("reviewer", 302), key("waiting")),
    Row(
        "registry:file_viewed", NO, with_right("reviewer", 302),
        lambda b: {"version_pk": b.waiting.pk, "pk": b.waiting.files.get().pk}, lambda _b: {"viewed": "1"},
    ),
    Row(
        "registry:file_viewed", NO, with_right("reviewer", 404),
        lambda b: {"version_pk": b.waiting.pk, "pk": b.draft_file.pk}, case="of another version",
    ),
    *(
        Row(route, moderator(200), moderator(302), key(what), lambda _b: {"reason": "Rude."})
        for route, what in (("registry:comment_hide", "comment"), ("registry:review_hide", "review"))
    ),
    Row("registry:thread", everybody(200), discussing(302), key("thread"), lambda _b: {"body": "Because."}),
    Row("registry:thread_resolve", NO, discussing(302), key("thread")),
    Row("registry:thread_new", discussing(404), discussing(302), key("waiting"), remark),
    Row(
        "registry:thread_new", owner_only(404), owner_only(404), key("draft"), case="never submitted",
    ),
)  # fmt: skip
