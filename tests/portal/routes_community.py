"""What the routes of notifications, watching and talking answer to whom; see `routes.py`."""

from __future__ import annotations

from registry.services.notifying import unsubscribe_token
from tests.portal.belongings import Belongings
from tests.portal.routes import NO, Data, Row, everybody, key, named, owner_only, signed_in


def token(b: Belongings) -> Data:
    return {"token": unsubscribe_token(account=b.owner, concerns=["own"])}


COMMUNITY = (
    Row("registry:notifications", signed_in(200), NO),
    Row("registry:notification", owner_only(302), NO, key("news")),
    Row("registry:notifications_read", NO, signed_in(302), data=lambda b: {"read": str(b.news.pk)}),
    Row("registry:notification_settings", signed_in(200), signed_in(302)),
    Row("registry:unsubscribe", everybody(200), everybody(200), token),
    Row("registry:unsubscribe", everybody(404), everybody(404), lambda _b: {"token": "x"}, case="forged"),
    Row("registry:watch", NO, signed_in(302), named("live")),
    Row("registry:watch", NO, owner_only(302), named("draft"), case="never submitted"),
)
