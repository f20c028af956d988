"""Settings of worker processes that a test starts: its database, its folder, short leases."""

from __future__ import annotations

import os

from portal.settings import *  # noqa: F403
from portal.settings import BACKENDS, DATABASES, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.jobs_app.apps.JobsAppConfig"]
DATABASES["default"]["NAME"] = os.environ["TEST_DATABASE_NAME"]
BACKENDS["serving"] = {"class": "tests.fakes.serving.FakeServingBackend", "options": {}}
