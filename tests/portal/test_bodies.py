"""Forms of any size from anybody: little is read of them, and nothing is written but the files of who may upload."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.urls import reverse

from registry.models import ModelVersion
from tests.factories import make_account, make_draft, make_model

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"
MIB = 1 << 20
PLAIN = "application/x-www-form-urlencoded"


class Watching(BytesIO):
    """A body that sees how much of it lies on the disk while it is read; a silent one fails where its bytes end."""

    def __init__(self, body: bytes, folder: Path, *, silent: bool = False) -> None:
        super().__init__(body)
        self.folder = folder
        self.silent = silent
        self.most = 0

    def read(self, size: int | None = -1) -> bytes:
        self.most = max(self.most, sum(path.stat().st_size for path in self.folder.iterdir()))
        piece = super().read(size)
        if self.silent and len(piece) < (size or 0):
            raise TimeoutError
        return piece


def form_with_file(size: int, field: str = "files") -> bytes:
    file = BytesIO(bytes(size))
    file.name = "notes.txt"
    return encode_multipart(BOUNDARY, {"csrfmiddlewaretoken": "a" * 32, field: file})


@pytest.fixture
def temporary(settings: Any) -> Path:
    return Path(settings.FILE_UPLOAD_TEMP_DIR)


def send(client: Client, path: str, body: Watching, **environ: Any) -> Any:
    sent = {"CONTENT_TYPE": MULTIPART_CONTENT, "CONTENT_LENGTH": str(len(body.getvalue())), **environ}
    return client.request(**{"PATH_INFO": path, "REQUEST_METHOD": "POST", "wsgi.input": body, **sent})


@pytest.mark.parametrize("size", [MIB, 3 * MIB])
def test_a_stranger_s_file_is_never_written(temporary: Path, size: int) -> None:
    body = Watching(form_with_file(size), temporary)

    answer = send(Client(enforce_csrf_checks=True), LOGIN, body)

    assert answer.status_code == (413 if size > 2 * MIB else 403)
    assert body.most == 0
    assert not body.read(), "the answer is heard, as the whole form was taken from the line"
    if answer.status_code == 413:
        assert "too much at once" in answer.content.decode()


@pytest.mark.parametrize(
    ("path", "headers", "kind"),
    [
        ("/api/v1/models", {}, "application/problem+json"),
        (LOGIN, {"HX-Request": "true"}, "text/html"),
        (LOGIN, {"Accept": "application/json"}, "application/problem+json"),
    ],
)
def test_each_reader_hears_it_in_its_own_way(temporary: Path, path: str, headers: dict[str, str], kind: str) -> None:
    client = Client(headers=headers)
    client.force_login(make_account("vera"))

    answer = send(client, path, Watching(form_with_file(3 * MIB), temporary))

    assert (answer.status_code, answer["Content-Type"].partition(";")[0]) == (413, kind)


def test_a_form_without_a_length_is_refused(temporary: Path) -> None:
    body = Watching(form_with_file(MIB), temporary)

    answer = send(Client(), LOGIN, body, CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked")

    assert answer.status_code == 411
    assert not body.tell()


@pytest.mark.usefixtures("fakes")
class TestTheFormThatCarriesFiles:
    @pytest.fixture
    def draft(self) -> ModelVersion:
        return make_draft(make_model(make_account("vera")))

    @pytest.fixture
    def vera(self, draft: ModelVersion) -> Client:
        client = Client()
        client.force_login(draft.registered_model.owner)
        return client

    @pytest.fixture
    def path(self, draft: ModelVersion) -> str:
        return reverse("registry:file_add", args=[draft.pk])

    def test_it_may_carry_what_the_settings_say(self, vera: Client, path: str, temporary: Path) -> None:
        body = Watching(form_with_file(3 * MIB), temporary)

        assert send(vera, path, body).status_code == 302
        assert body.most > MIB

    def test_more_is_refused_with_the_limit(self, vera: Client, path: str, temporary: Path, settings: Any) -> None:
        settings.LIMITS = {**settings.LIMITS, "form_upload_max_bytes": MIB}
        body = Watching(form_with_file(4 * MIB), temporary)

        answer = send(vera, path, body)

        assert answer.status_code == 413
        assert re.search(r"the limit is 1.0\sMB", answer.content.decode())
        assert body.most == 0

    def test_a_visitor_s_files_are_not_taken(self, path: str, temporary: Path) -> None:
        body = Watching(form_with_file(3 * MIB), temporary)

        answer = send(Client(), path, body)

        assert answer["Location"].startswith(LOGIN), "whose session has ended is told so"
        assert body.most == 0

    def test_the_disk_s_reserve_is_left(self, vera: Client, path: str, temporary: Path, settings: Any) -> None:
        settings.LIMITS = {**settings.LIMITS, "disk_reserve_bytes": 1 << 60}

        body = Watching(form_with_file(MIB), temporary)

        answer = send(vera, path, body)

        assert answer.status_code == 507
        assert body.most == 0
        assert "disk is full" in answer.content.decode()
        assert not list(temporary.iterdir())

    def test_so_many_at_once_as_other_uploads(self, vera: Client, path: str, temporary: Path, settings: Any) -> None:
        settings.LIMITS = {**settings.LIMITS, "uploads_at_once_per_account": 0}

        assert send(vera, path, Watching(form_with_file(MIB), temporary)).status_code == 423


@pytest.mark.parametrize(
    ("path", "kind"), [(LOGIN, MULTIPART_CONTENT), (LOGIN, PLAIN), ("/serve/v2/models/x/infer", "application/json")]
)
def test_a_sender_that_fell_silent_is_told_so(temporary: Path, path: str, kind: str) -> None:
    body = Watching(b"login=vic", temporary, silent=True)

    answer = send(Client(), path, body, CONTENT_TYPE=kind, CONTENT_LENGTH="2000")

    assert answer.status_code == 408
