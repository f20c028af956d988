"""Every route against every role. An undeclared route fails, so none is added without saying who may enter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from deployer.models import Rollout
from registry import services
from registry.models import Account, Event, ModelVersion, Upload
from registry.permissions import ADMINISTRATORS, OPERATORS, REVIEWERS
from registry.services.uploads import create_upload
from tests.deployer import scene
from tests.deployer.conftest import _fakes  # noqa: F401  # the deployer's fakes serve these pages as well

ROLES = ("visitor", "member", "owner", "reviewer", "operator", "administrator")
GROUPS = {"reviewer": REVIEWERS, "operator": OPERATORS, "administrator": ADMINISTRATORS}
Row = tuple[int, ...]

NO_METHOD = (405,) * 6
ANYBODY = (200,) * 6
NOBODY = (404,) * 6
AWAY = (302,) * 6  # sent on, whoever asks
SIGNED_IN = (302, 200, 200, 200, 200, 200)
OWN_PAGE = (302, 404, 200, 404, 404, 404)  # another's draft does not exist
OWN_ACTION = (302, 404, 302, 404, 404, 404)
OWN_FORM = (302, 404, 400, 404, 404, 404)  # an empty form comes back
OWN_SECRET = (404, 404, 200, 404, 404, 404)  # public address, private object
OWNER_OR_OPERATOR = (302, 403, 302, 403, 302, 403)
OPERATORS_ONLY = (302, 403, 403, 403, 302, 403)
REVIEWERS_PAGE = (302, 403, 403, 200, 403, 403)
REVIEWERS_FORM = (302, 403, 403, 400, 403, 403)
VISITORS_PAGE = (200, 302, 302, 302, 302, 302)  # signing in is for those who have not


@dataclass(frozen=True)
class World:
    """One object of each kind that a route can name, all of them `owner`'s."""

    draft: ModelVersion
    waiting: ModelVersion
    served: Rollout
    upload: Upload
    accounts: dict[str, Account | None]


Arguments = Callable[[World], tuple[Any, ...]]


def nothing(_world: World) -> tuple[Any, ...]:
    return ()


def draft(world: World) -> tuple[Any, ...]:
    return (world.draft.pk,)


def draft_file(world: World) -> tuple[Any, ...]:
    return (world.draft.pk, world.draft.files.get().pk)


def waiting(world: World) -> tuple[Any, ...]:
    return (world.waiting.pk,)


def served_version(world: World) -> tuple[Any, ...]:
    return (world.served.version_id,)


def served_file(world: World) -> tuple[Any, ...]:
    file = world.served.version.files.first()
    assert file is not None
    return (world.served.version_id, file.pk)


def build(world: World) -> tuple[Any, ...]:
    return (world.served.build_id,)


def rollout(world: World) -> tuple[Any, ...]:
    return (world.served.pk,)


def endpoint(world: World) -> tuple[Any, ...]:
    return (world.served.endpoint.name,)


def upload(world: World) -> tuple[Any, ...]:
    return (world.upload.pk,)


def draft_upload(world: World) -> tuple[Any, ...]:
    return (world.draft.pk, world.upload.pk)


def event(_world: World) -> tuple[Any, ...]:
    return (Event.objects.filter(public=True).values_list("pk", flat=True)[0],)


def public_model(_world: World) -> tuple[Any, ...]:
    return ("owner", "served")


def secret_model(_world: World) -> tuple[Any, ...]:
    return ("owner", "secret")


def public_version(_world: World) -> tuple[Any, ...]:
    return ("owner", "served", 1)


def secret_version(_world: World) -> tuple[Any, ...]:
    return ("owner", "secret", 1)


# route, the object it names, GET and POST by role
TABLE: tuple[tuple[str, Arguments, Row, Row], ...] = (
    ("registry:home", nothing, ANYBODY, NO_METHOD),
    ("registry:catalogue", nothing, ANYBODY, NO_METHOD),
    ("registry:model", public_model, ANYBODY, NO_METHOD),
    ("registry:model", secret_model, OWN_SECRET, NO_METHOD),
    ("registry:version", public_version, ANYBODY, NO_METHOD),
    ("registry:version", secret_version, OWN_SECRET, NO_METHOD),
    ("registry:version_start", public_model, NO_METHOD, (302, 403, 302, 403, 403, 403)),
    ("registry:version_start", secret_model, NO_METHOD, OWN_ACTION),
    ("registry:file", served_file, ANYBODY, NO_METHOD),
    ("registry:file", draft_file, OWN_SECRET, NO_METHOD),
    ("registry:event_log", nothing, ANYBODY, NO_METHOD),
    ("registry:event", event, ANYBODY, NO_METHOD),
    ("registry:my_models", nothing, SIGNED_IN, NO_METHOD),
    ("registry:submit", nothing, SIGNED_IN, (302, 400, 400, 400, 400, 400)),
    ("registry:draft", draft, OWN_PAGE, NO_METHOD),
    ("registry:draft_basics", draft, OWN_PAGE, OWN_FORM),
    ("registry:draft_files", draft, OWN_PAGE, NO_METHOD),
    ("registry:draft_file_rows", draft, OWN_PAGE, NO_METHOD),
    ("registry:draft_card", draft, OWN_PAGE, OWN_FORM),
    ("registry:draft_examples", draft, OWN_PAGE, OWN_FORM),
    ("registry:file_add", draft, NO_METHOD, OWN_FORM),
    ("registry:file_remove", draft_file, NO_METHOD, OWN_ACTION),
    ("registry:upload_cancel", draft_upload, NO_METHOD, OWN_ACTION),
    ("registry:check", draft, NO_METHOD, OWN_ACTION),
    ("registry:draft_delete", draft, NO_METHOD, OWN_ACTION),
    ("registry:version_progress", waiting, OWN_PAGE, NO_METHOD),
    ("registry:version_submit", draft, NO_METHOD, OWN_ACTION),
    ("registry:version_withdraw", waiting, NO_METHOD, OWN_ACTION),
    ("registry:version_reopen", draft, NO_METHOD, OWN_ACTION),
    ("registry:version_retry", waiting, NO_METHOD, OWNER_OR_OPERATOR),
    ("registry:version_retire", served_version, NO_METHOD, OWNER_OR_OPERATOR),
    ("registry:review_queue", nothing, REVIEWERS_PAGE, NO_METHOD),
    ("registry:review", waiting, REVIEWERS_PAGE, REVIEWERS_FORM),
    ("registry:uploads", nothing, NO_METHOD, (400,) * 6),  # no length, no name: malformed, whoever sends it
    ("registry:upload", upload, NO_METHOD, NO_METHOD),
    ("deployer:operations", nothing, ANYBODY, NO_METHOD),
    ("deployer:operations_figures", nothing, ANYBODY, NO_METHOD),
    ("deployer:builds", nothing, ANYBODY, NO_METHOD),
    ("deployer:build", build, ANYBODY, NO_METHOD),
    ("deployer:build_progress", build, ANYBODY, NO_METHOD),
    ("deployer:build_retry", build, NO_METHOD, OWNER_OR_OPERATOR),
    ("deployer:build_cancel", build, NO_METHOD, OWNER_OR_OPERATOR),
    ("deployer:rollouts", nothing, ANYBODY, NO_METHOD),
    ("deployer:rollout", rollout, ANYBODY, NO_METHOD),
    ("deployer:rollout_progress", rollout, ANYBODY, NO_METHOD),
    ("deployer:rollout_retry", rollout, NO_METHOD, OWNER_OR_OPERATOR),
    ("deployer:rollout_restore", rollout, NO_METHOD, OPERATORS_ONLY),
    ("deployer:endpoints", nothing, ANYBODY, NO_METHOD),
    ("deployer:endpoint", endpoint, ANYBODY, NO_METHOD),
    ("deployer:endpoint_try", endpoint, AWAY, ANYBODY),
    ("deployer:endpoint_example", endpoint, ANYBODY, NO_METHOD),
    ("deployer:v2_server", nothing, ANYBODY, NO_METHOD),
    ("deployer:v2_live", nothing, ANYBODY, NO_METHOD),
    ("deployer:v2_server_ready", nothing, ANYBODY, NO_METHOD),
    ("deployer:v2_models", nothing, ANYBODY, NO_METHOD),
    ("deployer:v2_metadata", endpoint, ANYBODY, NO_METHOD),
    ("deployer:v2_ready", endpoint, ANYBODY, NO_METHOD),
    ("deployer:v2_infer", endpoint, NO_METHOD, (400,) * 6),
    ("deployer:v1_models", nothing, ANYBODY, NO_METHOD),
    # The fake model server of these tests speaks V2 alone; that a request reaches it is what counts here.
    ("deployer:v1_status", endpoint, NOBODY, NO_METHOD),
    ("deployer:v1_predict", endpoint, NO_METHOD, NOBODY),
    ("deployer:serve_unknown", nothing, NOBODY, NOBODY),
    ("theme", nothing, NO_METHOD, AWAY),
    ("healthz", nothing, ANYBODY, NO_METHOD),
    ("readyz", nothing, ANYBODY, NO_METHOD),
    ("account_login", nothing, VISITORS_PAGE, VISITORS_PAGE),
    ("account_signup", nothing, VISITORS_PAGE, VISITORS_PAGE),
    ("account_logout", nothing, SIGNED_IN, AWAY),
    ("account_inactive", nothing, ANYBODY, NO_METHOD),
    ("account_reauthenticate", nothing, SIGNED_IN, SIGNED_IN),
    ("account_email", nothing, SIGNED_IN, AWAY),
    ("account_email_verification_sent", nothing, ANYBODY, NO_METHOD),
    ("account_confirm_email", lambda _world: ("no-such-key",), ANYBODY, NOBODY),
    ("account_change_password", nothing, SIGNED_IN, SIGNED_IN),
    ("account_set_password", nothing, AWAY, AWAY),
    ("account_reset_password", nothing, ANYBODY, ANYBODY),
    ("account_reset_password_done", nothing, ANYBODY, NO_METHOD),
    ("account_reset_password_from_key", lambda _world: ("1", "no-such-key"), ANYBODY, ANYBODY),
    ("account_reset_password_from_key_done", nothing, ANYBODY, NO_METHOD),
    ("account_confirm_login_code", nothing, AWAY, AWAY),
)


@pytest.fixture
def world(_fakes: None) -> World:  # noqa: F811  # the fixture imported above
    served = scene.served(owner="owner", name="served")
    in_review = scene.in_review(owner="owner", name="waiting")
    owner = scene.account("owner")
    secret = services.register_model(actor=owner, name="secret")
    scene.add_file(secret, "model.json", b"{}")
    unfinished = create_upload(actor=owner, version_id=secret.pk, path="big.onnx", length=100)
    accounts = {role: None if role == "visitor" else scene.account(role, *_groups(role)) for role in ROLES}
    return World(draft=secret, waiting=in_review, served=served, upload=unfinished, accounts=accounts)


def _groups(role: str) -> tuple[str, ...]:
    return (GROUPS[role],) if role in GROUPS else ()


def routes(resolver: URLResolver | None = None, namespace: str = "") -> Iterator[str]:
    """The full name of every route of the URLconf."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from routes(pattern, inner)
        elif isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name or pattern.pattern}"


def test_every_route_is_declared() -> None:
    declared = {name for name, *_rest in TABLE}
    found = {name for name in routes() if not name.startswith("admin:")}
    assert found - declared == set(), "say who may enter these"
    assert declared - found == set(), "these are gone"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "arguments", "on_get", "on_post"), TABLE, ids=[f"{name}-{pick.__name__}" for name, pick, *_ in TABLE]
)
def test_who_may_enter(world: World, name: str, arguments: Arguments, on_get: Row, on_post: Row) -> None:
    args = arguments(world)
    url = "/serve/nothing" if name == "deployer:serve_unknown" else reverse(name, args=args)
    for method, expected in (("get", on_get), ("post", on_post)):
        assert tuple(_status(method, url, world.accounts[role]) for role in ROLES) == expected, method


@pytest.mark.django_db
def test_only_administrators_enter_the_admin(world: World) -> None:
    for name in routes():
        if not name.startswith("admin:") or name.endswith(":login"):
            continue
        try:
            url = reverse(name)
        except NoReverseMatch:
            continue  # it names an object, behind the same site-wide permission
        for role in ROLES:
            status = _status("get", url, world.accounts[role])
            # Whoever may not enter is sent to sign in, or told that there is nothing to see; nobody sees a page.
            allowed = {200, 302, 403, 404, 405} if role == "administrator" else {302, 404, 405}
            assert status in allowed, (name, role, status)


@pytest.mark.django_db
def test_an_administrator_gives_rights_and_nobody_deletes_accounts(world: World) -> None:
    member = world.accounts["member"]
    assert member is not None
    change = reverse("admin:registry_account_change", args=[member.pk])
    delete = reverse("admin:registry_account_delete", args=[member.pk])
    for role in ROLES:
        assert _status("get", change, world.accounts[role]) == (200 if role == "administrator" else 302)
        assert _status("post", delete, world.accounts[role]) == (403 if role == "administrator" else 302)


def _status(method: str, url: str, account: Account | None) -> int:
    client = Client(headers={"Tus-Resumable": "1.0.0"})
    with transaction.atomic():
        if account is not None:
            client.force_login(account)
        status = int(getattr(client, method)(url).status_code)
        transaction.set_rollback(True)  # what one role does must not change what the next one finds
    return status
