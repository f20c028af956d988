"""What a hostile or unlucky person sends, by page and real gate: told how to mend it, and nothing is changed."""

from __future__ import annotations

import html
import io
import os
import pickle
import re
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from registry.messages import UNKNOWN
from registry.models import Account, ModelVersion, Upload, VersionState
from tests.factories import CARD, CONFIRMED, IRIS, make_draft, model_bytes
from tests.integration.people import checked, helpful, named, traces, words
from tests.registry.inspection.corpus import graphs
from tests.registry.uploads.tus import TusClient

pytestmark = [pytest.mark.once, pytest.mark.django_db, pytest.mark.usefixtures("_real_gate")]
MIB = 1 << 20
PICKLE = pickle.dumps({"weights": [1.0]})


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
        assert (
            response.json()["title"]
            == "\u201cmodel.JSON\u201d differs from \u201cModel.json\u201d in upper and lower case only."
        )
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
def test_a_bad_file_is_refused_on_the_page_and_cannot_be_submitted(web: Client, draft: ModelVersion, case: str) -> None:
    files, says, advice = FILES[case]
    for path, data in files.items():
        TusClient(web).upload(draft, path, data)

    text = checked(web, draft)

    assert says in text
    assert advice in text
    assert "%(" not in text
    before = traces()
    refused = web.post(f"/versions/{draft.pk}/submit/", CONFIRMED, follow=True)
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

        response = web.post(f"/drafts/{draft.pk}/card/?view=text", {"card_source": source})

        if response.status_code == 400:  # refused at once: what was typed is still in the form
            text = words(response)
            assert source.strip() in html.unescape(response.content.decode())
        else:
            text = checked(web, draft)
        assert says in text

    def test_a_card_of_21_kilobytes_is_refused_and_what_was_typed_stays(self, web: Client, ada: Account) -> None:
        draft = make_draft(owner=ada)
        before = traces()
        source = CARD + "x" * (21_000 - len(CARD))

        response = web.post(f"/drafts/{draft.pk}/card/?view=text", {"card_source": source})

        helpful(response, says="The text is too long: 21000 bytes, with room for 20000.")
        assert source[-500:] in response.content.decode()
        draft.refresh_from_db()
        assert draft.card_source == CARD
        assert traces() == before

    def test_scripts_in_a_card_reach_nobody(self, web: Client, ada: Account) -> None:
        draft = make_draft(owner=ada)
        evil = "<script>alert(1)</script><img src=x onerror=alert(2)>\n\n[x](javascript:alert(3))\n"

        web.post(f"/drafts/{draft.pk}/card/?view=text", {"card_source": CARD + evil, "then": "stay"})

        page = web.get(f"/drafts/{draft.pk}/card/").content.decode()
        preview = page.replace(html.escape(evil), "")
        assert "alert(1)</script>" not in preview
        assert not re.search(r"<img[^>]+onerror", preview)
        assert 'href="javascript' not in preview

    @pytest.mark.parametrize("unit", ["[", "*a_", "![", "> ", "|a", "<!--"])
    def test_markdown_made_to_be_slow_is_answered(self, web: Client, ada: Account, unit: str) -> None:
        draft = make_draft(owner=ada)
        source = CARD + unit * (18_000 // len(unit))

        response = web.post(f"/drafts/{draft.pk}/card/?view=text", {"card_source": source})

        draft.refresh_from_db()
        if response.status_code == 302:
            assert draft.card_source == source
            assert "<h3>Limitations</h3>" in draft.card_html
        else:  # a slower machine ends the renderer: what was typed is still in the form, what was saved stays
            helpful(response, says="The text could not be rendered within two seconds.")
            assert source[-500:] in html.unescape(response.content.decode())
            assert draft.card_source == CARD

    @pytest.mark.parametrize("licence", ["CC-BY-NC-4.0", "Proprietary", "MIT OR GPL-3.0-only", ""])
    def test_only_a_free_licence_is_taken(self, web: Client, ada: Account, licence: str) -> None:
        draft = make_draft(owner=ada)
        before = traces()
        fields = {"summary": "S", "task": "tabular-classification", "licence": licence}

        response = web.post(f"/drafts/{draft.pk}/basics/", fields)

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

        response = web.post(
            f"/drafts/{draft.pk}/examples/?view=text", {"examples": examples, "cpu_millis": 1000, "memory_mib": 512}
        )

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
        assert "1. A setosa: request.inputs.input-0: the model takes the shape [any, 4], not [1, 7]." in text


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[None]:
    """The folder of uploads and blobs on a filesystem of three megabytes."""
    folder = tmp_path / "data"
    folder.mkdir(exist_ok=True)
    if (
        os.geteuid() != 0
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], capture_output=True, check=False
        ).returncode
    ):
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
