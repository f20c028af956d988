"""Runtime environments: one virtual environment per lock file, made by uv, sharing files with each other."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deployer.errors import RuntimeUnavailableError, TransientError
from deployer.interfaces import RuntimeDefinition
from deployer.serving.process import CommandFailedError, CommandTimeoutError, run

_MARKER = ".complete"
# A confined model server cannot write bytecode, so all that it may import is compiled here; a file in a package that
# this Python cannot compile is that package's own affair.
_COMPILE = (
    "import compileall, re, sys; compileall.compile_dir(sys.argv[1], quiet=2, rx=re.compile(sys.argv[2]), workers=0)"
)
# More than half of what is installed: the packages' own tests, and the Kubernetes client that the SDK brings along.
_NEVER_SERVED = r"/site-packages/(kubernetes/|.*/tests?/)"
_PASSED_PREFIXES = ("UV_",)
_PASSED = (
    "HOME",
    "PATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "XDG_CONFIG_HOME",
)


class RuntimeEnvironments:
    """Makes and finds the environments below one folder. Safe for several processes at once."""

    def __init__(self, root: Path, *, timeout: float = 900.0) -> None:
        self._root = root
        self._timeout = timeout

    def path(self, runtime: RuntimeDefinition) -> Path:
        """Where the environment lies: named by its lock file's content, so changed pins give a new one."""
        lock = runtime.requirements
        return self._root / f"{lock.stem}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"

    def is_ready(self, runtime: RuntimeDefinition) -> bool:
        """Whether the environment was made to the end."""
        return (self.path(runtime) / _MARKER).is_file()

    def ensure(self, runtime: RuntimeDefinition) -> Path:
        """The environment's Python, made first if need be.

        Raises `RuntimeUnavailableError` if it cannot be made, `TransientError` if another process takes too long.
        """
        environment = self.path(runtime)
        python = environment / "bin" / "python"
        if self.is_ready(runtime):
            return python
        with self._exclusive(environment.name):
            if not self.is_ready(runtime):
                self._make(runtime, environment, python)
        return python

    def _make(self, runtime: RuntimeDefinition, environment: Path, python: Path) -> None:
        # A virtual environment cannot be moved, so completeness is a marker written last instead of a rename.
        shutil.rmtree(environment, ignore_errors=True)
        uv = _find_uv(runtime)
        base = os.path.realpath(sys.executable)
        self._run(runtime, [uv, "venv", "--quiet", "--no-project", "--python", base, str(environment)])
        install = [uv, "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:"]
        self._run(runtime, [*install, "--python", str(python), "--requirement", str(runtime.requirements)])
        self._run(runtime, [str(python), "-I", "-c", _COMPILE, str(environment / "lib"), _NEVER_SERVED])
        self._run(runtime, [str(python), "-I", "-c", "import kserve, uvicorn"])
        (environment / _MARKER).touch()

    def _run(self, runtime: RuntimeDefinition, argv: list[str]) -> None:
        try:
            run(argv, env=self._environment_variables(), timeout=self._timeout)
        except CommandTimeoutError as exc:
            raise RuntimeUnavailableError("runtime.install_timeout", runtime=runtime.name) from exc
        except CommandFailedError as exc:
            raise RuntimeUnavailableError("runtime.install_failed", runtime=runtime.name) from exc

    def _environment_variables(self) -> dict[str, str]:
        passed = {
            name: value for name, value in os.environ.items() if name in _PASSED or name.startswith(_PASSED_PREFIXES)
        }
        # The cache lies beside the environments because hard links do not cross file systems.
        return {
            "UV_LINK_MODE": "hardlink",
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_NO_PROGRESS": "1",
            **passed,
            "UV_CACHE_DIR": str(self._root / ".cache"),
        }

    @contextmanager
    def _exclusive(self, name: str) -> Iterator[None]:
        locks = self._root / ".locks"
        locks.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + self._timeout
        with (locks / name).open("w") as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise TransientError("runtime.install_busy", runtime=name) from None
                    time.sleep(0.2)
            yield


def _find_uv(runtime: RuntimeDefinition) -> str:
    from uv import find_uv_bin  # a missing wheel must not stop a portal that installs nothing

    try:
        return find_uv_bin()
    except FileNotFoundError as exc:
        raise RuntimeUnavailableError("runtime.installer_missing", runtime=runtime.name) from exc
