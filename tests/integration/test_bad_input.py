"""What a hostile or unlucky person sends, through pages and the real gate: a message that helps, and nothing changed."""

from __future__ import annotations

import html
import io
import json
import os
import pickle
import re
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from django.apps import apps
from django.conf import settings as configured
from django.http import HttpResponse
from django.test import Client

from deployer.backends import serving_backend
from deployer.interfaces import CupSpec, ServingResponse
from deployer.models import Endpoint
from registry.backends import blob_store
from registry.jobs import runner
from registry.jobs.queue import due_job_ids
from registry.messages import UNKNOWN, message
from registry.models import Account, Event, Job, ModelVersion, Review, Upload, VersionFile, VersionState
from registry.uploads.sweeping import remove_orphan_files
from tests.factories import CARD, IRIS, make_account, make_draft, make_model, model_bytes
from tests.fakes.serving import FakeServingBackend
from tests.registry.inspection.corpus import graphs
from tests.registry.uploads.tus import TusClient

pytestmark = pytest.mark.django_db
MIB = 1 << 20
PICKLE = pickle.dumps({"weights": [1.0]})
TASK = "tabular-classification"
HIDDEN = re.compile(r"(?s)<(script|style|head|nav|footer)\b.*?</\1>|<[^>]+>")


def words(response: HttpResponse) -> str:
    """What a person reads on the page."""
    return " ".join(html.unescape(HIDDEN.sub(" ", response.content.decode())).split())


def traces() -> dict[str, Any]:
    """Rows per table and files per folder: what a refused request may not change."""
    rows = {
        model.__name__: model._default_manager.count()
        for app in ("registry", "deployer")
        for model in apps.get_app_config(app).get_models()
        if model is not Job
    }
    root = Path(configured.UPLOADS_DIR).parent
    return rows | {"files": sorted(str(path.relative_to(root)) for path in root.rglob("*") if _is_content(path))}


def _is_content(path: Path) -> bool:
    return path.is_file() and path.parent.name != "places"


@pytest.fixture(autouse=True)
def _real_gate(settings: Any, tmp_path: Path) -> None:
    """Blobs and uploads in folders of the test; gate, scanner and runtimes as shipped."""
    settings.UPLOADS_DIR = tmp_path / "data" / "uploads"
    store = {"class": "registry.artifacts.folder.FolderBlobStore", "options": {"root": tmp_path / "data" / "blobs"}}
    serving = {"class": "tests.fakes.serving.FakeServingBackend", "options": {}}
    builder = {"class": "deployer.builders.local.LocalImageBuilder", "options": {"root": tmp_path / "images"}}
    settings.BACKENDS = {**settings.BACKENDS, "blob_store": store, "serving": serving, "image_builder": builder}


@pytest.fixture
def ada() -> Account:
    return make_account("ada")


@pytest.fixture
def web(ada: Account) -> Client:
    client = Client()
    client.force_login(ada)
    return client


@pytest.fixture
def draft(ada: Account) -> ModelVersion:
    return make_draft(owner=ada, files={})




def helpful(response: Any, *, says: str) -> None:
    """The answer is a refusal whose words are complete: a cause that the test names, and nothing left unfilled."""
    text = words(response) if "html" in response["Content-Type"] else response.content.decode()
    assert 400 <= response.status_code < 500, (response.status_code, text)
    assert says in text
    assert str(UNKNOWN.title) not in text
    assert "%(" not in text
    assert "Traceback" not in text


def work() -> None:
    """Do what is due, in this process."""
    while ids := due_job_ids():
        for job_id in ids:
            runner.run_job(job_id=job_id)


def checked(web: Client, draft: ModelVersion) -> str:
    """Run the checks of the draft, and read its page."""
    web.post(f"/drafts/{draft.pk}/check/")
    work()
    return words(web.get(f"/drafts/{draft.pk}/"))


def bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", bytes(64 * MIB))
    return packed.getvalue()


def outside_weights() -> bytes:
    return graphs.model(graphs.graph(graphs.part(5, graphs.tensor(graphs.external("../../etc/passwd")))))


def own_operator() -> bytes:
    return graphs.model(graphs.graph(graphs.node("Evil", domain="com.evil")), opsets=("", "com.evil"))


class TestNamesAndSizes:
    @pytest.mark.parametrize(
        ("name", "length", "says"),
        [
            ("model.json", 0, "The file is empty."),
            ("model.json", 5 << 40, "5.0\u00a0TB and the limit is"),
            ("model.json", -1, "Upload-Length"),
            ("model.json", "9" * 60, "Upload-Length"),
            ("../model.json", 5, "points to another folder"),
            ("a/../../model.json", 5, "points to another folder"),
            ("/etc/model.json", 5, "starts at the root of a disk"),
            ("C:/model.json", 5, "starts at the root of a disk"),
            ("a\\model.json", 5, "contains a backslash"),
            ("a\x00.json", 5, "contains invisible characters"),
            ("a\n.json", 5, "contains invisible characters"),
            ("a\u202enosj.json", 5, "change the writing direction"),
            ("x" * 300 + ".json", 5, "too long"),
            ("", 5, "The file has no name"),
            ("model.xyz", 5, "Files ending in \u201c.xyz\u201d are not accepted. Accepted model files end in .skops,"),
            ("model", 5, "Files ending in \u201cmodel\u201d are not accepted."),
            ("model.pkl", 5, 'skops.io.dump(model, "model.skops")'),
            ("model.pt", 5, "torch.onnx.export"),
            ("weights.zip", 5, "Unpack it on your computer"),
        ],
    )
    def test_a_refused_upload_leaves_nothing(
        self, web: Client, draft: ModelVersion, name: str, length: int, says: str
    ) -> None:
        before = traces()

        response = TusClient(web).create(draft, name, length)

        assert 400 <= response.status_code < 500
        said = response.json()
        text = f"{said['title']} {said['detail']} {said.get('advice', '')}"
        assert says in text.replace("&nbsp;", "\u00a0")
        assert said["title"] != UNKNOWN.title
        assert said["field"] == "files" or "Upload-Length" in says
        assert traces() == before

    def test_a_twin_by_case_is_refused_by_name(self, web: Client, draft: ModelVersion) -> None:
        tus = TusClient(web)
        tus.upload(draft, "Model.json", model_bytes())
        before = traces()

        response = tus.create(draft, "model.JSON", 5)

        assert response.status_code == 409
        assert response.json()["title"] == "\u201cmodel.JSON\u201d differs from \u201cModel.json\u201d in upper and lower case only."
        assert traces() == before

    def test_a_plain_form_names_the_file_that_it_refuses_and_keeps_the_others(
        self, web: Client, draft: ModelVersion
    ) -> None:
        files = [named("model.json", model_bytes()), named("old.pkl", PICKLE), named("notes.md", b"")]

        response = web.post(f"/drafts/{draft.pk}/files/add/", {"files": files})

        helpful(response, says="old.pkl: This is a pickle")
        assert 'skops.io.dump(model, "model.skops")' in words(response)
        assert "notes.md: The file is empty." in words(response)
        assert "model.json was uploaded and verified." in words(response)
        assert list(draft.files.values_list("path", flat=True)) == ["model.json"]
        assert not Upload.objects.filter(finished_at=None).exists()

    def test_a_plain_form_without_a_file_says_so(self, web: Client, draft: ModelVersion) -> None:
        before = traces()
        helpful(web.post(f"/drafts/{draft.pk}/files/add/"), says="No file was chosen. Choose at least one file")
        assert traces() == before


def named(name: str, data: bytes) -> io.BytesIO:
    file = io.BytesIO(data)
    file.name = name
    return file


AGAIN = "Save the model again with the library that wrote it"
REPACK = "Write the file again with skops or numpy"
FILES: dict[str, tuple[dict[str, bytes], str, str]] = {
    "nothing": ({}, "There are no files yet.", "Upload the model: skops"),
    "readme-only": ({"README.md": b"# Hello"}, "None of the files is a model.", "Upload the model itself"),
    "list": ({"model.json": b"[1, 2]"}, "None of the files is a model.", "Upload the model itself"),
    "two-models": (
        {"a.json": model_bytes(), "b.onnx": model_bytes("iris-forest.onnx")},
        "There are 2 model files; a version has exactly one.",
        "Keep the one to be served",
    ),
    "pickle-as-json": ({"model.json": PICKLE}, "model.json: This is a pickle", "skops.io.dump"),
    "pickle-as-onnx": ({"model.onnx": PICKLE}, "model.onnx: This is a pickle", "skops.io.dump"),
    "pickle-as-skops": ({"model.skops": PICKLE}, "model.skops: This is a pickle", "skops.io.dump"),
    "deep-list": ({"model.json": b"[" * 200_000}, "nested more than 32 levels", "Save it again."),
    "deep-model": ({"model.json": b'{"learner":' * 200_000}, "nested more than 64 levels", "Save it again."),
    "bomb": ({"model.skops": bomb()}, "model.skops: The archive unpacks to far more", ""),
    "outside-weights": ({"m.onnx": outside_weights()}, "weights are stored in another file", "save_as_external_data"),
    "own-operator": ({"m.onnx": own_operator()}, "operators of \u201ccom.evil\u201d", ""),
    "no-runtime": ({"a.npy": model_bytes("table.npy")}, "No runtime of this portal serves the format npy.", "Export"),
    "half-skops": ({"m.skops": model_bytes("iris-forest.skops")[:5000]}, "archive inside the file is damaged", REPACK),
    "half-json": ({"m.json": model_bytes("iris-xgboost.json")[:-1]}, "The file is not valid JSON.", AGAIN),
    "half-ubj": ({"m.ubj": model_bytes("iris-xgboost.ubj")[:-1]}, "ends too early", "Upload the whole file."),
    "half-text": ({"m.txt": model_bytes("iris-lightgbm.txt")[:500]}, "m.txt: ", AGAIN),
    "half-onnx": ({"m.onnx": model_bytes("iris-forest.onnx")[:-1]}, "ends too early", "Upload the whole file."),
    "half-safetensors": ({"m.safetensors": model_bytes("layer.safetensors")[:60]}, "ends too early", "whole file"),
    "half-gguf": ({"m.gguf": model_bytes("tiny.gguf")[:-1]}, "ends too early", "Upload the whole file."),
    "half-npy": ({"m.npy": model_bytes("table.npy")[:-1]}, "more or fewer bytes than its header says", AGAIN),
    "half-npz": ({"m.npz": model_bytes("tables.npz")[:-1]}, "archive inside the file is damaged", REPACK),
}


@pytest.mark.parametrize("case", FILES)
def test_a_bad_file_is_refused_on_the_page_and_cannot_be_submitted(
    web: Client, draft: ModelVersion, case: str
) -> None:
    files, says, advice = FILES[case]
    for path, data in files.items():
        TusClient(web).upload(draft, path, data)

    text = checked(web, draft)

    assert says in text
    assert advice in text
    assert "%(" not in text
    before = traces()
    refused = web.post(f"/versions/{draft.pk}/submit/", follow=True)
    assert "Some checks failed: " in words(refused)
    assert traces() == before
    draft.refresh_from_db()
    assert draft.state == VersionState.DRAFT


class TestWriting:
    @pytest.mark.parametrize(
        ("source", "says"),
        [
            ("---\nlicense: [MIT\n---\n# X\n", "not valid YAML: look at line"),
            ("---\na: &x 1\nb: *x\n---\n# X\n", "uses an anchor, an alias or a tag"),
            ("---\nlicense: MIT\n# X\n", "has no end"),
            ("# Iris\n\nText.\n", "There is no section \u201cIntended use\u201d."),
            ("   \n", "There is no model card yet."),
        ],
        ids=["yaml", "alias", "open", "sections", "empty"],
    )
    def test_a_faulty_card_is_kept_and_its_check_says_what_is_missing(
        self, web: Client, ada: Account, source: str, says: str
    ) -> None:
        draft = make_draft(owner=ada)

        response = web.post(f"/drafts/{draft.pk}/card/", {"card_source": source})

        if response.status_code == 400:  # refused at once: what was typed is still in the form
            text = words(response)
            assert html.unescape(response.content.decode()).count(source.strip()) >= (1 if source.strip() else 0)
        else:
            text = checked(web, draft)
        assert says in text or (not source.strip() and "required" in text)

    def test_a_card_of_21_kilobytes_is_refused_and_what_was_typed_stays(self, web: Client, ada: Account) -> None:
        draft = make_draft(owner=ada)
        before = traces()
        source = CARD + "x" * (21_000 - len(CARD))

        response = web.post(f"/drafts/{draft.pk}/card/", {"card_source": source})

        helpful(response, says="The text is too long: 21000 bytes, with room for 20000.")
        assert source[-500:] in response.content.decode()
        draft.refresh_from_db()
        assert draft.card_source == CARD
        assert traces() == before

    def test_scripts_in_a_card_reach_nobody(self, web: Client, ada: Account) -> None:
        draft = make_draft(owner=ada)
        evil = "<script>alert(1)</script><img src=x onerror=alert(2)>\n\n[x](javascript:alert(3))\n"

        web.post(f"/drafts/{draft.pk}/card/", {"card_source": CARD + evil, "stay": "1"})

        page = web.get(f"/drafts/{draft.pk}/card/").content.decode()
        preview = page.replace(html.escape(evil), "")
        assert "alert(1)</script>" not in preview
        assert not re.search(r"<img[^>]+onerror", preview)
        assert 'href="javascript' not in preview

    @pytest.mark.parametrize("unit", ["[", "*a_", "![", "> ", "|a", "<!--"])
    def test_markdown_made_to_be_slow_is_answered(self, web: Client, ada: Account, unit: str) -> None:
        draft = make_draft(owner=ada)

        response = web.post(f"/drafts/{draft.pk}/card/", {"card_source": CARD + unit * (18_000 // len(unit))})

        if response.status_code != 302:
            helpful(response, says="The card could not be rendered")

    @pytest.mark.parametrize("licence", ["CC-BY-NC-4.0", "Proprietary", "MIT OR GPL-3.0-only", ""])
    def test_only_a_free_licence_is_taken(self, web: Client, ada: Account, licence: str) -> None:
        draft = make_draft(owner=ada)
        before = traces()
        fields = {"summary": "S", "task": "tabular-classification", "licence": licence}

        response = web.post(
            f"/drafts/{draft.pk}/basics/", {**fields, "cpu_millis": 1000, "memory_mib": 512}
        )

        helpful(response, says="Licence : ")
        draft.refresh_from_db()
        assert draft.licence == "MIT"
        assert traces() == before

    @pytest.mark.parametrize(
        ("examples", "says"),
        [
            ("{bad", "not valid JSON: look at line 1, column 2"),
            ("{}", "must be a list"),
            ("[" * 100_000, "brackets"),
            ('[{"title": "x", "request": {"inputs": [NaN]}}]', "NaN"),
            ('[{"title": 3}]', "[0]"),
        ],
    )
    def test_examples_that_nobody_can_read_are_refused_beside_the_field(
        self, web: Client, ada: Account, examples: str, says: str
    ) -> None:
        draft = make_draft(owner=ada)
        before = traces()

        response = web.post(f"/drafts/{draft.pk}/examples/", {"examples": examples})

        helpful(response, says=says)
        assert draft.examples.count() == 1
        assert traces() == before

    def test_an_example_with_another_number_of_features_than_the_model_is_found_before_it_is_submitted(
        self, web: Client, ada: Account
    ) -> None:
        tensor = {"name": "input-0", "shape": [1, 7], "datatype": "FP32", "data": [1.0] * 7}
        draft = make_draft(owner=ada, examples=[replace(IRIS, request={"inputs": [tensor]})])

        text = checked(web, draft)

        assert "1 example has a fault." in text
        assert "1. A setosa: " in text
        assert "[1, 7]" in text or "7" in text


def in_review(web: Client, ada: Account, *, expected_sum: bool = True) -> ModelVersion:
    """A submitted version after checks and trial; the fake model server answers what the example expects, or not."""
    backend = cast(FakeServingBackend, serving_backend())
    if expected_sum:
        backend.answer = as_expected
    draft = make_draft(owner=ada, registered_model=make_model(ada, "iris"))
    checked(web, draft)
    web.post(f"/versions/{draft.pk}/submit/")
    work()
    draft.refresh_from_db()
    return draft


def as_expected(spec: CupSpec, method: str, path: str, body: bytes) -> ServingResponse:
    del spec, method, path, body
    return ServingResponse(status=200, content_type="application/json", body=json.dumps(IRIS.expected).encode())


@pytest.fixture
def reviewers() -> list[Client]:
    clients = [Client(), Client()]
    for client, name in zip(clients, ("rita", "rolf"), strict=True):
        client.force_login(make_account(name, groups=["reviewers"]))
    return clients


def decision(version: ModelVersion, what: str = "approve", comment: str = "", **digests: str) -> dict[str, str]:
    seen = {"content_digest": version.content_digest, "image_digest": version.image_digest}
    return {"decision": what, "comment": comment, **seen, **digests}


class TestDeciding:
    def test_wrong_answers_send_the_version_back_with_the_example_named(self, web: Client, ada: Account) -> None:
        version = in_review(web, ada, expected_sum=False)

        assert version.state == VersionState.CHANGES_REQUESTED
        text = words(web.get(f"/models/ada/iris/versions/{version.number}/"))
        assert "The model\u2019s answer" in text or "The model's answer is not the expected one." in text
        assert "1 of 1 examples differ, first \u201cA setosa\u201d." in text

    def test_the_second_of_two_reviewers_hears_that_it_is_decided(
        self, web: Client, ada: Account, reviewers: list[Client]
    ) -> None:
        version = in_review(web, ada)
        first, second = reviewers

        assert first.post(f"/reviews/{version.pk}/", decision(version)).status_code == 302
        before = traces()
        late = second.post(f"/reviews/{version.pk}/", decision(version, "reject", "No, since it is wrong."))

        helpful(late, says="This version is not waiting for a decision.")
        assert "No, since it is wrong." in late.content.decode()
        assert traces() == before
        assert Review.objects.count() == 1

    def test_a_double_click_submits_once(self, web: Client, ada: Account) -> None:
        draft = make_draft(owner=ada)
        checked(web, draft)

        web.post(f"/versions/{draft.pk}/submit/")
        again = web.post(f"/versions/{draft.pk}/submit/", follow=True)

        assert "This version is frozen and cannot be changed." in words(again)
        assert Event.objects.filter(tag="version:submitted").count() == 1
        assert Job.objects.filter(kind="check_frozen").count() == 1

    def test_submitting_before_the_checks_are_done_says_to_wait(self, web: Client, ada: Account) -> None:
        draft = make_draft(owner=ada)
        before = traces()
        answer = web.post(f"/versions/{draft.pk}/submit/", follow=True)
        assert "The checks of the newest content are not finished." in words(answer)
        assert traces() == before

    def test_nobody_approves_what_was_withdrawn(self, web: Client, ada: Account, reviewers: list[Client]) -> None:
        version = in_review(web, ada)
        seen = decision(version)
        web.post(f"/versions/{version.pk}/withdraw/")
        before = traces()

        helpful(reviewers[0].post(f"/reviews/{version.pk}/", seen), says="not waiting for a decision")
        assert traces() == before

    @pytest.mark.parametrize("field", ["content_digest", "image_digest"])
    def test_nobody_decides_on_what_another_page_showed(
        self, web: Client, ada: Account, reviewers: list[Client], field: str
    ) -> None:
        version = in_review(web, ada)
        before = traces()
        stale = decision(version, **{field: "sha256:" + "0" * 64})
        helpful(reviewers[0].post(f"/reviews/{version.pk}/", stale), says="The version changed since you opened")
        assert traces() == before

    @pytest.mark.parametrize("damage", ["changed", "gone"])
    def test_a_blob_damaged_after_the_approval_is_never_built_from(
        self, web: Client, ada: Account, reviewers: list[Client], damage: str
    ) -> None:
        version = in_review(web, ada)
        reviewers[0].post(f"/reviews/{version.pk}/", decision(version))
        path = blob_store().local_path(VersionFile.objects.get(version=version).blob_id)
        path.chmod(0o644)
        if damage == "gone":
            path.unlink()
        else:
            path.write_bytes(path.read_bytes().replace(b"0", b"1", 1))
        cast(FakeServingBackend, serving_backend()).blobs = blob_store()  # it hashes before it starts, as the real one

        work()

        assert not Endpoint.objects.filter(current__isnull=False).exists()
        failed = Event.objects.filter(tag__in=["image_build:failed", "rollout:failed"]).get()
        assert words(Client().get(f"/log/{failed.pk}/")).count(str(message(failed.reason).title)) == 1
        assert "could not" in words(Client().get("/log/"))


class TestWhileUploading:
    def test_a_draft_deleted_under_an_upload_ends_it(self, web: Client, draft: ModelVersion) -> None:
        tus = TusClient(web)
        url = tus.created(draft, "model.json", 10)
        tus.patch(url, 0, b"12345")

        web.post(f"/drafts/{draft.pk}/delete/")
        answer = tus.patch(url, 5, b"67890")

        assert answer.status_code == 404
        assert answer.json()["title"] == "This upload does not exist."
        remove_orphan_files()
        assert traces()["files"] == []
        assert not Upload.objects.exists()

    def test_a_version_submitted_under_an_upload_refuses_its_rest(self, web: Client, ada: Account) -> None:
        version = make_draft(owner=ada)
        checked(web, version)
        tus = TusClient(web)
        url = tus.created(version, "README.md", 10)
        web.post(f"/versions/{version.pk}/submit/")

        answer = tus.patch(url, 0, b"# Hello 12")

        assert answer.status_code == 409
        assert answer.json()["title"] == "This version is frozen and cannot be changed."
        assert list(version.files.values_list("path", flat=True)) == ["model.json"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[None]:
    """The folder of uploads and blobs on a filesystem of three megabytes."""
    folder = tmp_path / "data"
    folder.mkdir(exist_ok=True)
    if os.geteuid() != 0 or subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], capture_output=True, check=False
    ).returncode:
        pytest.skip("only root may mount a small filesystem")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.usefixtures("small_disk")
class TestFullDisk:
    def test_a_resumable_upload_keeps_what_came_and_goes_on_when_there_is_room(
        self, web: Client, draft: ModelVersion, settings: Any
    ) -> None:
        settings.LIMITS = {**settings.LIMITS, "disk_reserve_bytes": 0}
        tus, data = TusClient(web), bytes(5 * MIB)
        url = tus.created(draft, "model.onnx", len(data))

        answer = tus.patch(url, 0, data)

        assert answer.status_code == 507
        assert "An operator must free space; then repeat the upload." in answer.json()["detail"]
        arrived = tus.offset(url)
        assert 0 < arrived < len(data)
        assert not draft.files.exists()

        subprocess.run(["mount", "-o", "remount,size=32m", str(settings.UPLOADS_DIR.parent)], check=True)
        assert tus.patch(url, arrived, data[arrived:]).status_code == 204
        assert draft.files.get().blob.size == len(data)

    def test_a_form_upload_leaves_nothing(
        self, web: Client, draft: ModelVersion, settings: Any, django_capture_on_commit_callbacks: Any
    ) -> None:
        settings.LIMITS = {**settings.LIMITS, "disk_reserve_bytes": 0}
        before = traces()
        with django_capture_on_commit_callbacks(execute=True):
            answer = web.post(f"/drafts/{draft.pk}/files/add/", {"files": named("m.onnx", bytes(5 * MIB))})

        assert answer.status_code == 507
        assert "The server's disk is full." in words(answer)
        assert "An operator must free space" in words(answer)
        assert traces() == before
