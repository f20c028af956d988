"""Settings of a server that a test starts as a program: those of the tests, with limits from `TEST_LIMITS` (JSON)."""

from __future__ import annotations

import json
import os

from tests.settings import *  # noqa: F403
from tests.settings import LIMITS

LIMITS |= json.loads(os.environ.get("TEST_LIMITS", "{}"))
