"""What deploy/ sets is a production installation that starts, with which neither Django nor the portal finds fault."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tests.architecture import ROOT
from tests.deploy.manifests import KUBERNETES, rendered
from tests.deploy.test_compose import GIVEN, TEXT, interpolated
from tests.deployer.test_provenance import new_key

MOUNTED = ("/run/secrets/", "/etc/model-commons/secrets/", "/run/signing/")
SECRETS = {
    "secret-key": "".join(chr(33 + n % 90) for n in range(64)),
    "database-url": "postgres://portal:planted@postgres/portal",
    "redis-url": "redis://:planted@redis/0",
    "key.pem": new_key(),
}


def of_compose() -> dict[str, str]:
    text = interpolated(TEXT, {**GIVEN, "SMTP_USER": "model-commons"})
    environment: dict[str, str] = yaml.safe_load(text)["services"]["web-a"]["environment"]
    return environment


def of_cluster() -> dict[str, str]:
    (found,) = [obj["data"] for obj in rendered(KUBERNETES / "portal") if obj["kind"] == "ConfigMap"]
    settings: dict[str, str] = found
    return settings


def started(folder: Path, settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """`check --deploy` under these settings, with files where the secrets are mounted."""
    given = dict(settings)
    for name, path in settings.items():
        if path.startswith(MOUNTED):
            secret = folder / Path(path).name
            secret.write_text(SECRETS.get(secret.name, "planted"))
            given[name] = str(secret)
    foreign = ("MODEL_COMMONS_", "DATABASE_URL", "REDIS_URL", "DJANGO_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    of_the_image = {"MODEL_COMMONS_DATA_DIR": str(folder / "data"), "MODEL_COMMONS_DEMO": "false"}
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**kept, **of_the_image, **given},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("settings", [of_compose(), of_cluster()], ids=["one host", "cluster"])
def test_it_starts_without_a_warning(tmp_path: Path, settings: dict[str, str]) -> None:
    done = started(tmp_path, settings)

    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout
    assert "planted" not in done.stdout + done.stderr
