from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.deployer import scene
from tests.deployer.oci.layouts import read_layout

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_fakes")]


def export(what: str, folder: Path) -> str:
    out = StringIO()
    call_command("export_image", what, str(folder), stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("by_digest", [False, True])
def test_writes_a_whole_layout(tmp_path: Path, by_digest: bool) -> None:  # noqa: FBT001  # a case of the test
    version = scene.in_review()

    printed = export(version.image_digest if by_digest else "vera/sums/1", tmp_path / "out")

    (image,) = read_layout(tmp_path / "out")
    assert image.digest == version.image_digest
    assert printed == f"{version.image_digest} {tmp_path / 'out'}\n"


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("vera/sums/7", "no version or image"),
        ("vera/sums", "no version or image"),
        ("nonsense", "no version or image"),
        ("sha256:" + "0" * 64, "There is no such image"),
    ],
)
def test_what_does_not_exist_is_told(tmp_path: Path, what: str, message: str) -> None:
    scene.in_review()

    with pytest.raises(CommandError, match=message):
        export(what, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_version_without_an_image_is_told(tmp_path: Path) -> None:
    scene.submitted()

    with pytest.raises(CommandError, match="no image yet"):
        export("vera/sums/1", tmp_path / "out")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    scene.in_review()
    (tmp_path / "precious").write_text("x")

    with pytest.raises(CommandError, match="is not empty"):
        export("vera/sums/1", tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.name != "scratch"] == ["precious"]
