"""What an embedded installation needs in its data folder before Django starts."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
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
    """What signs sessions, from `data_dir/secret-key`."""
    return _made_once(data_dir / "secret-key", lambda: secrets.token_urlsafe(64))


def load_signing_key(data_dir: Path) -> str:
    """What signs statements about images, from `data_dir/signing-key.pem`: a private key on P-256 as PEM."""
    return _made_once(data_dir / "signing-key.pem", _signing_key)


def _signing_key() -> str:
    from cryptography.hazmat.primitives import serialization  # at the first start only
    from cryptography.hazmat.primitives.asymmetric import ec

    made = ec.generate_private_key(ec.SECP256R1())
    form = serialization.PrivateFormat.PKCS8
    return made.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def _made_once(path: Path, make: Callable[[], str]) -> str:
    """The text in the file, which its owner alone may read; made once, however many start together."""
    if not path.exists():
        made_folder(path.parent)
        draft = path.with_name(f".{path.name}-{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(make())
        try:
            os.link(draft, path)  # link, not rename: the first process wins and nobody's key is replaced
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()
