from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from string import Template

import pytest

from registry.card_template import REQUIRED_SECTIONS
from registry.cards import parse_card, render_card
from registry.errors import IntegrityError, NotFoundError, OperatorError, PortalError, TransientError
from registry.examples import ExampleInput, validate_examples
from registry.licences import LICENCES
from registry.model_tasks import ModelTask
from registry.names import NAME_PATTERN
from registry.seeding import environment
from registry.seeding.inputs import article_views, edit_summary, file_bytes, user_agent
from registry.seeding.loader import SeedModel, load_seed
from registry.seeding.product import Example, Product, write_product
from registry.seeding.train import RECIPES
from tests.deployer.serving.cups import ENVIRONMENTS
from tests.fakes.inspection import inspect_bytes

RECIPE_FOLDER = Path(environment.__file__).parent / "recipes"
MAX_CARD_BYTES = 20_000
EXAMPLE = Example(
    title="Un exemple : é",
    request={"inputs": [{"name": "input-0", "shape": [1], "datatype": "BYTES", "data": ["日本語"]}]},
    expected={"outputs": [{"name": "predict", "shape": [1], "datatype": "FP64", "data": [0.1]}]},
    tolerance=1e-6,
)
PRODUCT = Product(
    owner="some-team",
    owner_kind="team",
    name="some-model",
    title="Some model",
    summary="It answers.",
    task="other",
    licence="MIT",
    model_format="onnx",
    files={"model.onnx": b"\x00\x01", "labels.txt": b"a\nb\n"},
    card="# Some model\n\nGrüße\n",
    examples=[EXAMPLE],
    cpu_millis=250,
    memory_bytes=1 << 29,
)


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    write_product(PRODUCT, tmp_path)
    write_product(replace(PRODUCT, owner="amina", owner_kind="volunteer"), tmp_path)

    first, second = load_seed(tmp_path)

    assert (first.owner, first.owner_kind, second.owner) == ("amina", "volunteer", "some-team")
    assert (second.name, second.title, second.summary) == ("some-model", "Some model", "It answers.")
    assert (second.task, second.licence, second.model_format) == ("other", "MIT", "onnx")
    assert (second.cpu_millis, second.memory_bytes) == (250, 1 << 29)
    assert second.card == PRODUCT.card
    assert {file.path: (file.source.read_bytes(), file.size) for file in second.files} == {
        "model.onnx": (b"\x00\x01", 2),
        "labels.txt": (b"a\nb\n", 4),
    }
    (example,) = second.examples
    assert (example.title, example.request, example.expected) == (EXAMPLE.title, EXAMPLE.request, EXAMPLE.expected)
    assert example.tolerance == EXAMPLE.tolerance


def test_writing_again_replaces(tmp_path: Path) -> None:
    write_product(PRODUCT, tmp_path)
    write_product(replace(PRODUCT, card="# New\n", files={"model.onnx": b"new"}), tmp_path)

    (model,) = load_seed(tmp_path)

    assert model.card == "# New\n"
    assert [file.source.read_bytes() for file in model.files] == [b"new"]


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(NotFoundError) as caught:
        load_seed(tmp_path)
    assert caught.value.code == "seeding.empty"


@pytest.mark.parametrize("missing", ["model.json", "card.md", "examples.json", "files/model.onnx"])
def test_an_interrupted_run_is_told(tmp_path: Path, missing: str) -> None:
    (write_product(PRODUCT, tmp_path) / missing).unlink()
    with pytest.raises(NotFoundError) as caught:
        load_seed(tmp_path)
    assert caught.value.code == "seeding.incomplete"
    assert caught.value.params == {"folder": "some-team__some-model"}


def test_a_half_written_description_is_told(tmp_path: Path) -> None:
    (write_product(PRODUCT, tmp_path) / "model.json").write_text('{"owner": "some')
    with pytest.raises(NotFoundError) as caught:
        load_seed(tmp_path)
    assert caught.value.code == "seeding.incomplete"


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    (write_product(PRODUCT, tmp_path) / "files" / "model.onnx").write_bytes(b"\x00\x02")
    with pytest.raises(IntegrityError) as caught:
        load_seed(tmp_path)
    assert caught.value.code == "seeding.changed"
    assert caught.value.params["path"] == "model.onnx"


@pytest.mark.parametrize(
    ("summary", "text"),
    [
        ("Bot: Verschoben von %(oldcat)s. Autoren: %(authors)s", "Bot: Verschoben von . Autoren:"),
        ("[[:Category:%(newcat)s|%(newcat)s]] hinzu", ":Category: | hinzu"),
        ("({{PLURAL:num|1 Eintrag|%(num)d Einträge}})", "( )"),
        ("/* History */ fixed, see https://example.org/a?b", "fixed, see"),
        ("'''forced'''  <b>mode</b>\n", "forced mode"),
        ("100% gut", "100% gut"),
    ],
)
def test_plain_text_of_an_edit_summary(summary: str, text: str) -> None:
    assert edit_summary.plain_text(summary) == text


def test_counts_of_a_user_agent() -> None:
    counts = dict(zip(user_agent.FEATURES, user_agent.features("python-requests/2.1 (+http://x.org)"), strict=True))
    assert counts == {
        "length": 35,
        "words": 2,
        "digits": 2,
        "capitals": 0,
        "slashes": 3,
        "semicolons": 0,
        "brackets": 1,
        "starts_as_mozilla": 0,
        "names_an_engine": 0,
        "names_a_system": 0,
        "names_a_robot": 0,
        "names_a_library": 1,
        "gives_a_contact": 2,
    }


def test_views_are_relative_to_the_last_week() -> None:
    log_views = [math.log(50)] * 7 + [math.log(100)] * 7
    row = article_views.features(log_views, date(2014, 2, 3))
    assert row == pytest.approx([-math.log(2)] * 7 + [0.0] * 7 + [0.0, 2.0])
    assert len(row) == len(article_views.FEATURES)
    assert article_views.views(log_views, math.log(3)) == pytest.approx(300)
    with pytest.raises(ValueError, match="14 days"):
        article_views.features(log_views[1:], date(2014, 2, 3))


@pytest.mark.parametrize(
    ("content", "first", "last"),
    [
        (b"  ab \n", [*b"ab \n", *[256] * 1020], [*[256] * 1020, *b"  ab"]),
        (b"x" * 1000 + b"y" * 1000, [*b"x" * 1000, *b"y" * 24], [*b"x" * 24, *b"y" * 1000]),
        (b"\n" * 4000 + b"a" * 5000 + b"b" * 200 + b" " * 4000, [*b"a" * 96, *[256] * 928], [*[256] * 928, *b"b" * 96]),
        (b"", [256] * 1024, [256] * 1024),
    ],
    ids=["short", "plain", "blank ends", "empty"],
)
def test_ends_of_a_file(content: bytes, first: list[int], last: list[int]) -> None:
    found = file_bytes.tokens(content)
    assert found[:1024] == first
    assert found[1024:] == last


def test_the_lock_file_pins_every_package_with_hashes() -> None:
    lines = environment.LOCK.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    packages = [line for line in lines if line and not line.startswith("#")]
    assert len(packages) > 10
    for package in packages:
        assert re.fullmatch(r"[a-z0-9-]+==[\w.]+(\s+--hash=sha256:[0-9a-f]{64})+", package.strip()), package


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_card_has_every_section(recipe: str) -> None:
    template = Template((RECIPE_FOLDER / f"{recipe}.md").read_text(encoding="utf-8"))
    card = parse_card(template.substitute(dict.fromkeys(template.get_identifiers(), "0.5")))
    titles = [section.title for section in card.sections if section.text]
    assert [section.title for section in REQUIRED_SECTIONS if section.title not in titles] == []
    assert card.front_matter["license"] in {licence.spdx for licence in LICENCES}
    assert card.front_matter["task"] in ModelTask.values


def test_a_failed_installation_names_the_operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text("not a requirement at all\n")
    monkeypatch.setattr(environment, "LOCK", lock)
    with pytest.raises(OperatorError) as caught:
        environment.install(tmp_path / "environments", timeout=120)
    assert caught.value.code == "seeding.install_failed"
    assert not list((tmp_path / "environments").glob("*/complete"))


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A training environment that is this interpreter, and a script to fill in."""
    lock = tmp_path / "requirements.txt"
    lock.touch()
    script = tmp_path / "train.py"
    monkeypatch.setattr(environment, "LOCK", lock)
    monkeypatch.setattr(environment, "SCRIPT", script)
    folder = tmp_path / "environments" / "training-e3b0c44298fc"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)
    (folder / environment.COMPLETE).touch()
    return tmp_path / "environments", script


@pytest.mark.parametrize(
    ("source", "timeout", "error"),
    [
        ("raise SystemExit(3)", 60.0, OperatorError("seeding.training_failed")),
        ("import signal; signal.pause()", 0.5, TransientError("seeding.training_timeout")),
    ],
    ids=["fails", "hangs"],
)
def test_a_failed_training_says_who_acts(
    installed: tuple[Path, Path], tmp_path: Path, source: str, timeout: float, error: PortalError
) -> None:
    environments, script = installed
    script.write_text(source)
    with pytest.raises(type(error)) as caught:
        environment.train(environments_dir=environments, out_dir=tmp_path / "out", timeout=timeout)
    assert caught.value.code == error.code


def test_training_sees_no_secret(installed: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environments, script = installed
    monkeypatch.setenv("MODEL_COMMONS_SECRET_KEY", "s3cret")
    script.write_text("import os, sys; open(sys.argv[1], 'w').write('\\n'.join(os.environ))")
    environment.train(environments_dir=environments, out_dir=tmp_path / "names")
    names = (tmp_path / "names").read_text().split()
    assert "PATH" in names
    assert "MODEL_COMMONS_SECRET_KEY" not in names


@pytest.fixture(scope="module")
def environments_dir() -> Path:
    return ENVIRONMENTS  # installed once per checkout


@pytest.fixture(scope="module")
def seed_dir(environments_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seed")
    environment.train(environments_dir=environments_dir, out_dir=folder)
    return folder


@pytest.fixture(scope="module")
def models(seed_dir: Path) -> tuple[SeedModel, ...]:
    return load_seed(seed_dir)


@pytest.mark.runtimes
def test_the_four_models(models: tuple[SeedModel, ...]) -> None:
    assert {(f"{model.owner}/{model.name}", model.owner_kind, model.model_format) for model in models} == {
        ("research-team/edit-summary-language", "team", "skops"),
        ("research-team/article-pageviews-forecast", "team", "lightgbm-text"),
        ("moderation-tools-team/automated-user-agent", "team", "xgboost-json"),
        ("amina/upload-content-type", "volunteer", "onnx"),
    }
    for model in models:
        assert re.fullmatch(NAME_PATTERN, model.owner)
        assert re.fullmatch(NAME_PATTERN, model.name)
        assert 0 < len(model.summary) <= 200
        assert model.task in ModelTask.values
        assert model.licence in {licence.spdx for licence in LICENCES}
        assert sum(file.size for file in model.files) < 5_000_000
        assert len(model.card.encode()) < MAX_CARD_BYTES
        assert 2 <= len(model.examples) <= 3


@pytest.mark.runtimes
def test_the_gate_accepts_every_file(models: tuple[SeedModel, ...]) -> None:
    for model in models:
        found = [inspect_bytes(file.path, file.source.read_bytes()) for file in model.files]
        assert [(answer.path, answer.code) for answer in found if not answer.accepted] == []
        assert [answer.model_format for answer in found if answer.model_format] == [model.model_format]


@pytest.mark.runtimes
def test_the_examples_fit_what_the_files_declare(models: tuple[SeedModel, ...]) -> None:
    for model in models:
        (found,) = [inspect_bytes(file.path, file.source.read_bytes()) for file in model.files if "model." in file.path]
        assert found.introspection is not None
        examples = [ExampleInput(item.title, item.request, item.expected, item.tolerance) for item in model.examples]
        validate_examples(examples, found.introspection)


@pytest.mark.runtimes
def test_the_licence_goes_along(models: tuple[SeedModel, ...]) -> None:
    markers = {licence.spdx: licence.marker for licence in LICENCES}
    for model in models:
        (text,) = [file.source.read_text() for file in model.files if file.path == "LICENSE"]
        assert markers[model.licence] in " ".join(text.lower().split())


@pytest.mark.runtimes
def test_cards_carry_figures_and_render(models: tuple[SeedModel, ...]) -> None:
    for model in models:
        assert "$" not in model.card
        assert parse_card(model.card).front_matter["license"] == model.licence
        assert f"<h2>{model.title}</h2>" in render_card(model.card)


@pytest.mark.runtimes
def test_training_again_gives_the_same_bytes(seed_dir: Path, environments_dir: Path, tmp_path: Path) -> None:
    environment.train(environments_dir=environments_dir, out_dir=tmp_path)
    assert _contents(tmp_path) == _contents(seed_dir)


@pytest.mark.runtimes
def test_a_fresh_process_gives_the_expected_answers(seed_dir: Path, environments_dir: Path) -> None:
    python = environment.install(environments_dir, timeout=60)
    script = Path(__file__).with_name("seeding_answers.py")
    # -P: a folder beside the script is named like a module of the standard library.
    command: list[str | Path] = [python, "-B", "-P", script, seed_dir]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == sum(len(model.examples) for model in load_seed(seed_dir))
    assert [answer for answer in answers if not answer[2] <= answer[3]] == []


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
