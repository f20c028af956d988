"""The compose file for one host: readable as the specification says, hardened, and of settings that exist."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import compose_spec
import pytest
import yaml
from django.conf import settings

from portal.env_variables import DECLARED
from tests.architecture import ROOT

COMPOSE = ROOT / "deploy" / "compose"
TEXT = (COMPOSE / "compose.yaml").read_text()
GIVEN = {
    "DOMAIN": "models.example.org",
    "EMAIL_FROM": "model-commons@example.org",
    "SMTP_HOST": "mail.example.org",
}
FROM_HERE = ("web-a", "web-b", "worker", "prepare")
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?P<rule>:[-?])?(?P<text>[^}]*)\}")


def interpolated(text: str, given: dict[str, str] = GIVEN) -> str:
    """As compose fills in variables; KeyError for one that is needed and missing."""

    def value(match: re.Match[str]) -> str:
        return given.get(match["name"]) or match["text"] if match["rule"] == ":-" else given[match["name"]]

    return VARIABLE.sub(value, text)


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(interpolated(TEXT))["services"]
    return found


def read(text: str) -> Any:
    """With anchors and merge keys resolved first, as compose does."""
    return compose_spec.PyOptions().from_yaml(json.dumps(yaml.safe_load(text)))


def test_it_is_a_compose_file() -> None:
    found = read(interpolated(TEXT))
    found.validate()

    assert set(found.service_names()) == {*FROM_HERE, "proxy", "postgres", "redis", "registry"}


@pytest.mark.parametrize(
    ("good", "bad"),
    [("interval: 5s", "interval: 5 blinks"), ("service_healthy", "healthy"), ("[NET_BIND_SERVICE]", "{}")],
)
def test_the_reader_finds_faults(good: str, bad: str) -> None:
    text = interpolated(TEXT)
    assert good in text
    with pytest.raises(ValueError):  # noqa: PT011  # the reader has no errors of its own
        read(text.replace(good, bad))


@pytest.mark.parametrize("name", GIVEN)
def test_what_nobody_can_guess_is_asked_for(name: str) -> None:
    assert f"${{{name}:?" in TEXT
    with pytest.raises(KeyError):
        interpolated(TEXT, {key: value for key, value in GIVEN.items() if key != name})


def test_every_program_is_confined(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not {"privileged", "pid", "ipc", "devices", "network_mode"} & service.keys(), name
        assert "docker.sock" not in str(service.get("volumes", "")), name
        assert service["image"].count(":") == 1, "a release is named"
        assert "/" not in service["image"], "no host of a registry, no account"
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]


def test_only_settings_that_exist_are_set(services: dict[str, Any]) -> None:
    known = {variable.name for variable in DECLARED}
    for name in FROM_HERE:
        assert services[name]["environment"].keys() <= known
        assert services[name]["environment"]["MODEL_COMMONS_PRODUCTION"] == "true"
        # Without user namespaces there is no bubblewrap, and README.md says what that means.
        assert services[name]["environment"]["MODEL_COMMONS_SERVING_SANDBOX"] == "none"


def secrets_of(service: dict[str, Any]) -> set[str]:
    return set(service.get("secrets", []))


def test_secrets_are_files_and_nothing_else(services: dict[str, Any], tmp_path: Path) -> None:
    document = yaml.safe_load(TEXT)
    made = made_secrets(tmp_path)
    assert {Path(secret["file"]).name for secret in document["secrets"].values()} <= made.keys()
    for name, service in services.items():
        assert secrets_of(service) <= document["secrets"].keys()
        named = {Path(value).name for value in secret_paths(service)}
        assert named <= secrets_of(service), name
        words = str(service.get("environment", "")) + str(service.get("command", ""))
        assert "password" not in re.sub(r"/run/secrets/\S+|\w+PASSWORD_FILE", "", words).lower(), name


def secret_paths(service: dict[str, Any]) -> Iterator[str]:
    yield from (str(v) for v in service.get("environment", {}).values() if str(v).startswith("/run/secrets/"))
    yield from (word for word in service.get("command", []) if word.startswith("/run/secrets/"))


def made_secrets(folder: Path) -> dict[str, str]:
    shutil.copy(COMPOSE / "make-secrets.sh", folder)
    subprocess.run(["/bin/sh", folder / "make-secrets.sh"], check=True, timeout=30)
    return {path.name: path.read_text() for path in (folder / "secrets").iterdir()}


def test_secrets_are_made_once_and_fit_together(tmp_path: Path) -> None:
    first = made_secrets(tmp_path)
    (tmp_path / "secrets" / "metrics-token").chmod(0o600)
    (tmp_path / "secrets" / "metrics-token").unlink()
    second = made_secrets(tmp_path)

    assert len(first["secret-key"]) == 128
    assert first["postgres-password"] in first["database-url"]
    assert first["redis-password"] in first["redis-url"]
    assert f"requirepass {first['redis-password']}\n" in first["redis-conf"]
    assert "appendonly yes\n" in first["redis-conf"]
    assert {name for name in first if first[name] != second[name]} == {"metrics-token"}
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0
    # A folder that is open to nobody else, with files that its owner may change and all accounts of containers read.
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()} == {0o644}


def test_what_holds_data_is_not_reached_from_outside(services: dict[str, Any]) -> None:
    networks = yaml.safe_load(TEXT)["networks"]
    assert networks["back"]["internal"]
    for name in ("postgres", "redis"):
        assert services[name]["networks"] == ["back"]
    assert "back" not in services["proxy"]["networks"]


def test_a_release_starts_after_its_migrations_and_one_web_server_at_a_time(services: dict[str, Any]) -> None:
    for name in ("web-a", "web-b", "worker"):
        assert services[name]["depends_on"]["prepare"] == {"condition": "service_completed_successfully"}
        assert "healthcheck" in services[name]
    proxied = (COMPOSE / "caddy" / "Caddyfile").read_text()
    assert "reverse_proxy web-a:8000 web-b:8000" in proxied
    assert "health_uri /readyz" in proxied
    assert "respond @inside 404" in proxied
    (largest,) = re.findall(r"@forms not path /uploads/\*\n\trequest_body @forms \{\n\t\tmax_size (\d+)MiB\n", proxied)
    taken = settings.LIMITS["form_upload_max_bytes"] + settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    assert taken <= int(largest) << 20 < 2 * taken


def test_further_settings_have_a_place(services: dict[str, Any]) -> None:
    assert {
        name for name in FROM_HERE if services[name]["env_file"] != [{"path": "portal.env", "required": False}]
    } == set()


def test_the_database_counts_as_healthy_once_it_listens_to_others(services: dict[str, Any]) -> None:
    """While its volume is prepared it listens at its socket alone, and then ends once more."""
    assert "--host=127.0.0.1" in services["postgres"]["healthcheck"]["test"]


def test_a_model_cannot_fill_the_host_with_processes(services: dict[str, Any]) -> None:
    assert services["worker"]["pids_limit"] == 2048


def test_no_account_of_the_registry_deletes(services: dict[str, Any]) -> None:
    assert "REGISTRY_STORAGE_DELETE_ENABLED" not in services["registry"]["environment"]
