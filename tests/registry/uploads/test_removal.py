from __future__ import annotations

import pytest

from registry import services
from registry.models import ModelVersion, Upload
from registry.services.uploads import create_upload
from registry.uploads.storage import partial_files
from tests.conftest import RegistryFakes
from tests.factories import make_account, make_draft

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_removed_file_is_not_brought_back_by_its_upload(fakes: RegistryFakes) -> None:
    owner = make_account()
    draft = make_draft(owner=owner)
    again = create_upload(actor=owner, version_id=draft.pk, path="model.json", length=10)
    other = create_upload(actor=owner, version_id=draft.pk, path="README.md", length=10)

    services.remove_file(version=draft, actor=owner, path="model.json")

    assert not Upload.objects.filter(pk=again.pk).exists()
    assert Upload.objects.filter(pk=other.pk).exists()


def test_a_deleted_draft_takes_its_uploads_along(fakes: RegistryFakes) -> None:
    owner = make_account()
    draft = make_draft(owner=owner)
    unfinished = create_upload(actor=owner, version_id=draft.pk, path="big.onnx", length=10)

    services.delete_draft(version=draft, actor=owner)

    assert not ModelVersion.objects.exists()
    assert not Upload.objects.exists()
    assert partial_files().offset(unfinished.pk) == 0
