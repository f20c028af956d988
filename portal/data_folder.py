"""What an embedded installation needs in its data folder before Django starts."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def made_folder(path: Path) -> Path:
    """The folder, made if it is missing."""
    path.mkdir(parents=True, exist_ok=True)
    return path


def load_secret_key(data_dir: Path) -> str:
    """The signing key in `data_dir/secret-key`, readable by its owner alone; made once, however many start together."""
    path = data_dir / "secret-key"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".secret-key-{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(secrets.token_urlsafe(64))
        try:
            os.link(draft, path)  # link, not rename: the first process wins and nobody's key is replaced
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()
