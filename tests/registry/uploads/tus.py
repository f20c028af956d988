"""A tus client that shows every answer, for tests about the server's side of the protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from registry.models import ModelVersion, VersionFile
from tests.registry.uploads.wire import CHUNK, COLLECTION, checksum, metadata

__all__ = ["CHUNK", "COLLECTION", "Body", "TusClient", "checksum", "code", "metadata", "part_of", "stored_digest"]


class Body:
    """A request body in the given pieces; an exception among them is raised, a function is called."""

    def __init__(self, *pieces: bytes | Exception | Callable[[], Any]) -> None:
        self.pieces = list(pieces)

    def read(self, size: int) -> bytes:
        while self.pieces:
            piece = self.pieces[0]
            if isinstance(piece, Exception):
                raise self.pieces.pop(0)  # type: ignore[misc]  # checked a line above
            if isinstance(piece, bytes):
                self.pieces[0] = piece[size:]
                if not self.pieces[0]:
                    self.pieces.pop(0)
                return piece[:size]
            self.pieces.pop(0)
            piece()
        return b""

    def readline(self, _size: int = -1) -> bytes:
        raise AssertionError("an upload is not text")


class TusClient:
    """Sends through Django's test client; a header that is None is left out."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def send(
        self, method: str, path: str, data: bytes = b"", content_type: str = "", **headers: str | int | None
    ) -> Any:
        named: dict[str, Any] = {"Tus-Resumable": "1.0.0"}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        kept: Mapping[str, str] = {name: str(value) for name, value in named.items() if value is not None}
        # Said outright, since Django's client leaves both out where there is no body.
        said: dict[str, Any] = {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": str(len(data))}
        return self.client.generic(method, path, data, content_type=content_type, headers=kept, **said)

    def create(self, version: ModelVersion, filename: str = "model.onnx", length: int = 10, **headers: Any) -> Any:
        wanted: dict[str, Any] = {
            "Upload_Length": length,
            "Upload_Metadata": metadata(filename=filename, version=version.pk),
        }
        return self.send("POST", COLLECTION, **(wanted | headers))

    def created(self, version: ModelVersion, filename: str = "model.onnx", length: int = 10) -> str:
        response = self.create(version, filename, length)
        assert response.status_code == 201, response.content
        return str(response["Location"])

    def patch(self, url: str, offset: int | str | None, data: bytes, **headers: Any) -> Any:
        content_type = headers.pop("content_type", CHUNK)
        return self.send("PATCH", url, data, content_type, Upload_Offset=offset, **headers)

    def stream(
        self,
        url: str,
        offset: int,
        body: Body,
        length: int | None,
        *,
        environ: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """A chunk whose body the test gives out piece by piece."""
        named = {"Tus-Resumable": "1.0.0", "Upload-Offset": str(offset), **(headers or {})}
        given: dict[str, Any] = {"wsgi.input": body, "CONTENT_TYPE": CHUNK, **(environ or {})}
        if length is not None:
            given["CONTENT_LENGTH"] = str(length)
        return self.client.generic("PATCH", url, headers=named, **given)

    def head(self, url: str, **headers: Any) -> Any:
        return self.send("HEAD", url, **headers)

    def offset(self, url: str) -> int:
        return int(self.head(url)["Upload-Offset"])

    def delete(self, url: str, **headers: Any) -> Any:
        return self.send("DELETE", url, **headers)

    def upload(self, version: ModelVersion, filename: str, data: bytes) -> str:
        url = self.created(version, filename, len(data))
        response = self.patch(url, 0, data)
        assert response.status_code == 204, response.content
        return url


def code(response: HttpResponse) -> str:
    return str(response.json()["code"])  # type: ignore[attr-defined]  # Django's test client adds it


def stored_digest(version: ModelVersion, path: str) -> str:
    return VersionFile.objects.get(version=version, path=path).blob_id


def part_of(url: str) -> Path:
    return Path(settings.UPLOADS_DIR) / f"{url.rsplit('/', 1)[-1].replace('-', '')}.part"
