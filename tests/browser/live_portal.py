"""The whole portal as `manage.py up` runs it, on a data folder of its own: web server, worker, served models."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from deployer.runtimes.environments import RuntimeEnvironments
from tests.browser.stage import PASSWORD
from tests.deployer.serving.cups import ENVIRONMENTS, XGBOOST
from tests.locale.pseudo import LANGUAGE, write_pseudo_locale
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
LANGUAGES = "en,ar,de,es"
START_SECONDS = 180.0
STOP_SECONDS = 60.0
STAGE_SECONDS = 180.0


class LivePortal:
    """Use as a context manager: nothing that it started outlives it."""

    def __init__(self, folder: Path, *, demo: bool = False, variables: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.demo = demo
        self.variables = variables or {}
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self.log: list[str] = []

    def __enter__(self) -> Self:
        RuntimeEnvironments(ENVIRONMENTS).ensure(XGBOOST)  # no page shall wait as long as it takes to be installed
        (self.folder / "environments").symlink_to(ENVIRONMENTS)  # the runtimes are installed once per checkout
        (self.folder / "demo-password").write_text(PASSWORD)
        write_pseudo_locale(self.folder / "locale")
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=ROOT,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read_log)
        self._reader.start()
        try:
            self._wait_until_it_answers()
            self.stage("accounts", PASSWORD)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ctrl-C, as a person would; `up` ends its programs and the served models."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(STOP_SECONDS)

    def stage(self, *words: str) -> str:
        """Set the scene by the portal's own services, in a process beside it; returns what it printed last."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.browser.stage", *words],
            cwd=ROOT,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=STAGE_SECONDS,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{words} failed:\n{done.stdout}{done.stderr}\n" + "".join(self.log[-40:]))
        lines = done.stdout.strip().splitlines()
        return lines[-1] if lines else ""

    def url(self, path: str) -> str:
        """The full address of a path."""
        return self.origin + path

    def _environment(self) -> dict[str, str]:
        foreign = ("MODEL_COMMONS_", "DATABASE_URL", "REDIS_URL", "DJANGO_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return kept | {
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "MODEL_COMMONS_DATA_DIR": str(self.folder),
            "MODEL_COMMONS_DEMO": str(self.demo).lower(),
            "MODEL_COMMONS_LANGUAGES": LANGUAGES if self.demo else f"{LANGUAGES},{LANGUAGE}",
            "MODEL_COMMONS_LOCALE_DIR": str(self.folder / "locale"),
            "MODEL_COMMONS_PORT": str(self.port),
            **self.variables,
        }

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(self.url("/readyz"), timeout=5):
                    return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.1)  # no event tells that another process's port answers
        raise RuntimeError("the portal did not start:\n" + "".join(self.log[-60:]))

    def _read_log(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stdout:
            self.log.extend(stdout)
