"""The shipped production settings are hard, and a start that is not safe does not happen."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portal.production import Chosen, hindrances

ROOT = Path(__file__).resolve().parents[2]
KEY = "".join(chr(33 + n % 90) for n in range(64))
GOOD = {
    "MODEL_COMMONS_PRODUCTION": "true",
    "MODEL_COMMONS_SINGLE_MACHINE": "true",
    "MODEL_COMMONS_TRUST_PROXY": "true",
    "MODEL_COMMONS_DEMO": "false",
    "MODEL_COMMONS_SERVING_SANDBOX": "bubblewrap",
    "MODEL_COMMONS_SECRET_KEY": KEY,
    "MODEL_COMMONS_ALLOWED_HOSTS": "models.example.org",
    "MODEL_COMMONS_SITE_URL": "https://models.example.org/",
    "MODEL_COMMONS_SMTP_HOST": "mail.example.org",
    "MODEL_COMMONS_EMAIL_FROM": "Models <models@example.org>",
}


def run(folder: Path, *command: str, **changes: str) -> subprocess.CompletedProcess[str]:
    foreign = ("MODEL_COMMONS_", "DATABASE_URL", "REDIS_URL", "DJANGO_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    env = {**kept, **GOOD, "MODEL_COMMONS_DATA_DIR": str(folder), **changes}
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=120
    )


def settings_in(folder: Path, expression: str, **changes: str) -> str:
    code = f"from portal import settings as s; print(*({expression.strip().rstrip(',')},))"
    done = run(folder, "-c", code, **changes)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_registry_by_name_is_where_images_go(tmp_path: Path) -> None:
    made = settings_in(
        tmp_path,
        "s.BACKENDS['image_builder']['class'], s.BACKENDS['image_builder']['options']['registry_url']",
        MODEL_COMMONS_OCI_REGISTRY_URL="https://registry.example:5000/",
    )
    assert made == "deployer.builders.oci_registry.RegistryImageBuilder https://registry.example:5000"


def test_a_bucket_by_name_is_where_files_go(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("sesame\n")
    made = settings_in(
        tmp_path / "data",
        "*[s.BACKENDS['blob_store']['options'][name] for name in ('bucket', 'endpoint_url', 'secret_key', 'prefix')]",
        MODEL_COMMONS_S3_BUCKET="models",
        MODEL_COMMONS_S3_ENDPOINT_URL="https://s3.example/",
        MODEL_COMMONS_S3_SECRET_ACCESS_KEY_FILE=str(secret),
        MODEL_COMMONS_S3_PREFIX="team",
    )
    assert made == "models https://s3.example sesame team/"


def test_django_has_nothing_to_warn_of(tmp_path: Path) -> None:
    done = run(tmp_path, "manage.py", "check", "--deploy", "--fail-level", "WARNING")

    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_a_key_that_cannot_sign_is_found_before_the_first_build(tmp_path: Path) -> None:
    done = run(tmp_path, "manage.py", "check", "--deploy", MODEL_COMMONS_SIGNING_KEY="planted")

    assert done.returncode == 1
    assert "portal.E006" in done.stderr
    assert "planted" not in done.stdout + done.stderr


def test_parts_of_one_machine_are_refused_on_many(tmp_path: Path) -> None:
    done = run(tmp_path, "manage.py", "check", "--deploy", MODEL_COMMONS_SINGLE_MACHINE="false")

    assert done.returncode == 1
    codes = set(re.findall(r"portal\.E\d+", done.stderr))
    assert codes == {"portal.E001", "portal.E002", "portal.E003", "portal.E004", "portal.E005"}
    assert done.stderr.count("MODEL_COMMONS_SINGLE_MACHINE=true") == 5
    assert "Traceback" not in done.stderr


def test_parts_that_can_be_shared_are_not_refused(tmp_path: Path) -> None:
    shared = {
        "MODEL_COMMONS_SINGLE_MACHINE": "false",
        "DATABASE_URL": "postgres://portal@db.example/portal",
        "REDIS_URL": "rediss://redis.example/0",
        "MODEL_COMMONS_OCI_REGISTRY_URL": "https://images.example",
        "MODEL_COMMONS_S3_BUCKET": "models",
    }
    done = run(tmp_path, "manage.py", "check", "--deploy", "--fail-level", "WARNING", **shared)

    assert not {f"portal.E00{number}" for number in (1, 2, 3, 4)} & set(re.findall(r"portal\.E\d+", done.stderr))
    assert "security.W" not in done.stderr


SAFE = Chosen(
    production=True,
    debug=False,
    demo=False,
    behind_proxy=True,
    secret_key=KEY,
    hosts=["models.example.org"],
    site_url="https://models.example.org",
    mail_is_needed=True,
    smtp_host="mail.example.org",
    smtp_login=(True, True),
    sender="Models <models@example.org>",
    oidc=("", "", ""),
    mediawiki=("https://wiki.example/rest.php", "", ""),
)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"debug": True}, "MODEL_COMMONS_DEBUG"),
        ({"secret_key": "short"}, "MODEL_COMMONS_SECRET_KEY is too weak"),
        ({"secret_key": "a" * 80}, "MODEL_COMMONS_SECRET_KEY is too weak"),
        ({"demo": True}, "MODEL_COMMONS_DEMO"),
        ({"behind_proxy": False}, "MODEL_COMMONS_TRUST_PROXY"),
        ({"hosts": ["*"]}, "MODEL_COMMONS_ALLOWED_HOSTS"),
        ({"oci_registry": ("http://registry.example", "a", "b")}, "MODEL_COMMONS_OCI_REGISTRY_URL must begin"),
        ({"oci_registry": ("https://registry.example", "a", "a")}, "MODEL_COMMONS_OCI_APPROVED_REPOSITORY must differ"),
        ({"sandbox": "auto"}, "MODEL_COMMONS_SERVING_SANDBOX must be bubblewrap"),
        ({"site_url": "http://models.example.org"}, "MODEL_COMMONS_SITE_URL"),
        ({"smtp_host": ""}, "MODEL_COMMONS_SMTP_HOST"),
        ({"smtp_login": (False, True)}, "MODEL_COMMONS_SMTP_USER"),
        ({"smtp_login": (True, False)}, "MODEL_COMMONS_SMTP_USER"),
        ({"sender": "Models <models@localhost>"}, "MODEL_COMMONS_EMAIL_FROM"),
        ({"oidc": ("", "portal", "hush")}, "MODEL_COMMONS_OIDC_SERVER_URL"),
        ({"oidc": ("http://id.example", "portal", "hush")}, "MODEL_COMMONS_OIDC_SERVER_URL must begin with https"),
        ({"mediawiki": ("https://wiki.example", "", "hush")}, "MODEL_COMMONS_MEDIAWIKI_CLIENT_ID"),
        ({"mediawiki": ("http://wiki.example", "id", "hush")}, "MODEL_COMMONS_MEDIAWIKI_REST_URL must begin with"),
    ],
)
def test_what_is_for_trying_out_alone_stops_the_start(change: dict[str, Any], said: str) -> None:
    reasons = hindrances(replace(SAFE, **change))

    assert [reason for reason in reasons if said in reason]
    assert "hush" not in str(reasons), "a secret is never repeated"


def test_what_is_safe_starts() -> None:
    assert hindrances(SAFE) == []
    assert hindrances(replace(SAFE, smtp_login=(False, False))) == []
    without_mail = replace(SAFE, mail_is_needed=False, smtp_host="", smtp_login=(False, False), sender="a@localhost")
    assert hindrances(without_mail) == []
    assert [hindrances(replace(SAFE, sandbox=mode)) for mode in ("bubblewrap", "none", "")] == [[], [], []]


def test_trying_out_needs_none_of_it_but_nothing_half_set() -> None:
    trial = replace(SAFE, production=False, debug=True, demo=True, behind_proxy=False, secret_key="x", hosts=["*"])
    assert hindrances(trial) == hindrances(replace(trial, sandbox="auto")) == []
    assert hindrances(replace(trial, oidc=("http://127.0.0.1:1", "portal", ""))) != []


def test_all_reasons_are_told_at_once_and_without_a_traceback(tmp_path: Path) -> None:
    unsafe = {"DEBUG": "true", "SECRET_KEY": "short", "SERVING_SANDBOX": "auto"}
    changed = {f"MODEL_COMMONS_{name}": value for name, value in unsafe.items()}
    done = run(tmp_path, "-c", "import portal.settings", **changed)

    assert done.returncode == 1
    assert done.stderr.count("\n- ") == 3
    assert "Traceback" not in done.stderr


def test_production_settings(tmp_path: Path) -> None:
    wanted = """
        s.ACCOUNT_EMAIL_VERIFICATION, s.REQUIRE_SECOND_FACTOR, s.ACCOUNT_SIGNUP_FIELDS[1],
        s.SESSION_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_NAME, s.CSRF_COOKIE_SECURE,
    """
    assert settings_in(tmp_path, wanted) == "mandatory True email* __Host-session True __Host-csrf True"


def test_a_demonstration_is_laxer(tmp_path: Path) -> None:
    changed = {"MODEL_COMMONS_PRODUCTION": "false", "MODEL_COMMONS_TRUST_PROXY": "false"}
    wanted = "s.ACCOUNT_EMAIL_VERIFICATION, s.REQUIRE_SECOND_FACTOR, s.SESSION_COOKIE_SECURE"

    assert settings_in(tmp_path, wanted, **changed) == "optional False False"


def test_each_choice_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "word").write_text("from-a-file\n")
    changed = {
        "MODEL_COMMONS_EMAIL_VERIFICATION": "optional",
        "MODEL_COMMONS_REQUIRE_SECOND_FACTOR": "false",
        "MODEL_COMMONS_SMTP_USER": "portal",
        "MODEL_COMMONS_SMTP_PASSWORD_FILE": str(tmp_path / "word"),
        "MODEL_COMMONS_SMTP_SECURITY": "tls",
        "MODEL_COMMONS_OIDC_SERVER_URL": "https://id.example.org/",
        "MODEL_COMMONS_OIDC_CLIENT_ID": "portal",
        "MODEL_COMMONS_OIDC_CLIENT_SECRET": "word",
    }
    app = "s.SOCIALACCOUNT_PROVIDERS['openid_connect']['APPS'][0]"
    wanted = f"""
        s.ACCOUNT_EMAIL_VERIFICATION, s.REQUIRE_SECOND_FACTOR, s.EMAIL_HOST_PASSWORD, s.EMAIL_USE_SSL, s.EMAIL_USE_TLS,
        {app}['settings']['server_url'], {app}['client_id'],
    """
    said = "optional False from-a-file True False https://id.example.org portal"
    assert settings_in(tmp_path, wanted, **changed) == said


def test_a_secrets_file_that_is_missing_is_named(tmp_path: Path) -> None:
    missing = run(tmp_path, "-c", "import portal.env", MODEL_COMMONS_SMTP_PASSWORD_FILE=str(tmp_path / "nothing"))

    assert "MODEL_COMMONS_SMTP_PASSWORD_FILE" in missing.stderr
    assert "Traceback" not in missing.stderr
