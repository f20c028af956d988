"""Stored files read against their digests."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from registry.artifacts import verification
from registry.models import Blob, VersionFile
from tests.conftest import RegistryFakes
from tests.factories import add_file, make_account, make_draft, make_model

pytestmark = pytest.mark.django_db


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch, fakes: RegistryFakes) -> dict[str, str]:
    """Three files of a version: path to digest. They are asked for two at a time."""
    monkeypatch.setattr(verification, "AT_ONCE", 2)
    draft = make_draft(make_model(make_account("vera"), "iris"))
    for name in ("one", "two", "three"):
        add_file(draft, f"{name}.txt", name.encode())
    return dict(VersionFile.objects.filter(path__endswith=".txt").values_list("path", "blob_id"))


def test_what_is_as_it_came_is_counted(files: dict[str, str]) -> None:
    said = StringIO()

    call_command("verify_blobs", stdout=said)

    assert said.getvalue().startswith(f"{Blob.objects.count()} files, ")
    assert "all have the bytes" in said.getvalue()


def test_what_is_gone_or_altered_is_named_with_its_versions(files: dict[str, str], fakes: RegistryFakes) -> None:
    fakes.blobs.blobs[files["one.txt"]] = b"other"
    del fakes.blobs.blobs[files["three.txt"]]
    said = StringIO()

    with pytest.raises(CommandError, match=rf"^2 of {Blob.objects.count()} files are gone or altered"):
        call_command("verify_blobs", stdout=said)

    lines = said.getvalue().splitlines()
    assert next(line for line in lines if files["one.txt"] in line).endswith("no longer matches its digest.")
    assert next(line for line in lines if files["three.txt"] in line).endswith("A stored file is gone.")
    assert [line.strip() for line in lines if line.startswith("  ")] == [
        f"vera/iris/1 {path}" for path in sorted(("one.txt", "three.txt"), key=lambda path: files[path])
    ]
