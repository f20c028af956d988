"""What an embedded installation needs in its data folder before Django starts."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def made_folder(path: Path) -> Path:
    """The folder, made if it is missing; stops the start with the variable's name where nothing can be written."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SystemExit(_unusable(path, error.strerror or "it cannot be made")) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise SystemExit(_unusable(path, "it is read-only for this account"))
    return path


def _unusable(path: Path, why: str) -> str:
    return (
        f"The folder {path} cannot be used: {why}. "
        "Set MODEL_COMMONS_DATA_DIR to a folder that this account may write to, or mend its rights."
    )


def load_secret_key(data_dir: Path) -> str:
    """The signing key in `data_dir/secret-key`, readable by its owner alone; made once, however many start together."""
    path = data_dir / "secret-key"
    if not path.exists():
        made_folder(data_dir)
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
