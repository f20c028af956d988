"""Uploads: reserved here or by tus, sent by tus, watched and given up here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from registry import selectors
from registry.api.addresses import absolute
from registry.api.base import ApiView, answered, nothing
from registry.api.fields import (
    BooleanField,
    CharField,
    DateTimeField,
    IntegerField,
    ListField,
    StrictSerializer,
    URLField,
    UUIDField,
)
from registry.api.idempotency import Repetition
from registry.api.operations import operation
from registry.models import Scope, Upload
from registry.permissions import may_submit
from registry.services import direct_uploads as direct
from registry.services import uploads as services
from registry.tasks import ring
from registry.uploads.admission import unfinished
from registry.uploads.selectors import offset_of, upload_of

OWNER = {"scopes": (Scope.SUBMIT,), "right": may_submit}
LARGEST = 2**53


class UploadBody(StrictSerializer):
    """A file that is about to come."""

    path = CharField(max_length=200, trim_whitespace=False, help_text="Its name in the version; folders by slashes.")
    length = IntegerField(min_value=0, max_value=LARGEST, help_text="Bytes.")


class DirectUploadBody(UploadBody):
    """A file that is about to come past the portal."""

    modified = IntegerField(
        required=False, min_value=0, max_value=LARGEST,
        help_text="Its time of change, in ms since 1970: whoever goes on with it later sees that it is the same.",
    )  # fmt: skip


class UploadAnswer(Serializer[Any]):
    """An upload. Send its bytes to `tus_url` by tus 1.0.0, from `offset` on, with the same token."""

    id = UUIDField()
    version = IntegerField()
    path = CharField()
    length = IntegerField()
    offset = IntegerField(help_text="Bytes that arrived and count.")
    finished = BooleanField(help_text="Whether it has become a file of the version.")
    expires_at = DateTimeField(help_text="It is dropped then unless more bytes come.")
    url = URLField()
    tus_url = URLField()


class UploadsAnswer(Serializer[Any]):
    """Uploads under way; a limit keeps them few."""

    uploads = UploadAnswer(many=True)


class DirectUploadAnswer(Serializer[Any]):
    """An upload whose bytes go to the object storage in `parts` parts, each but the last of `part_bytes`."""

    upload = UploadAnswer()
    part_bytes = IntegerField()
    parts = IntegerField()


class PartsBody(StrictSerializer):
    """The parts to be sent next."""

    parts = ListField(
        child=IntegerField(min_value=1, max_value=10_000), min_length=1, max_length=direct.ADDRESSES_AT_ONCE,
        help_text="Their numbers, from 1 on.",
    )  # fmt: skip


class PartAnswer(Serializer[Any]):
    """One part."""

    number = IntegerField()
    length = IntegerField(help_text="Bytes.")
    url = URLField()
    expires_at = DateTimeField()


class ArrivedAnswer(Serializer[Any]):
    """How far a direct upload is."""

    part_bytes = IntegerField()
    parts = IntegerField(help_text="How many there are; every one but the last has part_bytes.")
    arrived = ListField(child=IntegerField(), help_text="Numbers of the parts that are there whole.")


class PartsAnswer(Serializer[Any]):
    """Parts and where they go."""

    parts = PartAnswer(many=True)


class Uploads(ApiView):
    """Uploads to one draft."""

    tag = "Files and uploads"

    @operation(name="list_uploads", summary="List a draft's unfinished uploads.", **OWNER, answer=UploadsAnswer)
    def get(self, request: Request, pk: int) -> Response:
        """Unfinished ones, oldest first."""
        draft = selectors.own_version(pk=pk, user=request.user)
        return answered(UploadsAnswer, {"uploads": upload_rows(request, unfinished().filter(version=draft))})

    @operation(
        name="create_upload", summary="Reserve room for a file, then send its bytes by tus.",
        description="The same as a tus creation at “/uploads/”, for programs that speak JSON.", **OWNER,
        body=UploadBody, answer=UploadAnswer, status=HTTPStatus.CREATED, errors=(HTTPStatus.INSUFFICIENT_STORAGE,),
    )  # fmt: skip
    def post(self, request: Request, pk: int, given: Mapping[str, Any]) -> Response:
        """The upload at offset 0."""
        made = services.create_upload(actor=self.account(), version_id=pk, **given)
        row = upload_rows(request, [made])[0]
        return answered(UploadAnswer, row, status=HTTPStatus.CREATED, location=str(row["url"]))


class OneUpload(ApiView):
    """One upload."""

    tag = "Files and uploads"

    @operation(
        name="read_upload", summary="Read how far an upload is.", **OWNER, answer=UploadAnswer,
        errors=(HTTPStatus.GONE,),
    )  # fmt: skip
    def get(self, request: Request, upload_id: UUID) -> Response:
        """Its offset."""
        found = upload_of(account=self.account(), upload_id=str(upload_id))
        return answered(UploadAnswer, upload_rows(request, [found])[0])

    @operation(
        name="cancel_upload", summary="Give an upload up and free its room.", **OWNER, status=HTTPStatus.NO_CONTENT,
        errors=(HTTPStatus.GONE,),
    )  # fmt: skip
    def delete(self, request: Request, upload_id: UUID) -> Response:
        """It is gone."""
        del request
        services.terminate_upload(upload=upload_of(account=self.account(), upload_id=str(upload_id)))
        return nothing()


class DirectUploads(ApiView):
    """Uploads past the portal to one draft."""

    tag = "Files and uploads"

    @operation(
        name="create_direct_upload", summary="Reserve room for a file, then send its parts to the object storage.",
        description="For large files where the portal keeps files in S3-compatible storage: ask for the addresses of "
        "the parts, PUT each there, then complete the upload. 409 where the portal takes uploads by tus only.",
        **OWNER, body=DirectUploadBody, answer=DirectUploadAnswer, status=HTTPStatus.CREATED,
        errors=(HTTPStatus.CONFLICT, HTTPStatus.INSUFFICIENT_STORAGE, HTTPStatus.SERVICE_UNAVAILABLE),
        repetition=Repetition.APART,
    )  # fmt: skip
    def post(self, request: Request, pk: int, given: Mapping[str, Any]) -> Response:
        """The upload, with the length of its parts."""
        draft = selectors.own_version(pk=pk, user=request.user)
        made = direct.begin_direct(actor=self.account(), version_id=draft.pk, **given)
        row = upload_rows(request, [made])[0]
        parts = -(-made.length // direct.part_bytes())
        answer = {"upload": row, "part_bytes": direct.part_bytes(), "parts": parts}
        return answered(DirectUploadAnswer, answer, status=HTTPStatus.CREATED, location=str(row["url"]))


class PartAddresses(ApiView):
    """Where parts are sent."""

    tag = "Files and uploads"

    @operation(
        name="list_upload_parts", summary="Read which parts of a direct upload have arrived.",
        **OWNER, answer=ArrivedAnswer,
        errors=(HTTPStatus.CONFLICT, HTTPStatus.GONE, HTTPStatus.SERVICE_UNAVAILABLE),
    )  # fmt: skip
    def get(self, request: Request, upload_id: UUID) -> Response:
        """Asked of the storage. 404 where it has dropped the parts: begin anew."""
        del request
        found = upload_of(account=self.account(), upload_id=str(upload_id))
        return answered(ArrivedAnswer, direct.progress_of(upload=found))

    @operation(
        name="sign_upload_parts", summary="Get signed addresses for parts of a direct upload.",
        description="PUT exactly the part's bytes to its address, without further headers.",
        **OWNER, body=PartsBody, answer=PartsAnswer, errors=(HTTPStatus.CONFLICT, HTTPStatus.GONE),
        repetition=Repetition.SAFE,
    )  # fmt: skip
    def post(self, request: Request, upload_id: UUID, given: Mapping[str, Any]) -> Response:
        """An address for each part, good for an hour."""
        del request
        found = upload_of(account=self.account(), upload_id=str(upload_id))
        return answered(PartsAnswer, {"parts": direct.addresses(upload=found, numbers=given["parts"])})


class Completion(ApiView):
    """The end of a direct upload."""

    tag = "Files and uploads"

    @operation(
        name="complete_upload", summary="Say that all parts of a direct upload are there.",
        description="The portal looks at what arrived, takes its digest in a worker, and only then makes it a file of "
        "the version: “finished” tells. Safe to repeat.",
        **OWNER, answer=UploadAnswer, status=HTTPStatus.ACCEPTED,
        errors=(HTTPStatus.CONFLICT, HTTPStatus.GONE, HTTPStatus.SERVICE_UNAVAILABLE), repetition=Repetition.SAFE,
    )  # fmt: skip
    def post(self, request: Request, upload_id: UUID) -> Response:
        """The upload, its digest due."""
        found = upload_of(account=self.account(), upload_id=str(upload_id))
        ring(direct.complete_direct(upload=found))
        return answered(UploadAnswer, upload_rows(request, [found])[0], status=HTTPStatus.ACCEPTED)


def upload_rows(request: HttpRequest, uploads: Iterable[Upload]) -> list[dict[str, object]]:
    """Uploads with their addresses and offsets."""
    return [
        {
            "id": upload.pk,
            "version": upload.version_id,
            "path": upload.path,
            "length": upload.length,
            "offset": offset_of(upload),
            "finished": upload.finished_at is not None,
            "expires_at": upload.expires_at,
            "url": absolute(request, "api:upload", upload.pk),
            "tus_url": absolute(request, "registry:upload", upload.pk),
        }
        for upload in uploads
    ]
