"""What the routes of notifications, watching and talking answer to whom; see `routes.py`."""

from __future__ import annotations

from registry.services.notifying import unsubscribe_token
from tests.portal.belongings import Belongings
from tests.portal.routes import (
    LOGIN,
    NO,
    SEEN,
    VISITOR,
    Data,
    Row,
    Rule,
    Status,
    everybody,
    key,
    named,
    owner_only,
    signed_in,
)  # fmt: skip


def token(b: Belongings) -> Data:
    return {"token": unsubscribe_token(account=b.owner, concerns=["own"])}


def message(b: Belongings) -> Data:
    return {**named("live")(b), "pk": b.message.pk}


def moderator(status: Status) -> Rule:
    """Reviewers and administrators, but nobody about their own model."""

    def rule(role: str, own: bool) -> Status:  # noqa: FBT001  # the shape of every rule
        if role == VISITOR:
            return LOGIN
        return status if role in {"reviewer", "administrator"} and not own else 403

    return rule


def desk(status: Status, *, own: Status | None = None) -> Rule:
    """Everybody with a right over others' models; a report about one's own is not there."""

    def rule(role: str, mine: bool) -> Status:  # noqa: FBT001  # the shape of every rule
        if role in {VISITOR, "account"}:
            return LOGIN if role == VISITOR else 403
        return own if mine and own is not None else status

    return rule


COMMUNITY = (
    Row("registry:notifications", signed_in(200), NO),
    Row("registry:notification", owner_only(302), NO, key("news")),
    Row("registry:notifications_read", NO, signed_in(302), data=lambda b: {"read": str(b.news.pk)}),
    Row("registry:notification_settings", signed_in(200), signed_in(302)),
    Row("registry:unsubscribe", everybody(200), everybody(200), token),
    Row("registry:unsubscribe", everybody(404), everybody(404), lambda _b: {"token": "x"}, case="forged"),
    Row("registry:model_discussion", SEEN, signed_in(400), named("live")),
    Row(
        "registry:model_discussion",
        owner_only(200, visitor=404),
        owner_only(400, visitor=404),
        named("draft"),
        case="never submitted",
    ),
    Row("registry:discussion_topic", SEEN, signed_in(302), message, lambda _b: {"text": "I agree."}),
    Row("registry:discussion_edit", owner_only(200, others=403), owner_only(400, others=403), message),
    Row("registry:discussion_hide", moderator(200), moderator(400), message),
    Row("registry:report_model", SEEN, everybody(400), named("live")),
    Row(
        "registry:report_model",
        owner_only(200, visitor=404),
        owner_only(400, visitor=404),
        named("draft"),
        case="never submitted",
    ),
    Row("registry:reports", desk(200), NO),
    Row("registry:report", desk(200, own=404), desk(400, own=404), key("report")),
    Row("registry:report_assign", NO, desk(302, own=404), key("report")),
    Row("registry:profile", SEEN, NO, lambda b: {"username": b.owner.username}),
    Row("registry:profile", everybody(404), NO, lambda _b: {"username": "nobody-at-all"}, case="unknown"),
    Row("registry:profile_edit", signed_in(200), signed_in(302)),
    Row("registry:watch", NO, signed_in(302), named("live")),
    Row("registry:watch", NO, owner_only(302), named("draft"), case="never submitted"),
)
