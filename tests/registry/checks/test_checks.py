"""Each check on content that is right, and on each way to get it wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError

from registry.checks.results import CheckResult, detail_text
from registry.checks.runner import CHECKS, run_checks
from registry.checks.subject import Evidence
from registry.errors import TransientError
from registry.interfaces import FileInspection, Introspection
from registry.jobs.queue import FencedError
from registry.models import ModelVersion
from tests.conftest import RegistryFakes
from tests.factories import CARD, IRIS, add_example, add_file, make_account, make_draft, model_bytes
from tests.fakes.runtimes import XGBOOST
from tests.fakes.wiring import entry

pytestmark = pytest.mark.django_db
Limits = Callable[..., None]


@pytest.fixture
def limits(settings: Any) -> Limits:
    def change(**changes: int) -> None:
        settings.LIMITS = {**settings.LIMITS, **changes}

    return change


def results(version: ModelVersion, *, frozen: bool = False) -> Mapping[str, CheckResult]:
    return {result.name: result for result in run_checks(version=version, frozen=frozen)}


def answer(version: ModelVersion, name: str, *, frozen: bool = False) -> tuple[str, str]:
    finding = results(version, frozen=frozen)[name].finding
    return finding.verdict.value, finding.code


def codes(version: ModelVersion, name: str) -> list[str]:
    return [found["code"] for found in results(version)[name].finding.details]


def test_a_complete_draft_passes_everything(fakes: RegistryFakes) -> None:
    found = results(make_draft())
    assert {name: result.finding.verdict.value for name, result in found.items()} == dict.fromkeys(found, "pass")
    assert list(found) == [check.name for check in CHECKS]
    assert all(result.passed for result in found.values())


def test_an_empty_draft_says_what_is_missing(fakes: RegistryFakes) -> None:
    version = make_draft(files={}, examples=(), licence="", card_source="")
    found = {name: result.finding.code for name, result in results(version).items()}
    assert found == {
        "names": "names.passed",
        "size": "size.passed",
        "format": "format.no_files",
        "scan": "scan.clean",
        "introspection": "introspection.no_model",
        "runtime": "runtime.no_model",
        "card": "card.empty",
        "licence": "licence.missing",
        "examples": "examples.none",
    }


def test_names_that_cannot_travel_and_twins_are_refused(fakes: RegistryFakes) -> None:
    version = make_draft()
    add_file(version, "Notes.md", b"a")
    add_file(version, "CON.txt", b"b")
    version.files.create(path="notes.MD", path_key="another key", blob_id=version.files.get(path="Notes.md").blob_id)
    finding = results(version)["names"].finding
    assert (finding.verdict.value, finding.code, finding.params["count"]) == ("fail", "names.refused", 2)
    assert {(found["subject"], found["code"]) for found in finding.details} == {
        ("CON.txt", "gate.name_reserved"),
        ("notes.MD", "names.case_twin"),
    }


def test_sizes_are_held_against_each_limit(fakes: RegistryFakes, limits: Limits) -> None:
    version = make_draft()
    add_file(version, "README.md", b"# About\n")
    limits(max_file_bytes=100, max_version_files=1, max_version_bytes=200, account_quota_bytes=300)
    assert codes(version, "size") == ["size.file", "size.count", "size.total", "size.quota"]
    assert answer(version, "size") == ("fail", "size.refused")
    limits(max_file_bytes=10**6, max_version_files=2, max_version_bytes=10**6, account_quota_bytes=300)
    assert codes(version, "size") == ["size.quota"]
    assert answer(version, "size", frozen=True) == ("pass", "size.passed")


def test_an_account_may_have_a_quota_of_its_own(fakes: RegistryFakes) -> None:
    assert codes(make_draft(owner=make_account(quota_bytes=10)), "size") == ["size.quota"]


def test_a_pickle_is_refused_with_the_command_that_converts_it(fakes: RegistryFakes) -> None:
    finding = results(make_draft(files={"model.pkl": b"\x80\x04K\x01."}))["format"].finding
    assert (finding.verdict.value, finding.code) == ("fail", "format.refused")
    assert finding.details[0]["code"] == "gate.pickle"
    assert finding.details[0]["subject"] == "model.pkl"
    assert "skops.io.dump" in finding.advice


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"README.md": b"# About\n"}, ("fail", "format.no_model")),
        ({"a.json": model_bytes(), "b.onnx": model_bytes("layer.onnx")}, ("fail", "format.several")),
        ({"a.json": model_bytes(), "README.md": b"# About\n", "LICENSE": b"MIT"}, ("pass", "format.passed")),
    ],
)
def test_a_version_has_exactly_one_model_file(
    fakes: RegistryFakes, files: Mapping[str, bytes], expected: tuple[str, str]
) -> None:
    assert answer(make_draft(files=files), "format") == expected


def test_every_file_gets_a_second_opinion_and_a_failing_scanner_is_a_refusal(fakes: RegistryFakes) -> None:
    version = make_draft(files={"model.json": model_bytes(), "notes.txt": b"\x80\x04K\x01."})
    assert codes(version, "scan") == ["scan.dangerous"]
    assert sorted(fakes.scanner.scanned) == ["model.json", "notes.txt"]
    fakes.scanner.failing = True
    finding = results(version)["scan"].finding
    assert (finding.verdict.value, finding.code, finding.params["count"]) == ("fail", "scan.refused", 2)
    assert [found["code"] for found in finding.details] == ["scan.failed", "scan.failed"]


def test_introspection_shows_inputs_and_outputs(fakes: RegistryFakes) -> None:
    found = results(make_draft())["introspection"]
    texts = [detail_text(fact) for fact in found.finding.details]
    assert found.finding.code == "introspection.found"
    assert "Input input-0: FP32 [any, 4]" in texts
    assert "Output output-0: FP32 [any, 3]" in texts
    assert not found.required


@pytest.mark.parametrize(
    ("introspection", "code"),
    [
        (None, "introspection.nothing"),
        (Introspection(), "introspection.nothing"),
        (Introspection(framework="gguf"), "introspection.no_inputs"),
    ],
)
def test_a_silent_format_is_a_warning(fakes: RegistryFakes, introspection: Introspection | None, code: str) -> None:
    fakes.inspector.answers["model.json"] = FileInspection(
        path="model.json", accepted=True, model_format="xgboost-json", introspection=introspection
    )
    version = make_draft()
    assert answer(version, "introspection") == ("warn", code)
    assert answer(version, "runtime") == ("warn", "runtime.version_unknown")
    assert answer(version, "examples") == ("pass", "examples.passed")


def test_a_wide_tolerance_is_shown_to_whoever_decides(fakes: RegistryFakes) -> None:
    version = make_draft()
    version.examples.update(tolerance=0.7)

    assert answer(version, "examples", frozen=True) == ("warn", "examples.wide")
    (fact,) = results(version)["examples"].finding.details
    assert "0.7" in detail_text(fact)
    version.examples.update(tolerance=1e308)
    assert codes(version, "examples") == ["examples.tolerance_wide"]


@pytest.mark.parametrize(
    ("accepts", "expected"),
    [
        ("", ("pass", "runtime.passed")),
        (">=2.1,<3", ("pass", "runtime.passed")),
        (">=2.2", ("fail", "runtime.version")),
        ("<2", ("fail", "runtime.version")),
    ],
)
def test_the_runtime_must_load_what_the_framework_wrote(
    fakes: RegistryFakes, accepts: str, expected: tuple[str, str]
) -> None:
    fakes.runtimes.runtimes = [replace(XGBOOST, accepts=accepts)]
    evidence = Evidence()
    found = {result.name: result.finding for result in run_checks(version=make_draft(), frozen=True, evidence=evidence)}
    assert (found["runtime"].verdict.value, found["runtime"].code) == expected
    assert evidence.runtime is fakes.runtimes.runtimes[0]


def test_a_format_without_runtime_names_those_that_have_one(fakes: RegistryFakes) -> None:
    finding = results(make_draft(files={"model.onnx": model_bytes("layer.onnx")}))["runtime"].finding
    assert (finding.verdict.value, finding.code) == ("fail", "runtime.none")
    assert finding.params == {"format": "onnx", "served": "xgboost-json"}


@pytest.mark.parametrize(
    ("card", "found"),
    [
        (CARD.replace("## Limitations", "## Other"), ["card.section_missing"]),
        (CARD.replace("## Limitations", "## KNOWN  limitations"), []),
        (
            CARD.replace("## Limitations\n\nThis is", "## Limitations\n\nTBD\n\n## More\n\nThis is"),
            ["card.section_empty"],
        ),
        (CARD.replace("license: MIT", "license: apache-2.0"), ["card.licence_differs"]),
        (CARD.replace("license: MIT", "license: mit"), []),
        (CARD.replace("license: MIT", "tags: [x]"), []),
        ("# Nothing\n", ["card.section_missing"] * 5),
    ],
)
def test_the_card_says_something_under_each_required_heading(fakes: RegistryFakes, card: str, found: list[str]) -> None:
    version = make_draft(card_source=card)
    assert codes(version, "card") == found
    assert answer(version, "card") == (("fail", "card.incomplete") if found else ("pass", "card.passed"))


def test_a_card_that_does_not_parse_names_its_line(fakes: RegistryFakes) -> None:
    finding = results(make_draft(card_source="---\na: [\n---\n"))["card"].finding
    assert (finding.verdict.value, finding.code, finding.params["line"]) == ("fail", "card.yaml", 3)


def test_the_licence_must_be_free(fakes: RegistryFakes) -> None:
    assert answer(make_draft(licence="CC-BY-NC-4.0"), "licence") == ("fail", "licence.non_commercial")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"MIT License\n\nPermission is hereby granted,\nfree of charge, to any person", ("pass", "licence.passed")),
        (b"GNU GENERAL PUBLIC LICENSE\nVersion 3", ("warn", "licence.file_differs")),
        (b"\xff\xfe", ("warn", "licence.file_differs")),
    ],
)
def test_a_licence_file_should_be_the_chosen_one(fakes: RegistryFakes, text: bytes, expected: tuple[str, str]) -> None:
    version = make_draft()
    add_file(version, "LICENSE", text)
    assert answer(version, "licence") == expected


def test_each_bad_example_is_named(fakes: RegistryFakes) -> None:
    version = make_draft()
    bad = replace(IRIS, title="Three", request={"inputs": [{**IRIS.request["inputs"][0], "shape": [1, 3]}]})
    add_example(version, bad, position=2)
    add_example(version, replace(IRIS, title="", expected={}), position=3)
    finding = results(version)["examples"].finding
    assert (finding.verdict.value, finding.code, finding.params["count"]) == ("fail", "examples.invalid", 2)
    assert [(found["subject"], found["code"], found["params"]["where"]) for found in finding.details] == [
        ("2. Three", "examples.data_length", "request.inputs[0].data"),
        ("3.", "examples.tensors_missing", "expected.outputs"),
    ]


def test_examples_must_agree_with_the_inputs_that_the_file_declares(fakes: RegistryFakes) -> None:
    request = {"inputs": [{**IRIS.request["inputs"][0], "shape": [2, 2]}]}
    assert codes(make_draft(examples=[replace(IRIS, request=request)]), "examples") == ["examples.input_shape"]


class Broken:
    """A gate that fails as no gate should."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def inspect(self, *, path: str, blob: Path) -> FileInspection:
        del path, blob
        raise self.error


def test_a_check_that_breaks_fails_alone(fakes: RegistryFakes, settings: Any) -> None:
    settings.BACKENDS = {**settings.BACKENDS, "file_inspector": entry(Broken(ZeroDivisionError()))}
    found = results(make_draft())
    assert (found["format"].finding.verdict.value, found["format"].finding.code) == ("fail", "check.crashed")
    assert found["introspection"].finding.verdict.value == "warn"
    assert found["runtime"].finding.code == "runtime.no_model"
    assert [found[name].passed for name in ("names", "size", "scan", "card", "licence", "examples")] == [True] * 6


def test_a_missing_blob_is_named_by_its_own_message(fakes: RegistryFakes) -> None:
    version = make_draft()
    fakes.blobs.blobs.clear()
    assert answer(version, "format") == ("fail", "storage.blob_missing")


@pytest.mark.parametrize(
    "error", [TransientError("serving.timeout"), FencedError(), OperationalError("locked"), InterfaceError("closed")]
)
def test_what_the_job_must_know_reaches_it(fakes: RegistryFakes, settings: Any, error: Exception) -> None:
    settings.BACKENDS = {**settings.BACKENDS, "file_inspector": entry(Broken(error))}
    with pytest.raises(type(error)):
        results(make_draft())


def test_progress_names_each_check_and_counts_files(fakes: RegistryFakes) -> None:
    version = make_draft(files={"model.json": model_bytes(), "README.md": b"# About\n"})
    told: list[tuple[str, int, int]] = []
    run_checks(version=version, frozen=True, report=lambda *report: told.append(report))
    assert list(dict.fromkeys(name for name, _, _ in told)) == [check.name for check in CHECKS]
    assert [report for report in told if report[0] == "scan"] == [("scan", 0, 0), ("scan", 0, 2), ("scan", 1, 2)]
