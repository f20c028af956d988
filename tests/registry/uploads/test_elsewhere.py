"""Web servers that do not share the folder of unfinished uploads: slow, but nothing is lost or mixed up."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest

from registry.errors import NotFoundError, TransientError
from registry.models import ModelVersion, Upload
from registry.services.finishing import finish_upload
from registry.services.uploads import Chunk, receive_chunk
from registry.uploads.receiving import filled_by
from registry.uploads.selectors import uploads_elsewhere
from tests.registry.uploads.tus import TusClient, code, stored_digest

DATA = b"helloworld"


@pytest.mark.django_db
def test_an_upload_waits_for_the_server_that_has_its_bytes(
    tus: TusClient, draft: ModelVersion, settings: Any, tmp_path: Path
) -> None:
    url, first = tus.created(draft, length=len(DATA)), settings.UPLOADS_DIR
    assert tus.patch(url, 0, DATA[:5]).status_code == 204

    settings.UPLOADS_DIR = tmp_path / "second"
    for answer in (tus.head(url), tus.patch(url, 0, DATA), tus.patch(url, 5, DATA[5:])):
        assert (answer.status_code, answer["Retry-After"], "Upload-Offset" in answer) == (503, "5", False)
    assert code(answer) == "upload.elsewhere"
    assert uploads_elsewhere() == 1
    with pytest.raises(TransientError, match="elsewhere"):  # a worker's step is repeated
        finish_upload(upload_id=Upload.objects.get().pk)

    settings.UPLOADS_DIR = first
    assert tus.head(url)["Upload-Offset"] == "5"
    assert tus.patch(url, 5, DATA[5:]).status_code == 204
    assert stored_digest(draft, "model.onnx") == hashlib.sha256(DATA).hexdigest()
    settings.UPLOADS_DIR = tmp_path / "second"
    assert tus.head(url)["Upload-Offset"] == "10"
    assert uploads_elsewhere() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("fate", ["given up", "begun elsewhere"])
def test_what_happened_to_an_upload_since_it_was_read_is_seen(tus: TusClient, draft: ModelVersion, fate: str) -> None:
    tus.created(draft, length=len(DATA))
    read = Upload.objects.select_related("version", "owner").get()
    if fate == "given up":
        Upload.objects.all().delete()
    else:
        Upload.objects.update(folder="another")
    with pytest.raises(NotFoundError if fate == "given up" else TransientError):
        receive_chunk(upload=read, chunk=Chunk(offset=0, length=len(DATA), fill=filled_by(io.BytesIO(DATA).read)))
