"""Idempotency keys, editions and pages: what a client may repeat, and what it may rely on."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from registry.backends import blob_store
from registry.models import Account, IdempotencyKey, ModelVersion, RegisteredModel
from registry.services import attach_file, register_model
from registry.services.idempotency import claim_key
from tests.api.client import ApiClient, client_of
from tests.at_once import at_once
from tests.factories import IRIS, make_account, make_draft, make_model
from tests.registry.scene import checked, fresh

NEW = {"name": "iris", "summary": "Petals", "task": "other"}


@pytest.mark.django_db
class TestKeys:
    def test_the_second_answer_is_the_first(self, api: ApiClient) -> None:
        first = api.post("models/", NEW, Idempotency_Key="a-1")
        second = api.post("models/", dict(reversed(NEW.items())), Idempotency_Key="a-1")

        assert (first.status_code, second.status_code) == (201, 201)
        assert first.json() == second.json()
        assert (first["Location"], first["ETag"]) == (second["Location"], second["ETag"])
        assert ("Idempotent-Replayed" in first, second["Idempotent-Replayed"]) == (False, "true")
        assert RegisteredModel.objects.count() == 1

    def test_a_key_belongs_to_its_request_and_its_account(self, api: ApiClient) -> None:
        api.post("models/", NEW, Idempotency_Key="a-1")

        other = api.post("models/", {**NEW, "name": "rose"}, Idempotency_Key="a-1")
        assert (other.status_code, other.json()["code"]) == (422, "api.key_reused")
        assert client_of(make_account()).post("models/", NEW, Idempotency_Key="a-1").status_code == 201
        assert api.post("models/", NEW).status_code == 409, "without the key it is a second request"

    def test_a_refusal_is_not_kept(self, api: ApiClient) -> None:
        assert api.post("models/", {**NEW, "name": "No"}, Idempotency_Key="a-1").status_code == 400
        assert api.post("models/", NEW, Idempotency_Key="a-1").status_code == 201

    def test_a_fault_leaves_nothing_behind(self, api: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
        def break_after_the_work(**given: Any) -> None:
            register_model(**given)
            raise RuntimeError

        with monkeypatch.context() as broken:
            broken.setattr("registry.services.register_model", break_after_the_work)
            assert api.post("models/", NEW, Idempotency_Key="a-1").status_code == 500
        assert not RegisteredModel.objects.exists()
        assert api.post("models/", NEW, Idempotency_Key="a-1").status_code == 201

    def test_one_at_work_keeps_others_off_until_it_is_given_up(self, api: ApiClient) -> None:
        api.post("models/", NEW, Idempotency_Key="a-1")
        IdempotencyKey.objects.update(status=None)
        busy = api.post("models/", NEW, Idempotency_Key="a-1")
        assert (busy.status_code, busy.json()["code"], busy["Retry-After"]) == (409, "api.key_busy", "1")

        IdempotencyKey.objects.update(claimed_at=timezone.now() - timedelta(minutes=2))
        assert api.post("models/", NEW, Idempotency_Key="a-1").json()["code"] == "model.name_taken"

    def test_keys_age(self, api: ApiClient) -> None:
        api.post("models/", NEW, Idempotency_Key="a-1")
        IdempotencyKey.objects.update(expires_at=timezone.now())

        assert api.post("models/", NEW, Idempotency_Key="a-1").status_code == 409
        assert not IdempotencyKey.objects.exists()

    @pytest.mark.parametrize("key", ["", " ", "a b", "x" * 129, "é"])
    def test_what_is_no_key(self, api: ApiClient, key: str) -> None:
        assert api.post("models/", NEW, Idempotency_Key=key).status_code == 400

    def test_a_claim_is_one_account_s(self, ada: Account) -> None:
        claim_key(account=ada, key="k", fingerprint="f")
        assert claim_key(account=make_account(), key="k", fingerprint="f").status is None


@pytest.mark.django_db(transaction=True)
def test_the_same_request_five_times_at_once(ada: Account) -> None:
    programs = [client_of(ada) for _ in range(5)]

    answers = at_once(*[partial(program.post, "models/", NEW, Idempotency_Key="once") for program in programs])

    statuses = [getattr(answer, "status_code", answer) for answer in answers]
    assert set(statuses) <= {201, 409}, statuses
    made = [answer.json()["id"] for answer in answers if getattr(answer, "status_code", 0) == 201]  # type: ignore[union-attr]  # no exception
    assert set(made) == {RegisteredModel.objects.get().versions.get().pk}


@pytest.mark.django_db
class TestEditions:
    def test_a_draft_changed_meanwhile_is_not_overwritten(self, api: ApiClient, ada: Account) -> None:
        draft = make_draft(owner=ada)
        path = f"versions/{draft.pk}/"
        seen = api.get(path)["ETag"]

        changed = api.ask("PATCH", path, {"cpu_millis": 300}, If_Match=seen)
        late = api.ask("PATCH", path, {"cpu_millis": 900}, If_Match=seen)
        same = api.ask("PATCH", path, {"cpu_millis": 300}, If_Match=seen)

        assert (changed.status_code, late.status_code, late.json()["code"]) == (200, 412, "api.edition_changed")
        assert same.status_code == 412, "else it would be handed the edition of what it has not read"
        assert changed["ETag"] == api.get(path)["ETag"] != seen
        assert api.get(path).json()["cpu_millis"] == 300
        assert api.ask("PATCH", path, {"cpu_millis": 900}, If_Match=changed["ETag"]).status_code == 200
        assert api.ask("PATCH", path, {"cpu_millis": 901}, If_Match="*").status_code == 200

    def test_examples_belong_to_the_content(self, api: ApiClient, ada: Account) -> None:
        draft = make_draft(owner=ada)
        seen = api.get(f"versions/{draft.pk}/")["ETag"]
        given = {"examples": [{"request": IRIS.request, "expected": IRIS.expected}]}

        first = api.ask("PUT", f"versions/{draft.pk}/examples/", given, If_Match=seen)
        second = api.ask("PUT", f"versions/{draft.pk}/examples/", {"examples": []}, If_Match=seen)

        assert (first.status_code, second.status_code) == (200, 412)
        assert first.json()["examples"][0]["tolerance"] == 1e-4
        assert draft.examples.count() == 1

    def test_nobody_submits_what_they_did_not_read(self, api: ApiClient, ada: Account) -> None:
        draft = checked(owner=ada)
        path, vouched = f"versions/{draft.pk}/", {"may_publish": True, "no_personal_data": True}
        seen = api.get(path)["ETag"]
        api.ask("PATCH", path, {"cpu_millis": 300}, If_Match=seen)
        now = api.get(path)["ETag"]
        checked(fresh(draft))

        answers = [api.post(f"{path}submit/", vouched, If_Match=edition) for edition in (None, seen, now)]

        assert [answer.status_code for answer in answers] == [428, 412, 200]
        assert answers[1].json()["code"] == "api.edition_changed"
        assert fresh(draft).revision == 1

    @pytest.mark.parametrize("whole", [True, False], ids=["draft", "file"])
    def test_nobody_deletes_what_was_replaced_meanwhile(self, api: ApiClient, ada: Account, *, whole: bool) -> None:
        draft = make_draft(owner=ada)
        file, path = draft.files.get(), f"versions/{draft.pk}/"
        seen = api.get(path)["ETag"]
        other, size = blob_store().put(iter([b"another"]))
        attach_file(version=draft, actor=ada, path=file.path, sha256=other, size=size)
        now, target = api.get(path)["ETag"], path if whole else f"{path}files/{file.pk}/"

        answers = [api.ask("DELETE", target, If_Match=edition) for edition in (None, seen, now)]

        assert [answer.status_code for answer in answers] == [428, 412, 204]
        assert answers[1].json()["code"] == "api.edition_changed"
        assert draft.files.count() == 0

    def test_a_model_s_words(self, api: ApiClient, ada: Account) -> None:
        make_model(ada, "iris", summary="Old", task="other")
        seen = api.get("models/ada/iris/")["ETag"]

        answers = [
            api.ask("PATCH", "models/ada/iris/", {"summary": summary}, If_Match=seen).status_code
            for summary in ("New", "Newer")
        ]

        assert answers == [200, 412]
        assert api.get("models/ada/iris/").json()["summary"] == "New"

    @pytest.mark.parametrize(("header", "status"), [(None, 428), ("", 428), ("abc", 400), ('"abc"', 400)])
    def test_an_edition_has_to_be_named(self, api: ApiClient, ada: Account, header: str | None, status: int) -> None:
        draft = make_draft(owner=ada)

        assert api.ask("PATCH", f"versions/{draft.pk}/", {}, If_Match=header).status_code == status


@pytest.mark.django_db
class TestPages:
    @pytest.fixture
    def models(self, ada: Account) -> list[str]:
        for number in range(7):
            make_draft(make_model(ada, f"model-{number}"), files={}, examples=(), revision=1)
        return [f"model-{number}" for number in reversed(range(7))]

    def names(self, answer: Any) -> list[str]:
        return [item["name"] for item in answer.json()["items"]]

    def test_forth_and_back(self, api: ApiClient, models: list[str]) -> None:
        first = api.get("models/?limit=3&live=false")
        second = api.get(first.json()["next"])
        third = api.get(second.json()["next"])

        assert [self.names(page) for page in (first, second, third)] == [models[:3], models[3:6], models[6:]]
        assert (first.json()["previous"], third.json()["next"]) == (None, None)
        assert self.names(api.get(third.json()["previous"])) == models[3:6]
        assert "live=false" in first.json()["next"]

    def test_a_newcomer_shifts_nothing(self, api: ApiClient, models: list[str], ada: Account) -> None:
        following = api.get("models/?limit=3").json()["next"]
        make_draft(make_model(ada, "newcomer"), files={}, revision=1)
        RegisteredModel.objects.get(name=models[1]).versions.all().delete()

        assert self.names(api.get(following)) == models[3:6]

    @pytest.mark.parametrize("sort", ["newest", "updated", "name", "relevance"])
    def test_every_order_is_paged_forth_and_back(self, api: ApiClient, models: list[str], sort: str) -> None:
        whole = self.names(api.get(f"models/?q=model&sort={sort}"))
        pages = [api.get(f"models/?q=model&sort={sort}&limit=3")]
        while pages[-1].json()["next"]:
            pages.append(api.get(pages[-1].json()["next"]))

        assert sorted(whole) == sorted(models)
        assert whole == (sorted(models) if sort == "name" else models)
        assert [name for page in pages for name in self.names(page)] == whole
        back = api.get(pages[-1].json()["previous"])
        assert self.names(back) == whole[3:6]
        assert self.names(api.get(back.json()["previous"])) == whole[:3]

    def test_a_row_that_goes_between_two_pages_ends_no_walk(self, api: ApiClient, models: list[str]) -> None:
        first = api.get("models/?q=model&sort=relevance&limit=3").json()
        second = api.get(first["next"]).json()
        gone = RegisteredModel.objects.filter(name__in=(models[2], models[3]))
        ModelVersion.objects.filter(registered_model__in=gone).delete()
        gone.delete()

        assert self.names(api.get(first["next"])) == models[4:7], "nothing is missing, and nothing comes twice"
        assert self.names(api.get(second["previous"])) == models[:2] + models[4:5]

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ("licence=MIT", 7), ("licence=ISC", 0), ("owner=ada", 7), ("owner=bob", 0), ("status=draft", 7),
            ("language=fr", 0),
            ("status=a%F2%A7%BE%97b", 0), ("format=onnx", 0), ("q=model&licence=MIT&sort=relevance", 7),
            ("q=model&sort=relevance&live=true", 0),
        ],
    )  # fmt: skip
    @pytest.mark.usefixtures("models")
    def test_filters(self, api: ApiClient, asked: str, found: int) -> None:
        assert len(api.get(f"models/?{asked}").json()["items"]) == found

    @pytest.mark.parametrize(
        "cursor",
        ["0", "%%%", "e30", "WyJuIl0", "WyJuIiwgMSwgMiwgM10", "WyJuIiwgImEiXQ", "WyJ4IiwgMV0", "WyJuIiwgMWU5OTldIA"],
    )
    def test_a_cursor_of_one_s_own_making(self, api: ApiClient, cursor: str) -> None:
        paths = ("models/?", "events/?", "reviews/?", "models/?sort=name&", "models/?sort=relevance&q=a&")
        answers = [api.get(f"{path}cursor={cursor}") for path in paths]

        assert {answer.status_code for answer in answers} <= {400, 403}
        assert answers[0].json()["code"] == "api.bad_cursor"
