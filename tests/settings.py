"""Settings of the tests: the shipped ones on a throw-away data folder, or PostgreSQL by `DATABASE_URL`."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

os.environ.setdefault("MODEL_COMMONS_DATA_DIR", tempfile.mkdtemp(prefix="model-commons-tests-"))
os.environ.setdefault("MODEL_COMMONS_DEMO", "false")

from portal.settings import *  # noqa: F403
from portal.settings import DATABASES, STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_TASK_ALWAYS_EAGER = False
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
if "sqlite" in DATABASES["default"]["ENGINE"]:
    DATABASES["default"]["TEST"] = {"NAME": Path(tempfile.mkdtemp(prefix="model-commons-db-")) / "test.sqlite3"}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
