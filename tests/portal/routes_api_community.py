"""What the operations of notifications, discussions and reports answer to whom; see `routes_api.py`."""

from __future__ import annotations

from tests.portal.api_rules import (
    ADMINISTER,
    ANY_ACT,
    DESK,
    EVERY,
    MODERATORS,
    OWNERS,
    SEEN,
    ApiRow,
    administering,
    at_desk,
    mine,
    moderating,
    right,
    seen_by_owner,
    signed_in,
)
from tests.portal.belongings import Belongings
from tests.portal.routes import Data, everybody, key, named


def message(b: Belongings) -> Data:
    return {**named("live")(b), "pk": b.message.pk}


def text(_b: Belongings) -> Data:
    return {"text": "I wonder."}


def own_concern(_b: Belongings) -> Data:
    return {"concern": "own"}


def user(b: Belongings) -> Data:
    return {"username": b.owner.username}


def reviewing(b: Belongings) -> Data:
    return {"username": b.owner.username, "right": "reviewers"}


ADMIN = (ADMINISTER,)
HIDE = {"hidden": True, "reason": "Rude."}
REPORT = {"category": "other", "text": "Something is odd."}
ACCEPTED = {"state": "accepted", "reason": "It is."}

COMMUNITY = (
    ApiRow("GET", "api:watch", signed_in(200), EVERY, named("live")),
    ApiRow("PUT", "api:watch", signed_in(204), OWNERS, named("live")),
    ApiRow("DELETE", "api:watch", signed_in(204), OWNERS, named("live")),
    ApiRow("GET", "api:watched_models", signed_in(200), EVERY),
    ApiRow("GET", "api:notifications", signed_in(200), EVERY),
    ApiRow("PUT", "api:notification", mine(204), ANY_ACT, key("news"), lambda _b: {"read": True}),
    ApiRow("POST", "api:mark_notifications", signed_in(200), ANY_ACT, data=lambda _b: {"read": True}),
    ApiRow("GET", "api:notification_settings", signed_in(200), EVERY),
    ApiRow("PUT", "api:notification_settings", signed_in(200), ANY_ACT, data=lambda _b: {"daily_mail": True}),
    ApiRow(
        "PUT", "api:notification_switch", signed_in(200), ANY_ACT, own_concern,
        lambda _b: {"inbox": True, "mail": False},
    ),
    ApiRow("GET", "api:topics", SEEN, thing=named("live")),
    ApiRow("GET", "api:topics", seen_by_owner(200), thing=named("draft"), case="never submitted"),
    ApiRow("POST", "api:topics", signed_in(201), OWNERS, named("live"), text),
    ApiRow("GET", "api:message", SEEN, thing=message),
    ApiRow("PATCH", "api:message", mine(200, others=403), OWNERS, message, text),
    ApiRow("GET", "api:answers", SEEN, thing=message),
    ApiRow("POST", "api:answers", signed_in(201), OWNERS, message, text),
    ApiRow("PUT", "api:hidden", moderating(200), MODERATORS, message, lambda _b: HIDE),
    ApiRow("PUT", "api:comment_hidden", moderating(200), MODERATORS, key("comment"), lambda _b: HIDE),
    ApiRow("PUT", "api:review_hidden", moderating(200), MODERATORS, key("review"), lambda _b: HIDE),
    ApiRow("POST", "api:filed_reports", everybody(201), ANY_ACT, named("live"), lambda _b: REPORT),
    ApiRow("GET", "api:profile", SEEN, thing=user),
    ApiRow("GET", "api:people", right("administrator", 200), ADMIN),
    ApiRow("GET", "api:accounts", right("administrator", 200), ADMIN),
    ApiRow("GET", "api:account", right("administrator", 200), ADMIN, user),
    ApiRow("PUT", "api:account_active", administering(200), ADMIN, user, lambda _b: {"active": False}),
    ApiRow("PUT", "api:account_quota", administering(200), ADMIN, user, lambda _b: {"quota_bytes": 5}),
    ApiRow("PUT", "api:account_right", administering(200), ADMIN, reviewing),
    ApiRow("DELETE", "api:account_right", administering(200), ADMIN, reviewing),
    ApiRow("GET", "api:reports", at_desk(200, own=200), DESK),
    ApiRow("GET", "api:report", at_desk(200, own=404), DESK, key("report")),
    ApiRow("PUT", "api:report_assignee", at_desk(200, own=404), DESK, key("report"), lambda _b: {"assignee": None}),
    ApiRow("POST", "api:report_decision", at_desk(200, own=404), DESK, key("report"), lambda _b: ACCEPTED),
)  # fmt: skip
