"""What the owner of a reopened version types is the owner's alone, until it is submitted again."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from registry import services
from registry.artifacts.content import content_digest
from registry.listing import entries_of, rebuild_catalogue, refresh_listing
from registry.models import (
    Account,
    CatalogueEntry,
    Check,
    Event,
    Job,
    ModelVersion,
    Review,
    ReviewThread,
    StaleListing,
    Upload,
    VersionRevision,
)
from registry.permissions import GROUPS
from tests.factories import CARD, IRIS, add_file, make_account, make_draft, make_model, model_bytes
from tests.portal.routes import NO
from tests.portal.routes_api import API_ROWS
from tests.portal.test_routes_by_role import ROWS, all_routes
from tests.registry.scene import approved, fresh, in_review, make_reviewer, say

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fakes")]
MARK = "unsubmitted"
LICENCE = "EUPL-1.2"
MEMORY = 321 * 1024**2
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
OF_NO_VERSION = {"api:schema", "api:docs", "registry:help_topic", "registry:submit"}  # these name every licence
READ_BY_GET = {row.route for row in ROWS if row.get is not NO} | {row.route for row in API_ROWS if row.method == "GET"}


@dataclass(frozen=True)
class Reopened:
    """A version that was submitted, returned and changed; `words` stand for what was changed since."""

    version: ModelVersion
    owner: Account
    words: tuple[str, ...]
    files: dict[str, int]


def reopened(version: ModelVersion) -> Reopened:
    """The version in review, returned, reopened, and changed in everything that its owner may change."""
    say(version, make_reviewer(), "request_changes", "Please explain.")
    version = fresh(version)
    owner = version.registered_model.owner
    services.reopen_version(version=version, actor=owner)
    card = CARD.replace("license: MIT", f"license: {LICENCE}\nlanguage: eo").replace("# Iris", f"# Iris {MARK}-card")
    services.update_draft(version=version, actor=owner, card_source=card, licence=LICENCE, memory_bytes=MEMORY)
    changed = {"inputs": [{"name": "input-0", "shape": [1], "datatype": "BYTES", "data": [f"{MARK}-data"]}]}
    example = replace(IRIS, title=f"{MARK}-example", request=changed)
    services.set_examples(version=version, actor=owner, examples=[example])
    added = add_file(version, f"{MARK}.json", f"{MARK} bytes".encode())
    version.files.filter(path="notes.txt").delete()
    exchanged = add_file(version, "notes.txt", f"{MARK} notes".encode())
    facts = {"model_format": f"{MARK}-format", "introspection": {"framework": f"{MARK}-framework"}}
    ModelVersion.objects.filter(pk=version.pk).update(**facts, runtime=f"{MARK}-runtime")
    version = fresh(version)
    digest = content_digest(version)
    Check.objects.create(
        version=version, content_digest=digest, frozen=False, name="format", position=0, verdict="fail",
        code="file.unknown", params={"path": f"{MARK}.json"}, advice=MARK,
    )  # fmt: skip
    Job.objects.filter(kind="check_draft", subject_id=version.pk).update(
        state="failed", last_error="file.unknown", last_error_params={"path": f"{MARK}.json"}
    )
    Upload.objects.create(
        owner=owner, version=version, path=f"{MARK}-too.json", length=9, expires_at=timezone.now() + timedelta(days=1)
    )
    refresh_listing(version.registered_model_id)
    words = (MARK, LICENCE, str(MEMORY), "321.0", added.blob_id, exchanged.blob_id, digest.removeprefix("sha256:"))
    return Reopened(version, owner, words, dict(version.files.values_list("path", "pk")))


@pytest.fixture
def iris() -> Reopened:
    """The only version of its model, about which there is a conversation."""
    version = in_review(make_draft(make_model(make_account("ada"), "iris"), files=_files()))
    place: dict[str, Any] = {"content_digest": version.content_digest, "author": make_reviewer("rosa")}
    services.post_line_comment(version=version, body="Why?", line=2, **place)
    services.post_line_comment(version=version, body="What?", subject="file", path="notes.txt", **place)
    services.post_line_comment(version=version, body="How?", subject="example", position=1, **place)
    return reopened(version)


def _files() -> dict[str, bytes]:
    return {"model.json": model_bytes(), "notes.txt": b"What was submitted."}


def browser(account: Account | None) -> Client:
    client = Client(raise_request_exception=False)
    if account is not None:
        client.force_login(account)
    return client


def addresses(thing: Reopened) -> Iterator[str]:
    """Every page and every resource of the API, with whatever of the version may stand in its address."""
    version, model = thing.version, thing.version.registered_model
    of_table: dict[str, Any] = {"threads/": ReviewThread, "statements/": Review, "log/": Event, "events/": Event}
    values: dict[str, Sequence[object]] = {
        "owner": [thing.owner.username],
        "username": [thing.owner.username],
        "name": [model.name],
        "number": [version.number],
        "version_pk": [version.pk],
        "version_id": [version.pk],
        "path": ["notes.txt", "model.json"],
        "upload_id": [Upload.objects.get().pk],
        "section": ["models"],
    }
    for route, pattern in all_routes():
        if route not in READ_BY_GET - OF_NO_VERSION:
            continue
        names = PARAMETER.findall(pattern)
        of_file = {"version_pk", "version_id"} & set(names)
        table = next((rows for start, rows in of_table.items() if f"{start}<int:pk>" in pattern), None)
        pks = (
            thing.files.values()
            if of_file
            else list(table.objects.values_list("pk", flat=True))
            if table
            else [version.pk]
        )
        for chosen in itertools.product(*(pks if name == "pk" else values.get(name, ["x"]) for name in names)):
            try:
                yield reverse(route, kwargs=dict(zip(names, chosen, strict=True)))
            except NoReverseMatch:
                continue  # a route that takes nothing of a version


def told(client: Client, address: str, words: Sequence[str]) -> list[str]:
    """The words that the answer has in its body or headers."""
    response: Any = client.get(address)
    assert response.status_code < 500, address
    body = b"".join(response.streaming_content) if response.streaming else response.content
    text = body.decode(errors="replace") + str(dict(response.headers))
    return [word for word in words if word in text]


@pytest.mark.once
@pytest.mark.parametrize("groups", [None, GROUPS], ids=["visitor", "every right"])
def test_nobody_else_reads_it_anywhere(iris: Reopened, groups: tuple[str, ...] | None) -> None:
    """Rights only add to what one sees, so whoever holds all of them stands for each."""
    client = browser(None if groups is None else make_account("other", groups=groups))
    asked = list(addresses(iris))

    leaks = {address: found for address in asked if (found := told(client, address, iris.words))}

    assert leaks == {}
    assert len(asked) > 120


FOR_ITS_OWNER = (
    "/models/ada/iris/",
    "/models/ada/iris/versions/",
    "/models/ada/iris/versions/1/",
    "/models/ada/iris/files/",
    f"/models/ada/iris/files/1/{MARK}.json",
    "/models/ada/iris/use/",
    "/api/v1/models/ada/iris/versions/",
    "/api/v1/versions/{pk}/",
    "/api/v1/versions/{pk}/examples/",
    "/api/v1/versions/{pk}/files/",
    "/api/v1/versions/{pk}/checks/",
    "/api/v1/versions/{pk}/files/{file}/content/",
    "/files/{pk}/{file}/",
)


@pytest.mark.parametrize("groups", [(), *((group,) for group in GROUPS)], ids=["none", *GROUPS])
def test_no_right_by_itself_opens_it(iris: Reopened, groups: tuple[str, ...]) -> None:
    client = browser(make_account("other", groups=groups))
    asked = [
        address.format(pk=iris.version.pk, file=iris.files["model.json"])
        for address in FOR_ITS_OWNER
        if MARK not in address
    ]

    assert [told(client, address, iris.words) for address in asked] == [[]] * len(asked)


def test_the_owner_still_does(iris: Reopened) -> None:
    client = browser(iris.owner)
    file = iris.files[f"{MARK}.json"]

    silent = [
        address
        for address in FOR_ITS_OWNER
        if not told(client, address.format(pk=iris.version.pk, file=file), iris.words)
    ]

    assert silent == []


def test_the_files_that_were_never_submitted_are_not_there(iris: Reopened) -> None:
    client, pk = browser(make_account(groups=GROUPS)), iris.version.pk
    new = [iris.files[f"{MARK}.json"], iris.files["notes.txt"]]
    asked = [f"/files/{pk}/{file}/" for file in new] + [f"/api/v1/versions/{pk}/files/{file}/content/" for file in new]
    asked += [f"/models/ada/iris/files/1/{MARK}.json", "/models/ada/iris/files/1/notes.txt"]

    assert [client.get(address).status_code for address in asked] == [404] * 6
    assert client.get(f"/files/{pk}/{iris.files['model.json']}/").status_code == 200


def test_others_read_what_was_submitted(iris: Reopened) -> None:
    client, revision = browser(None), VersionRevision.objects.get()
    address = f"/api/v1/versions/{iris.version.pk}/"

    version = client.get(address).json()
    examples = client.get(f"{address}examples/").json()["examples"]
    files = client.get(f"{address}files/").json()["files"]
    checks = client.get(f"{address}checks/").json()

    assert (version["state"], version["card"], version["licence"]) == ("draft", CARD, "MIT")
    assert (version["content_digest"], version["work"]) == (revision.content_digest, None)
    assert (version["model_format"], version["introspection"]) == (revision.model_format, revision.introspection)
    assert [(example["title"], example["request"]) for example in examples] == [(IRIS.title, IRIS.request)]
    assert [file["path"] for file in files] == ["model.json"]
    assert checks["passed"] is True


def test_the_page_says_so(iris: Reopened) -> None:
    stranger, owner = browser(None), browser(iris.owner)
    address = "/models/ada/iris/versions/1/"
    notice = "The owner is changing this version."
    lost = hashlib.sha256(b"What was submitted.").hexdigest()

    page = stranger.get(address).content.decode()

    assert notice in page
    assert "Please explain." in page
    assert "This is said in a sentence that a reviewer can use." in page
    assert lost in page
    assert "The owner has removed or replaced this file since." in page
    assert notice not in owner.get(address).content.decode()


def test_the_catalogue_is_drawn_from_what_was_submitted(iris: Reopened) -> None:
    drawn = CatalogueEntry.objects.values_list("licence", "model_format", "languages")
    before = drawn.get()
    rebuild_catalogue()

    assert before == drawn.get()
    assert before[0] == "MIT"
    assert before[1] == VersionRevision.objects.get().model_format != ""
    assert before[2] == ""


def test_the_entries_of_many_cost_as_many_queries_as_one(django_assert_num_queries: Any) -> None:
    ids = [make_draft(make_model(make_account(), "iris"), revision=1).registered_model_id for _ in range(4)]
    with CaptureQueriesContext(connection) as one:
        list(entries_of(ids[:1]))

    with django_assert_num_queries(len(one)):
        assert len(list(entries_of(ids))) == 4


def test_submissions_of_before_are_completed_by_the_versions_that_still_have_them(iris: Reopened) -> None:
    frozen = in_review(make_draft(make_model(iris.owner, "plants")))
    unknown = {"card_html": "", "model_format": "", "runtime": "", "introspection": None}
    VersionRevision.objects.update(**unknown)
    step = import_module("registry.migrations.0004_what_submitted_files_told")

    step.copy_from_versions(apps, None)

    kept = {revision.version_id: revision for revision in VersionRevision.objects.all()}
    assert {name: getattr(kept[frozen.pk], name) for name in unknown} == {
        name: getattr(frozen, name) for name in unknown
    }
    assert {name: getattr(kept[iris.version.pk], name) for name in unknown} == unknown
    assert list(StaleListing.objects.values_list("registered_model", flat=True)) == [iris.version.registered_model_id]


def test_versions_are_compared_by_what_was_submitted() -> None:
    model = make_model(make_account("bob"), "plants")
    approved(make_draft(model, files=_files()))
    second = reopened(in_review(make_draft(model, files={**_files(), "more.txt": b"More."})))
    page, resource = "/models/bob/plants/compare/?from=1&to=2", "/api/v1/models/bob/plants/comparison/?old=1&new=2"

    for account in (None, make_account(groups=GROUPS)):
        client = browser(account)
        assert [told(client, address, second.words) for address in (page, resource)] == [[], []]
        assert [file["path"] for file in client.get(resource).json()["files"]] == ["more.txt"]
    assert told(browser(second.owner), page, second.words)


def test_of_an_early_submission_nothing_is_told_but_that_it_was(iris: Reopened) -> None:
    """Submissions were not always kept: in their place stands nothing, never what is being changed."""
    VersionRevision.objects.all().delete()
    client = browser(None)

    version = client.get(f"/api/v1/versions/{iris.version.pk}/").json()

    assert (version["state"], version["revision"], version["card"]) == ("draft", 1, "")
    assert [told(client, address, iris.words) for address in FOR_ITS_OWNER[:4]] == [[]] * 4


def test_submitted_again_it_is_everybody_s(iris: Reopened) -> None:
    ModelVersion.objects.filter(pk=iris.version.pk).update(state="submitted", revision=2)

    assert told(browser(None), f"/api/v1/versions/{iris.version.pk}/", iris.words) == list(iris.words[:3])
