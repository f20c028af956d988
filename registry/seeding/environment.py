"""The training environment, and `train.py` run inside it."""

from __future__ import annotations

import hashlib
import logging
import os
import shlex
import subprocess
import sys
from pathlib import Path

from uv import find_uv_bin

from registry.errors import OperatorError, TransientError

LOCK = Path(__file__).with_name("requirements.txt")
SCRIPT = Path(__file__).with_name("train.py")
COMPLETE = "complete"
_KEPT = ("HOME", "PATH", "LANG", "TMPDIR", "UV_", "SSL_CERT_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")  # what uv needs

logger = logging.getLogger(__name__)


def train(*, environments_dir: Path, out_dir: Path, install_timeout: float = 900.0, timeout: float = 300.0) -> None:
    """Write every demonstration model to `out_dir`; the environment is installed on the first call. Times in seconds.

    Raises `OperatorError` with code `seeding.install_failed` or `seeding.training_failed`, and `TransientError` with
    code `seeding.training_timeout`. What the programs printed goes to the log.
    """
    python = install(environments_dir, timeout=install_timeout)
    _run([str(python), "-B", str(SCRIPT), str(out_dir)], code="seeding.training_failed", timeout=timeout)


def install(environments_dir: Path, *, timeout: float) -> Path:
    """The interpreter of the environment that belongs to the lock file; one interrupted half-way is made again."""
    folder = environments_dir / f"training-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    python = folder / "bin" / "python"
    if not (folder / COMPLETE).exists():
        environments_dir.mkdir(parents=True, exist_ok=True)
        uv = find_uv_bin()
        code = "seeding.install_failed"
        _run([uv, "venv", "--clear", "--python", sys.executable, str(folder)], code=code, timeout=timeout)
        packages = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--requirements", str(LOCK)]
        _run([uv, "pip", "install", "--python", str(python), *packages], code=code, timeout=timeout)
        (folder / COMPLETE).touch()
    return python


def _run(command: list[str], *, code: str, timeout: float) -> None:
    environment = {name: value for name, value in os.environ.items() if name.upper().startswith(_KEPT)}
    try:
        done = subprocess.run(  # noqa: S603 - a fixed list of our own programs
            command, env=environment, capture_output=True, text=True, errors="replace", timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired as exc:
        raise TransientError("seeding.training_timeout", seconds=int(timeout)) from exc
    if done.returncode:
        logger.error("%s ended with %d:\n%s%s", shlex.join(command), done.returncode, done.stdout, done.stderr)
        raise OperatorError(code)
    for line in done.stdout.splitlines():
        logger.info("%s", line)
