"""Every server-side MUST and MUST NOT of tus 1.0.0: core, creation, expiration, checksum, termination.

The names follow the order of the specification (https://tus.io/protocols/resumable-upload).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from registry.models import ModelVersion, Upload
from tests.registry.uploads.tus import CHUNK, COLLECTION, TusClient, checksum, code, metadata, part_of

DATE = re.compile(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT")


@pytest.fixture
def url(tus: TusClient, draft: ModelVersion) -> str:
    return tus.created(draft, length=10)


class TestCore:
    @pytest.mark.parametrize("value", ["", "-1", "+1", "1.0", "0x1", "1e3", "٣", " 1 2", None])
    def test_upload_offset_is_a_non_negative_integer(self, tus: TusClient, url: str, value: str | None) -> None:
        response = tus.patch(url, value, b"hello")
        assert (response.status_code, code(response)) == (400, "upload.bad_offset")
        assert tus.offset(url) == 0

    @pytest.mark.parametrize("value", ["", "-1", "+1", "1.0", "0x1", "1e3", "9" * 19, None])
    def test_upload_length_is_a_non_negative_integer(
        self, tus: TusClient, draft: ModelVersion, value: str | None
    ) -> None:
        response = tus.create(draft, Upload_Length=value)
        assert (response.status_code, code(response)) == (400, "upload.bad_length")
        assert not Upload.objects.exists()

    def test_tus_version_lists_the_supported_versions(self, tus: TusClient) -> None:
        assert tus.send("OPTIONS", COLLECTION)["Tus-Version"] == "1.0.0"

    def test_tus_resumable_is_in_every_answer(self, tus: TusClient, draft: ModelVersion, url: str) -> None:
        answers = [
            tus.create(draft, "other.onnx"),
            tus.create(draft, Upload_Length="no"),
            tus.head(url),
            tus.head(COLLECTION + "never-created"),
            tus.patch(url, 0, b"hello"),
            tus.patch(url, 9, b"hello"),
            tus.patch(url, 5, b"hello", content_type="text/plain"),
            tus.send("GET", url),
            tus.send("PUT", COLLECTION),
            tus.head(url, Tus_Resumable="0.2.2"),
            tus.delete(url),
            tus.delete(url),
        ]
        assert [answer["Tus-Resumable"] for answer in answers] == ["1.0.0"] * len(answers)

    @pytest.mark.parametrize("version", ["0.2.2", "1.0.1", "2.0.0", "1.0.0, 0.2.2", "", None])
    def test_another_version_is_a_412_with_tus_version(self, tus: TusClient, url: str, version: str | None) -> None:
        response = tus.head(url, Tus_Resumable=version)
        assert response.status_code == 412
        assert response["Tus-Version"] == "1.0.0"

    def test_another_version_is_not_processed(self, tus: TusClient, draft: ModelVersion, url: str) -> None:
        assert tus.create(draft, "other.onnx", Tus_Resumable="0.2.2").status_code == 412
        assert tus.patch(url, 0, b"hello", Tus_Resumable="0.2.2").status_code == 412
        assert tus.delete(url, Tus_Resumable="0.2.2").status_code == 412
        assert Upload.objects.count() == 1
        assert tus.offset(url) == 0

    def test_tus_extension_names_what_is_supported(self, tus: TusClient) -> None:
        assert tus.send("OPTIONS", COLLECTION)["Tus-Extension"] == "creation,checksum,expiration,termination"

    def test_tus_max_size_is_a_non_negative_integer(self, tus: TusClient, limit: Callable[..., None]) -> None:
        limit(max_file_bytes=1234)
        assert tus.send("OPTIONS", COLLECTION)["Tus-Max-Size"] == "1234"

    @pytest.mark.parametrize("actual", ["POST", "GET", "PUT"])
    def test_method_override_wins_over_the_actual_method(self, tus: TusClient, url: str, actual: str) -> None:
        over = {"X_HTTP_Method_Override": "PATCH"}
        response = tus.send(actual, url, b"hello", CHUNK, Upload_Offset=0, **over)
        assert response.status_code == 204
        assert tus.send(actual, url, X_HTTP_Method_Override="HEAD")["Upload-Offset"] == "5"
        assert tus.send(actual, url, X_HTTP_Method_Override="DELETE").status_code == 204
        assert tus.head(url).status_code == 404

    def test_method_override_ignores_the_actual_method_where_it_is_known(self, tus: TusClient, url: str) -> None:
        assert tus.send("DELETE", url, X_HTTP_Method_Override="HEAD").status_code == 200
        assert tus.offset(url) == 0

    def test_head_has_the_offset_even_at_zero(self, tus: TusClient, url: str) -> None:
        assert tus.head(url)["Upload-Offset"] == "0"

    def test_head_has_the_offset_even_when_complete(self, tus: TusClient, url: str) -> None:
        tus.patch(url, 0, b"helloworld")
        assert tus.head(url)["Upload-Offset"] == "10"

    def test_head_has_the_length(self, tus: TusClient, url: str) -> None:
        assert tus.head(url)["Upload-Length"] == "10"

    def test_head_of_nothing_has_no_offset(self, tus: TusClient) -> None:
        for name in ("never", "00000000-0000-4000-8000-000000000000"):
            response = tus.head(COLLECTION + name)
            assert response.status_code == 404
            assert "Upload-Offset" not in response

    def test_head_may_not_be_cached(self, tus: TusClient, url: str) -> None:
        assert tus.head(url)["Cache-Control"] == "no-store"

    @pytest.mark.parametrize("media", ["", "application/octet-stream", "text/plain", f"{CHUNK}; charset=utf-8"])
    def test_another_media_type_is_a_415(self, tus: TusClient, url: str, media: str) -> None:
        assert tus.patch(url, 0, b"hello", content_type=media).status_code == 415
        assert not part_of(url).exists()

    @pytest.mark.parametrize("offset", [0, 4, 6, 10, 11])
    def test_a_wrong_offset_is_a_409_and_changes_nothing(self, tus: TusClient, url: str, offset: int) -> None:
        tus.patch(url, 0, b"hello")
        assert tus.patch(url, offset, b"world").status_code == 409
        assert part_of(url).read_bytes() == b"hello"

    def test_success_is_a_204_without_a_body(self, tus: TusClient, url: str) -> None:
        response = tus.patch(url, 0, b"hello")
        assert (response.status_code, response.content) == (204, b"")

    def test_success_tells_the_new_offset(self, tus: TusClient, url: str) -> None:
        assert tus.patch(url, 0, b"hell")["Upload-Offset"] == "4"
        assert tus.patch(url, 4, b"")["Upload-Offset"] == "4"
        assert tus.patch(url, 4, b"oworld")["Upload-Offset"] == "10"

    def test_a_chunk_for_nothing_is_a_404(self, tus: TusClient) -> None:
        assert tus.patch(COLLECTION + "00000000-0000-4000-8000-000000000000", 0, b"hello").status_code == 404

    @pytest.mark.parametrize("version", [None, "0.2.2", "1.0.0"])
    def test_options_has_the_version_and_ignores_tus_resumable(
        self, tus: TusClient, url: str, version: str | None
    ) -> None:
        for path in (COLLECTION, url):
            response = tus.send("OPTIONS", path, Tus_Resumable=version)
            assert response.status_code == 204
            assert response["Tus-Version"] == "1.0.0"


class TestCreation:
    def test_a_repeated_metadata_key_is_refused(self, tus: TusClient, draft: ModelVersion) -> None:
        twice = metadata(filename="a.onnx", version=draft.pk) + "," + metadata(filename="b.onnx")
        assert code(tus.create(draft, Upload_Metadata=twice)) == "upload.bad_metadata"

    @pytest.mark.parametrize(
        "raw", [",", " ,", "filename !!!", "filename YQ", "filename YQ== x", "a  YQ==", "é YQ==", "a é", "a\tb YQ=="]
    )  # fmt: skip
    def test_malformed_metadata_is_refused(self, tus: TusClient, draft: ModelVersion, raw: str) -> None:
        whole = f"{metadata(version=draft.pk)},{raw}"
        response = tus.create(draft, Upload_Metadata=whole.encode().decode("latin-1"))
        assert (response.status_code, code(response)) == (400, "upload.bad_metadata")

    def test_a_metadata_value_may_be_empty_and_without_its_space(self, tus: TusClient, draft: ModelVersion) -> None:
        raw = metadata(filename="a.onnx", version=draft.pk) + ",secret,other "
        assert tus.create(draft, Upload_Metadata=raw).status_code == 201

    def test_head_echoes_the_metadata_as_it_came(self, tus: TusClient, draft: ModelVersion) -> None:
        raw = metadata(version=draft.pk, filename="a.onnx", modified="1700000000000") + ",secret"
        url = tus.create(draft, Upload_Metadata=raw)["Location"]
        assert tus.head(url)["Upload-Metadata"] == raw

    def test_more_than_the_maximum_is_a_413(
        self, tus: TusClient, draft: ModelVersion, limit: Callable[..., None]
    ) -> None:
        limit(max_file_bytes=100)
        assert tus.create(draft, length=101).status_code == 413
        assert tus.create(draft, length=100).status_code == 201

    def test_success_is_a_201_with_a_location_that_works(self, tus: TusClient, draft: ModelVersion) -> None:
        response = tus.create(draft)
        assert (response.status_code, response.content) == (201, b"")
        assert tus.head(response["Location"]).status_code == 200

    def test_the_location_names_no_scheme_and_no_host(self, tus: TusClient, draft: ModelVersion) -> None:
        location = tus.create(draft, Host="testserver", X_Forwarded_Proto="http")["Location"]
        assert re.fullmatch(r"/uploads/[0-9a-f-]{36}", location)

    def test_a_deferred_length_is_not_advertised_and_refused(self, tus: TusClient, draft: ModelVersion) -> None:
        assert "defer" not in tus.send("OPTIONS", COLLECTION)["Tus-Extension"]
        response = tus.create(draft, Upload_Length=None, Upload_Defer_Length=1)
        assert (response.status_code, code(response)) == (400, "upload.length_deferred")

    def test_a_body_at_creation_is_not_advertised_and_refused(self, tus: TusClient, draft: ModelVersion) -> None:
        raw = metadata(filename="a.onnx", version=draft.pk)
        response = tus.send("POST", COLLECTION, b"hello", CHUNK, Upload_Length=10, Upload_Metadata=raw)
        assert (response.status_code, code(response)) == (400, "upload.body_at_creation")
        assert not Upload.objects.exists()

    @pytest.mark.parametrize("concat", ["partial", "final;/uploads/a /uploads/b"])
    def test_concatenation_is_not_advertised_and_refused(
        self, tus: TusClient, draft: ModelVersion, concat: str
    ) -> None:
        response = tus.create(draft, Upload_Concat=concat)
        assert (response.status_code, code(response)) == (400, "upload.no_concatenation")


class TestExpiration:
    def expires(self, response: dict[str, str]) -> datetime:
        assert DATE.fullmatch(response["Upload-Expires"])
        return parsedate_to_datetime(response["Upload-Expires"])

    def test_creation_tells_the_expiry(self, tus: TusClient, draft: ModelVersion, limit: Callable[..., None]) -> None:
        limit(upload_expiry_hours=2)
        left = self.expires(tus.create(draft)) - timezone.now()
        assert timedelta(hours=1, minutes=59) < left < timedelta(hours=2, seconds=1)

    def test_every_answer_to_a_chunk_tells_the_expiry(self, tus: TusClient, url: str) -> None:
        for response in (
            tus.patch(url, 0, b"hello"),
            tus.patch(url, 0, b"hello"),
            tus.patch(url, 5, b"world", content_type="text/plain"),
            tus.patch(url, 5, b"world", Upload_Checksum=checksum(b"other")),
            tus.patch(url, 5, b"world"),
        ):
            assert self.expires(response) > timezone.now()

    def test_a_chunk_puts_the_expiry_off(self, tus: TusClient, url: str) -> None:
        soon = timezone.now() + timedelta(minutes=1)
        Upload.objects.update(expires_at=soon)
        assert self.expires(tus.patch(url, 0, b"hello")) > soon + timedelta(hours=1)

    @pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
    def test_an_expired_upload_is_a_410(self, tus: TusClient, url: str, method: str) -> None:
        Upload.objects.update(expires_at=timezone.now())
        response = tus.send(method, url, b"hello" * (method == "PATCH"), CHUNK, Upload_Offset=0)
        assert response.status_code == 410
        assert "Upload-Offset" not in response


class TestChecksum:
    def test_options_names_the_algorithms_in_lower_case_with_sha1(self, tus: TusClient) -> None:
        names = tus.send("OPTIONS", COLLECTION)["Tus-Checksum-Algorithm"].split(",")
        assert "sha1" in names
        assert all(re.fullmatch(r"[!-@\[-~]+", name) for name in names)

    @pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
    def test_a_right_checksum_is_accepted(self, tus: TusClient, url: str, algorithm: str) -> None:
        assert tus.patch(url, 0, b"hello", Upload_Checksum=checksum(b"hello", algorithm)).status_code == 204
        assert tus.offset(url) == 5

    @pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
    def test_a_wrong_checksum_is_a_460_and_the_chunk_is_discarded(
        self, tus: TusClient, url: str, algorithm: str
    ) -> None:
        tus.patch(url, 0, b"hello")
        response = tus.patch(url, 5, b"wOrld", Upload_Checksum=checksum(b"world", algorithm))
        assert (response.status_code, code(response)) == (460, "upload.checksum_mismatch")
        assert part_of(url).read_bytes() == b"hello"
        assert tus.offset(url) == 5
        assert tus.patch(url, 5, b"world", Upload_Checksum=checksum(b"world", algorithm)).status_code == 204

    def test_a_wrong_checksum_on_the_last_chunk_finishes_nothing(
        self, tus: TusClient, draft: ModelVersion, url: str
    ) -> None:
        assert tus.patch(url, 0, b"helloworld", Upload_Checksum=checksum(b"other")).status_code == 460
        assert tus.offset(url) == 0
        assert not draft.files.exists()

    @pytest.mark.parametrize("raw", ["md5 XrY7u+Ae7tCTyyK7j1rNww==", f"SHA1 {'A' * 28}", "crc32 AAAAAA==", ""])
    def test_another_algorithm_is_a_400_and_the_chunk_is_discarded(self, tus: TusClient, url: str, raw: str) -> None:
        response = tus.patch(url, 0, b"hello", Upload_Checksum=raw)
        assert (response.status_code, code(response)) == (400, "upload.checksum_algorithm")
        assert tus.offset(url) == 0

    @pytest.mark.parametrize("digest", ["", "!!!", "qvTGHdzF6KLavt4PO0gs2a6pQ0", "qvTGHdzF"])
    def test_a_malformed_checksum_is_a_400(self, tus: TusClient, url: str, digest: str) -> None:
        response = tus.patch(url, 0, b"hello", Upload_Checksum=f"sha1 {digest}")
        assert (response.status_code, code(response)) == (400, "upload.bad_checksum")
        assert tus.offset(url) == 0


class TestTermination:
    def test_delete_is_a_204_and_frees_the_bytes(
        self, tus: TusClient, url: str, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        tus.patch(url, 0, b"hello")
        with django_capture_on_commit_callbacks(execute=True):
            assert tus.delete(url).status_code == 204
        assert not part_of(url).exists()
        assert not Upload.objects.exists()

    def test_a_completed_upload_may_be_deleted_and_its_file_stays(
        self, tus: TusClient, draft: ModelVersion, url: str
    ) -> None:
        tus.patch(url, 0, b"helloworld")
        assert tus.delete(url).status_code == 204
        assert draft.files.count() == 1

    @pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
    def test_later_requests_are_404(self, tus: TusClient, url: str, method: str) -> None:
        tus.delete(url)
        response = tus.send(method, url, b"hello" * (method == "PATCH"), CHUNK, Upload_Offset=0)
        assert response.status_code == 404
        assert not part_of(url).exists()
