from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from registry import services
from registry.artifacts.content import content_digest
from registry.errors import ConflictError, ForbiddenError, NotFoundError, PortalError, UserError
from registry.examples import ExampleInput
from registry.models import Blob, Event, Job, ModelVersion, RegisteredModel, Upload, VersionFile, VersionState
from registry.services.uploads import create_upload
from tests.conftest import RegistryFakes
from tests.factories import CARD, IRIS, add_file, make_account, make_draft, make_model, model_bytes
from tests.registry.scene import approved, checked, fresh, in_state, log_of, owner_of, submitted, work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fakes")]


def code_of(action: Callable[[], object], error: type[PortalError]) -> str:
    with pytest.raises(error) as caught:
        action()
    return caught.value.code


class TestRegistering:
    def test_a_name_and_a_first_draft(self) -> None:
        vera = make_account("vera")

        draft = services.register_model(actor=vera, name="article-quality", summary="  Good? ", task="t")

        model = draft.registered_model
        assert (str(model), model.summary, model.task) == ("vera/article-quality", "Good?", "t")
        assert (draft.number, draft.state, draft.revision) == (1, VersionState.DRAFT, 0)
        assert "##" in draft.card_source, "prompts instead of a blank page"
        event = Event.objects.get()
        assert (event.tag, event.actor, event.registered_model, event.public) == (
            "model:registered",
            vera,
            model,
            False,
        )

    @pytest.mark.parametrize(
        "name", ["", "a", "A-b", "1abc", "a--b", "a-", "-a", "a_b", "ä-b", "a" * 40, "a/b", "a b", "abc\n"]
    )
    def test_a_bad_name_is_refused_with_its_field(self, name: str) -> None:
        vera = make_account()
        with pytest.raises(UserError) as caught:
            services.register_model(actor=vera, name=name)

        assert (caught.value.code, caught.value.field) == ("model.bad_name", "name")
        assert not RegisteredModel.objects.exists()

    def test_a_name_is_taken_once_per_owner(self) -> None:
        vera, otto = make_account(), make_account()
        services.register_model(actor=vera, name="same")

        assert code_of(lambda: services.register_model(actor=vera, name="same"), ConflictError) == "model.name_taken"
        assert services.register_model(actor=otto, name="same").registered_model.owner == otto
        assert ModelVersion.objects.count() == 2
        assert Event.objects.count() == 2

    def test_a_closed_account_registers_nothing(self) -> None:
        closed = make_account(is_active=False)

        assert code_of(lambda: services.register_model(actor=closed, name="abc"), ForbiddenError) == "rights.submit"


class TestNextVersion:
    def test_it_begins_with_what_the_newest_had_but_its_files(self) -> None:
        first = approved(memory_bytes=1 << 28)

        second = services.start_version(registered_model=first.registered_model, actor=owner_of(first))

        assert (second.number, second.state, second.revision) == (2, VersionState.DRAFT, 0)
        assert (second.card_source, second.licence, second.memory_bytes) == (CARD, "MIT", 1 << 28)
        assert [(e.title, e.request) for e in second.examples.all()] == [(IRIS.title, IRIS.request)]
        assert not second.files.exists()
        assert (second.content_digest, second.image_digest, second.submitted_by) == ("", "", None)

    def test_there_is_one_open_draft(self) -> None:
        draft = make_draft()

        again = services.start_version(registered_model=draft.registered_model, actor=owner_of(draft))

        assert again == draft

    def test_only_the_owner_opens_one(self) -> None:
        model = make_model()
        stranger = make_account(groups=["reviewers", "operators", "administrators"])

        refused = code_of(lambda: services.start_version(registered_model=model, actor=stranger), ForbiddenError)

        assert refused == "rights.edit"
        assert not ModelVersion.objects.exists()


CHANGES: dict[str, Callable[[ModelVersion, Any], object]] = {
    "card": lambda v, a: services.update_draft(version=v, actor=a, card_source="# New"),
    "summary": lambda v, a: services.update_draft(version=v, actor=a, summary="New"),
    "attach": lambda v, a: services.attach_file(version=v, actor=a, path="x.txt", sha256="a" * 64, size=1),
    "replace": lambda v, a: services.attach_file(version=v, actor=a, path="model.json", sha256="a" * 64, size=1),
    "remove": lambda v, a: services.remove_file(version=v, actor=a, path="model.json"),
    "examples": lambda v, a: services.set_examples(version=v, actor=a, examples=[]),
    "check": lambda v, a: services.check_again(version=v, actor=a),
    "delete": lambda v, a: services.delete_draft(version=v, actor=a),
    "upload": lambda v, a: create_upload(actor=a, version_id=v.pk, path="x.txt", length=1),
}


@pytest.mark.parametrize("change", CHANGES)
class TestGuards:
    """What every change of a draft has in common."""

    def test_a_frozen_version_cannot_change(self, change: str) -> None:
        version = submitted()
        before = ModelVersion.objects.values().get(pk=version.pk)

        assert code_of(lambda: CHANGES[change](version, owner_of(version)), ConflictError) == "version.frozen"

        assert ModelVersion.objects.values().get(pk=version.pk) == before
        assert content_digest(fresh(version)) == version.content_digest

    def test_another_s_draft_does_not_exist(self, change: str) -> None:
        draft = make_draft()
        stranger = make_account(groups=["reviewers", "operators", "administrators"])
        digest = content_digest(draft)

        assert code_of(lambda: CHANGES[change](draft, stranger), NotFoundError) == "version.unknown"

        assert content_digest(fresh(draft)) == digest

    def test_a_draft_that_is_gone_does_not_exist(self, change: str) -> None:
        draft = make_draft()
        owner = owner_of(draft)
        services.delete_draft(version=draft, actor=owner)

        assert code_of(lambda: CHANGES[change](ModelVersion(pk=404), owner), NotFoundError) == "version.unknown"

    def test_it_makes_the_checks_due_once(self, change: str) -> None:
        if change in {"delete", "upload"}:
            return
        draft = checked()

        due = {CHANGES[change](draft, owner_of(draft)), CHANGES["check"](draft, owner_of(draft))}

        job = Job.objects.get(kind="check_draft")
        assert due == {(job.pk,)}
        assert job.state == "queued"


@pytest.mark.parametrize("state", [state for state in VersionState if state != VersionState.DRAFT])
def test_content_is_frozen_in_every_other_state(state: str) -> None:
    version = in_state(state)
    digest = version.content_digest

    for change in CHANGES.values():
        assert code_of(lambda change=change: change(version, owner_of(version)), ConflictError) == "version.frozen"  # type: ignore[misc]  # a lambda's default has no type

    assert content_digest(fresh(version)) == digest


class TestUpdating:
    def test_only_the_given_fields_change(self) -> None:
        draft = make_draft(cpu_millis=500)
        services.update_draft(version=draft, actor=owner_of(draft), licence="GPL-3.0-or-later", summary="S", task="t")

        found = fresh(draft)
        followed = CARD.replace("license: MIT", "license: GPL-3.0-or-later")
        assert (found.licence, found.cpu_millis, found.card_source) == ("GPL-3.0-or-later", 500, followed)
        assert (found.registered_model.summary, found.registered_model.task) == ("S", "t")

    def test_the_card_is_rendered_once_and_inert(self) -> None:
        draft = make_draft()
        services.update_draft(version=draft, actor=owner_of(draft), card_source="# Hi\n<script>alert(1)</script>")

        html = fresh(draft).card_html
        assert "Hi" in html
        assert "<script" not in html

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("cpu_millis", -1),
            ("memory_bytes", "much"),
            ("licence", "x" * 61),
            ("summary", "x" * 201),
            ("task", "x" * 61),
        ],
    )
    def test_a_bad_value_is_named_and_nothing_is_saved(self, field: str, value: Any) -> None:
        draft = make_draft()
        with pytest.raises(UserError) as caught:
            services.update_draft(version=draft, actor=owner_of(draft), card_source="# New", **{field: value})

        assert (caught.value.code, caught.value.field) == ("draft.bad_field", field)
        assert fresh(draft).card_source == CARD

    def test_a_field_that_is_none_of_the_volunteer_s_is_a_bug(self) -> None:
        draft = make_draft()
        with pytest.raises(TypeError, match="state"):
            services.update_draft(version=draft, actor=owner_of(draft), state="approved")

    def test_no_change_of_a_draft_is_public(self) -> None:
        draft = make_draft()
        services.update_draft(version=draft, actor=owner_of(draft), summary="New")

        assert log_of(draft) == []


class TestFiles:
    def test_the_same_path_again_replaces_the_file(self) -> None:
        draft = make_draft(files={"model.json": model_bytes()})
        for _ in range(2):
            services.attach_file(version=draft, actor=owner_of(draft), path="model.json", sha256="b" * 64, size=9)

        assert [(f.path, f.blob_id, f.blob.size) for f in draft.files.all()] == [("model.json", "b" * 64, 9)]
        assert Blob.objects.count() == 2, "the old bytes age out of the store later"

    def test_a_case_twin_is_refused(self) -> None:
        draft = make_draft(files={"Model.json": model_bytes()})
        with pytest.raises(ConflictError) as caught:
            services.attach_file(version=draft, actor=owner_of(draft), path="model.JSON", sha256="b" * 64, size=9)

        assert (caught.value.code, caught.value.params["other"]) == ("file.case_twin", "Model.json")

    def test_so_many_files_and_no_more(self, settings: Any) -> None:
        settings.LIMITS = {**settings.LIMITS, "max_version_files": 2}
        draft = make_draft(files={"a.txt": b"a", "b.txt": b"b"})
        attach = services.attach_file

        with pytest.raises(UserError) as caught:
            attach(version=draft, actor=owner_of(draft), path="c.txt", sha256="c" * 64, size=1)
        attach(version=draft, actor=owner_of(draft), path="b.txt", sha256="c" * 64, size=1)

        assert caught.value.code == "file.too_many"

    def test_so_many_bytes_and_no_more(self, settings: Any) -> None:
        settings.LIMITS = {**settings.LIMITS, "max_version_bytes": 10}
        draft = make_draft(files={"a.txt": b"12345"})
        attach = services.attach_file

        with pytest.raises(UserError) as caught:
            attach(version=draft, actor=owner_of(draft), path="b.txt", sha256="c" * 64, size=6)
        attach(version=draft, actor=owner_of(draft), path="b.txt", sha256="c" * 64, size=5)
        attach(version=draft, actor=owner_of(draft), path="a.txt", sha256="d" * 64, size=5)

        assert caught.value.code == "file.version_too_large"

    def test_a_file_that_is_not_there_cannot_be_removed(self) -> None:
        draft = make_draft()

        def remove() -> object:
            return services.remove_file(version=draft, actor=owner_of(draft), path="model.json")

        remove()
        assert code_of(remove, NotFoundError) == "file.unknown"


def test_examples_are_replaced_in_their_order() -> None:
    draft = make_draft()
    for _ in range(2):
        services.set_examples(
            version=draft,
            actor=owner_of(draft),
            examples=[ExampleInput(t, {"inputs": []}, {"outputs": []}, 0) for t in "ba"],
        )

    assert [(e.position, e.title) for e in draft.examples.all()] == [(1, "b"), (2, "a")]


class TestDeleting:
    def test_the_draft_goes_and_its_empty_model_with_it(self) -> None:
        draft = services.register_model(actor=make_account(), name="gone")
        add_file(draft, "a.txt", b"a")

        services.delete_draft(version=draft, actor=owner_of(draft))

        assert not RegisteredModel.objects.exists()
        assert not VersionFile.objects.exists()
        assert not Event.objects.exists()

    def test_a_model_with_other_versions_stays(self) -> None:
        first = approved()
        draft = services.start_version(registered_model=first.registered_model, actor=owner_of(first))
        events = Event.objects.count()

        services.delete_draft(version=draft, actor=owner_of(first))

        assert list(first.registered_model.versions.all()) == [first]
        assert Event.objects.count() == events

    def test_what_was_submitted_once_stays_in_the_record(self) -> None:
        version = in_state(VersionState.WITHDRAWN)
        services.reopen_version(version=version, actor=owner_of(version))

        code = code_of(lambda: services.delete_draft(version=version, actor=owner_of(version)), ConflictError)

        assert code == "draft.has_history"

    def test_an_upload_under_way_goes_with_it(self) -> None:
        draft = make_draft()
        upload = create_upload(actor=owner_of(draft), version_id=draft.pk, path="big.txt", length=10)

        services.delete_draft(version=draft, actor=owner_of(draft))

        assert not Upload.objects.filter(pk=upload.pk).exists()

    def test_its_waiting_checks_find_nothing_to_do(self, fakes: RegistryFakes) -> None:
        draft = make_draft()
        due = services.check_again(version=draft, actor=owner_of(draft))

        services.delete_draft(version=draft, actor=owner_of(draft))

        assert work(due) == ()
        assert Job.objects.get().state == "succeeded"
        assert fakes.inspector.inspected == []
