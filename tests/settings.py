"""Settings of the tests: the shipped ones on a throw-away data folder, or PostgreSQL by `DATABASE_URL`."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_made = "MODEL_COMMONS_DATA_DIR" not in os.environ
if _made:
    os.environ["MODEL_COMMONS_DATA_DIR"] = tempfile.mkdtemp(prefix="model-commons-tests-")
os.environ.setdefault("MODEL_COMMONS_DEMO", "false")

from portal.settings import *  # noqa: E402, F403  # it reads the variables above
from portal.settings import API_RATES, DATABASES, FILE_UPLOAD_TEMP_DIR, STATIC_ROOT, STORAGES, UPLOADS_DIR  # noqa: E402

if _made:  # a second test process, started by this one, shall have a folder of its own
    del os.environ["MODEL_COMMONS_DATA_DIR"]
for folder in (STATIC_ROOT, FILE_UPLOAD_TEMP_DIR, UPLOADS_DIR):  # as `up` makes them
    folder.mkdir(parents=True, exist_ok=True)

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_TASK_ALWAYS_EAGER = False
REQUEST_FIGURES_PERIOD = None  # no thread writes behind a test's back
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
if "sqlite" in str(DATABASES["default"]["ENGINE"]):
    DATABASES["default"]["TEST"] = {"NAME": Path(tempfile.mkdtemp(prefix="model-commons-db-")) / "test.sqlite3"}
else:
    _patient = {"connect_timeout": 60}  # a server may be as busy as the machine
    DATABASES["default"]["OPTIONS"] = {**DATABASES["default"].get("OPTIONS", {}), **_patient}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
API_RATES.update(dict.fromkeys(API_RATES, "1000000/hour"))  # tests of rates set their own
