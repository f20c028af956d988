from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from portal import env, env_parsers, env_variables

ROOT = Path(__file__).resolve().parents[2]


def test_the_readme_holds_the_table_of_the_settings() -> None:
    assert env.as_markdown() in (ROOT / "README.md").read_text()


def test_every_variable_is_declared_once_with_a_line_of_doc() -> None:
    names = [variable.name for variable in env_variables.DECLARED]
    assert len(names) == len(set(names))
    assert all(variable.doc.endswith(".") and "\n" not in variable.doc for variable in env_variables.DECLARED)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MODEL_COMMONS_PORT", "eighty"),
        ("MODEL_COMMONS_PORT", "65536"),
        ("MODEL_COMMONS_MAX_FILE_BYTES", "20GB"),
        ("DATABASE_URL", "garbage"),
        ("REDIS_URL", "localhost:6379"),
        ("MODEL_COMMONS_WEB_THREADS", "0"),
        ("MODEL_COMMONS_DEBUG", "maybe"),
        ("MODEL_COMMONS_SERVING_SANDBOX", "docker"),
    ],
)
def test_a_value_that_cannot_be_used_stops_the_start_and_names_the_variable(name: str, value: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "portal.env"],
        cwd=ROOT,
        env={**os.environ, name: value},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert name in done.stderr
    assert value in done.stderr
    assert "Traceback" not in done.stderr


def test_a_password_in_an_address_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    variable = env_variables.Variable("DATABASE_URL", "", env_parsers.address_of("postgres"), "A database.")
    monkeypatch.setenv("DATABASE_URL", "postgre://portal:secret@db.example/portal")
    with pytest.raises(SystemExit) as refused:
        variable.read()
    assert "secret" not in str(refused.value)
    assert "…@db.example/portal" in str(refused.value)


@pytest.mark.parametrize(("text", "expected"), [("yes", True), ("0", False), ("ON", True)])
def test_booleans(text: str, expected: bool) -> None:  # noqa: FBT001  # the value under test
    assert env_parsers.boolean(text) is expected


def test_words_leave_out_empty_ones() -> None:
    assert env_parsers.words(" a.example , ,b.example") == ["a.example", "b.example"]


@pytest.mark.parametrize(
    "text", ["registry.example", "https://", "ftp://registry.example", "https://a.example/b", "https://user@a.example"]
)
def test_a_registry_is_named_by_scheme_and_host(text: str) -> None:
    with pytest.raises(ValueError, match="https://host"):
        env_parsers.registry_address(text)


@pytest.mark.parametrize("text", ["", "Models", "a//b", "/a", "a/", "a:b", "a/../b"])
def test_a_repository_is_lower_case_words(text: str) -> None:
    with pytest.raises(ValueError, match="lower-case words"):
        env_parsers.repository(text)
    assert env_parsers.repository("model-commons/quarantine") == "model-commons/quarantine"


@pytest.mark.parametrize(("text", "expected"), [("", ""), ("team", "team/"), ("a/b/", "a/b/")])
def test_a_prefix_in_a_bucket_ends_in_a_slash(text: str, expected: str) -> None:
    assert env_parsers.key_prefix(text) == expected
    with pytest.raises(ValueError, match="joined by slashes"):
        env_parsers.key_prefix(f"/{text}")


def test_an_address_with_a_password_may_lie_in_a_file(tmp_path: Path) -> None:
    held = tmp_path / "database"
    held.write_text("postgres://portal:hunter2@db.example/portal\n")
    code = "from portal import env; print(env.DATABASE_URL, env.SECRET_KEY_FALLBACKS)"
    base = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}

    def start(**settings: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**base, **settings},
            capture_output=True,
            text=True,
            check=False,
        )

    good = start(DATABASE_URL_FILE=str(held), MODEL_COMMONS_SECRET_KEY_FALLBACKS="one,two")
    bad = start(REDIS_URL_FILE=str(held))

    assert good.stdout.strip() == "postgres://portal:hunter2@db.example/portal ['one', 'two']"
    assert bad.returncode == 1
    assert "REDIS_URL_FILE" in bad.stderr
    assert "hunter2" not in bad.stderr
