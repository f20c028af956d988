"""Talking, reporting and hearing of things by API: what a program reads is what a person said."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from registry.models import (
    Account,
    DraftTrial,
    Event,
    Job,
    Report,
    Review,
    ReviewThread,
    ThreadComment,
    VersionRevision,
)
from registry.selectors import request_digest
from tests.api.client import ApiClient, client_of
from tests.factories import IRIS, make_account, make_draft, make_model
from tests.portal.belongings import belongings_of

pytestmark = pytest.mark.django_db
TALK = "models/ada/iris/discussion/"


@pytest.fixture
def iris(ada: Account) -> None:
    make_draft(make_model(ada, "iris"), files={}, examples=(), state="approved", revision=1)


@pytest.mark.usefixtures("iris")
class TestDiscussion:
    def test_topics_answers_and_tombstones(self, api: ApiClient) -> None:
        rita = client_of(make_account("rita", groups=["reviewers"]))
        first, second = (api.post(TALK, {"text": text}).json() for text in ("First", "Second"))
        answer = rita.post(f"{first['url']}answers/", {"text": "So it is."})
        assert (answer.status_code, answer["Location"]) == (201, answer.json()["url"])

        topics = api.get(TALK).json()["items"]
        assert [(topic["text"], topic["answers"]) for topic in topics] == [("First", 1), ("Second", 0)]
        assert [said["text"] for said in api.get(f"{first['url']}answers/").json()["items"]] == ["So it is."]
        assert api.ask("PATCH", first["url"], {"text": "First!"}).json()["edited_at"]
        hidden = rita.ask("PUT", f"{second['url']}hidden/", {"hidden": True, "reason": "Off topic."}).json()
        assert (hidden["text"], hidden["hidden_reason"]) == ("", "Off topic.")
        assert api.ask("PATCH", second["url"], {"text": "x"}).status_code == 409

    def test_topics_are_paged_by_their_newest_word(self, api: ApiClient) -> None:
        urls = [api.post(TALK, {"text": str(number)}).json()["url"] for number in range(4)]
        api.post(f"{urls[0]}answers/", {"text": "Again."})

        first = api.get(f"{TALK}?limit=2").json()
        second = api.get(first["next"]).json()

        assert [topic["text"] for topic in (*first["items"], *second["items"])] == ["0", "3", "2", "1"]
        assert api.get(second["previous"]).json()["items"] == first["items"]

    def test_a_topic_is_opened_once_under_a_key(self, api: ApiClient) -> None:
        urls = {api.post(TALK, {"text": "Once"}, Idempotency_Key="k").json()["url"] for _ in range(2)}
        assert len(urls) == 1


@pytest.mark.usefixtures("iris")
class TestReports:
    def test_a_visitor_reports_and_the_desk_decides(self) -> None:
        otto = client_of(make_account("otto", groups=["operators"]), "operate")
        sent = ApiClient().post(
            "models/ada/iris/reports/", {"category": "harmful", "text": "It insults.", "version": 1}
        )
        assert (sent.status_code, set(sent.json())) == (201, {"id", "state", "created_at"})

        (found,) = otto.get("reports/").json()["items"]
        assert (found["text"], found["reporter"], found["model"]["name"]) == ("It insults.", None, "iris")
        taken = otto.ask("PUT", f"{found['url']}assignee/", {"assignee": "otto"}).json()
        assert (taken["assignee"], otto.get("reports/?mine=true").json()["items"]) == ("otto", [taken])
        decided = otto.post(f"{found['url']}decision/", {"state": "dismissed", "reason": "It does not."})
        assert (decided.status_code, decided.json()["outcome"]) == (200, "It does not.")
        again = otto.post(f"{found['url']}decision/", {"state": "dismissed", "reason": "Still not."})
        assert again.status_code == 409
        assert otto.get("reports/?state=dismissed").json()["items"][0]["id"] == found["id"]

    def test_a_token_that_may_only_read_reports_nothing(self, ada: Account) -> None:
        answer = client_of(ada, "read").post("models/ada/iris/reports/", {"category": "other", "text": "x"})

        assert (answer.status_code, Report.objects.count()) == (403, 0)

    def test_a_comment_of_a_review_is_named(self, api: ApiClient, ada: Account) -> None:
        version = ada.registered_models.get().versions.get()
        rita = make_account("rita", groups=["reviewers"])
        thread = ReviewThread.objects.create(
            version=version, revision=1, content_digest="", subject="card", line=1, opened_by=rita
        )
        comment = ThreadComment.objects.create(thread=thread, author=rita, body="Rude.", body_html="")
        body = {"category": "harmful", "text": "x"}

        assert api.post("models/ada/iris/reports/", {**body, "comment": comment.pk}).status_code == 201
        assert api.post("models/ada/iris/reports/", {**body, "comment": comment.pk + 1}).status_code == 404
        assert client_of(rita).get("reports/").json()["items"] == []
        (seen,) = client_of(make_account(groups=["operators"])).get("reports/").json()["items"]
        assert seen["comment"] == comment.pk


class TestNews:
    def test_switches_pace_and_marks(self, api: ApiClient, ada: Account) -> None:
        own = belongings_of(ada)
        assert api.ask("PUT", "notification-settings/watched/", {"inbox": True, "mail": False}).status_code == 200
        settings = api.ask("PUT", "notification-settings/", {"daily_mail": True}).json()

        assert settings["daily_mail"] is True
        assert {"concern": "watched", "inbox": True, "mail": False} in settings["switches"]
        assert api.get("notification-settings/").json() == settings
        assert api.ask("PUT", "notification-settings/nothing/", {"inbox": True, "mail": True}).status_code == 404
        assert api.post("notifications/read/", {"read": True, "ids": [own.news.pk, 10**9]}).json() == {"changed": 1}
        assert api.get("notifications/?unread=true").json()["items"] == []

    def test_what_one_follows(self, api: ApiClient) -> None:
        model = belongings_of(make_account("bob")).live.registered_model
        assert api.get(f"models/bob/{model.name}/watch/").json() == {"watching": False}
        api.ask("PUT", f"models/bob/{model.name}/watch/")

        assert [row["owner"] for row in api.get("watched-models/").json()["items"]] == ["bob"]

    def test_the_log_is_filtered_as_the_page_does(self, api: ApiClient, ada: Account) -> None:
        belongings_of(ada)
        tags = set(Event.objects.filter(public=True).values_list("tag", flat=True))

        assert tags == {"version:approved"}
        for asked, found in {
            "tag=version:": 1, "tag=rollout:": 0, "actor=ada": 0, "model=ada/live": 1, "since=2999-01-01": 0,
            "until=2999-01-01": 1, "since=2000-01-01&until=2000-01-02": 0,
        }.items():  # fmt: skip
            assert len(api.get(f"events/?{asked}").json()["items"]) == found, asked
        for bad in ("since=0001-01-01", "until=9999-12-31", "since=20260101", "since=soon", "model=ada"):
            assert api.get(f"events/?{bad}").status_code == 400, bad


class TestMe:
    def test_what_one_chooses_for_oneself(self, api: ApiClient) -> None:
        chosen = {"display_name": "Ada L.", "language": "de", "keyboard_shortcuts": False}
        assert {**api.ask("PATCH", "me/", chosen).json(), **chosen} == api.get("me/").json()
        assert api.ask("PATCH", "me/", {"language": ""}).json()["language"] == ""
        refused = api.ask("PATCH", "me/", {"display_name": "Ada", "language": "tlh"})
        assert refused.json()["code"] == "account.unknown_language"
        assert api.get("me/").json()["display_name"] == "Ada L."
        assert api.ask("PATCH", "me/", raw=b"null").status_code == 400


class TestDrafts:
    def test_what_a_draft_answered(self, api: ApiClient, ada: Account) -> None:
        draft = make_draft(owner=ada)
        path = f"versions/{draft.pk}/draft-trial/"
        assert api.get(path).json()["state"] == "none"
        assert api.post(path).json()["state"] == "running"
        draft.refresh_from_db()
        outputs = IRIS.expected["outputs"]
        row = {"request": request_digest(IRIS.request), "answer": {"outputs": outputs}, "latency_ms": 2.0}
        DraftTrial.objects.create(version=draft, answers=[row], load_ms=10.0, peak_memory_bytes=100 << 20)
        Job.objects.filter(kind="try_draft", subject_id=draft.pk).update(state="succeeded")

        found = api.get(path).json()
        assert (found["state"], found["work"], found["load_ms"]) == ("answered", None, 10.0)
        assert [(example["state"], example["outputs"]) for example in found["examples"]] == [("pass", outputs)]

    def test_two_versions_side_by_side(self, api: ApiClient, ada: Account) -> None:
        model = make_model(ada, "iris")
        make_draft(model, files={"a.json": b"1"}, state="approved", revision=1, cpu_millis=500)
        make_draft(model, files={"a.json": b"2"}, card_source="# New", licence="ISC")

        found = api.get("models/ada/iris/comparison/").json()

        assert (found["old"], found["new"], found["licence"]) == (1, 2, {"old": "MIT", "new": "ISC"})
        assert found["cpu_millis"] == {"old": 500, "new": 1000}
        assert [(file["path"], file["kind"]) for file in found["files"]] == [("a.json", "replaced")]
        assert any(line["kind"] == "added" and line["text"] == "# New" for line in found["card"])
        assert api.get("models/ada/iris/comparison/?old=1&new=1").json()["files"] == []
        assert ApiClient().get("models/ada/iris/comparison/?new=2").status_code == 404


class TestReviewing:
    def test_how_a_review_stands_and_what_changed(self, ada: Account) -> None:
        version = make_draft(
            make_model(ada, "iris"), files={"a.json": b"2"}, examples=(), state="in_review", revision=2, licence="ISC",
            submitted_by=ada, submitted_at=timezone.now(), content_digest="sha256:2",
        )  # fmt: skip
        VersionRevision.objects.create(
            version=version, number=1, content_digest="sha256:1", submitted_by=ada, submitted_at=timezone.now(),
            licence="MIT", card_source=version.card_source, cpu_millis=1000, memory_bytes=version.memory_bytes,
            files=[{"path": "a.json", "sha256": "0" * 64, "size": 9}],
        )  # fmt: skip
        rita = make_account("rita", groups=["reviewers"])
        Review.objects.create(version=version, reviewer=rita, decision="request_changes", content_digest="sha256:1")
        desk = client_of(rita)
        desk.ask("PUT", f"versions/{version.pk}/claim/", {})

        standing = desk.get(f"versions/{version.pk}/review/").json()
        changes = desk.get(f"versions/{version.pk}/changes/").json()

        assert [(row["reviewer"], row["standing"]) for row in standing["reviewers"]] == [("rita", "requested_changes")]
        assert (standing["obstacle"], standing["approvals"], standing["approvals_needed"]) == ("check_failed", 0, 1)
        assert changes["base"] == standing["bases"][0] == {"key": "revision-1", "number": 1}
        assert changes["licence"] == {"old": "MIT", "new": "ISC"}
        assert changes["files"] == [{"path": "a.json", "kind": "replaced", "old_size": 9, "new_size": 1}]
        assert desk.get(f"versions/{version.pk}/changes/?since=revision-1").json() == changes
        assert desk.get(f"versions/{version.pk}/changes/?since=in-use").json()["code"] == "review.no_such_base"
        (row,) = desk.get("reviews/?show=mine").json()["items"]
        assert (row["claimed_by"], row["risks"]) == ("rita", ["first_submission", "new_licence"])
        assert desk.get("reviews/?show=unclaimed").json()["items"] == []
        assert [past["decision"] for past in desk.get("reviews/past/?mine=true").json()["items"]] == ["request_changes"]
        assert desk.get("reviews/statistics/").json()["waiting"] == 1


def test_the_desk_s_lists_cost_the_same_however_long_they_are() -> None:
    everything = make_account("root", groups=["reviewers", "operators", "administrators"])
    program = client_of(everything)
    lists = (
        "reports/", "accounts/", "reviews/past/", "watched-models/", "deployments/", "notifications/",
        "models/?sort=relevance", "models/?sort=name&status=approved",
    )  # fmt: skip

    def costs() -> dict[str, int]:
        found = {}
        for path in lists:
            with CaptureQueriesContext(connection) as asked:
                assert program.get(path).status_code == 200, path
            found[path] = len(asked)
        return found

    for _ in range(2):
        belongings_of(make_account())
    costs()  # the first asks what is remembered afterwards
    few = costs()
    for _ in range(4):
        belongings_of(make_account())

    assert costs() == few
    assert max(few.values()) <= 14, few
