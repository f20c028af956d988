"""A bucket that fails, in the ways that buckets do."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from registry.artifacts import s3
from registry.artifacts.file_cache import FileCache
from registry.artifacts.s3 import S3BlobStore, s3_blob_store
from registry.artifacts.s3_access import S3Access, S3Client
from registry.artifacts.s3_reader import S3Reader
from registry.errors import IntegrityError, NotFoundError, OperatorError, PortalError, StorageFullError, TransientError
from tests.stubs.certificates import made_authority
from tests.stubs.s3_server import KEY, SECRET, StubS3, running_s3

DATA = bytes(range(256)) * 400
SHA256 = hashlib.sha256(DATA).hexdigest()
OBJECT = "sha256/../[0-9a-f]{64}"


@pytest.fixture(scope="module")
def server() -> Iterator[StubS3]:
    with running_s3() as running:
        yield running


@pytest.fixture
def stub(server: StubS3, monkeypatch: pytest.MonkeyPatch) -> StubS3:
    """The server on a fresh day; pauses between tries are not waited."""
    server.faults.clear()
    server.requests.clear()
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    return server


@pytest.fixture
def access(stub: StubS3) -> S3Access:
    bucket = f"blobs-{uuid4().hex}"
    return S3Access(bucket=bucket, endpoint_url=stub.url, access_key=KEY, secret_key=SECRET, attempts=3)


@pytest.fixture
def store(access: S3Access, tmp_path: Path) -> S3BlobStore:
    made = S3BlobStore(access=access, cache_dir=tmp_path / "cache", cache_bytes=1 << 20, prefix="team/")
    made.client.call("create_bucket")
    return made


def add(store: S3BlobStore, data: bytes = DATA) -> str:
    return store.put(iter([data]))[0]


def in_parts(store: S3BlobStore, tmp_path: Path, sha256: str = SHA256) -> None:
    file = tmp_path / "upload"
    file.write_bytes(DATA)
    store.adopt(file, sha256)


class TestWhatPasses:
    @pytest.mark.parametrize("method", ["PUT", "HEAD", "GET"])
    def test_a_busy_answer_is_asked_again(self, stub: StubS3, store: S3BlobStore, method: str) -> None:
        stub.fail(method, OBJECT, status=503, times=2)
        add(store)

        assert store.size(SHA256) == len(DATA)
        store.verify(SHA256)
        assert stub.faults[0].times == 0

    def test_one_that_stays_busy_is_left_to_a_later_try(self, stub: StubS3, store: S3BlobStore) -> None:
        stub.fail("PUT", OBJECT, status=503, times=99)
        with pytest.raises(TransientError) as caught:
            add(store)
        assert (caught.value.code, caught.value.params["status"]) == ("s3.busy", 503)
        assert len(stub.asked("PUT")) == 1 + 3  # the bucket, and three tries
        assert list(store.digests()) == []

    def test_after_a_cut_the_rest_is_read(self, stub: StubS3, store: S3BlobStore) -> None:
        add(store)
        stub.fail("GET", OBJECT, cut_after=30_000, times=3)

        store.verify(SHA256)
        assert len(stub.asked("GET")) == 4

    def test_a_body_that_is_always_cut_is_left_to_a_later_try(self, stub: StubS3, store: S3BlobStore) -> None:
        add(store)
        with store.open(SHA256) as blob:
            stub.fail("GET", OBJECT, cut_after=0, times=99)
            blob.seek(10)
            with pytest.raises(TransientError) as caught:
                blob.read()
        assert caught.value.code == "s3.unreachable"

    def test_a_server_that_is_away(self, access: S3Access, tmp_path: Path) -> None:
        away = replace(access, endpoint_url="http://127.0.0.1:1")
        store = S3BlobStore(access=away, cache_dir=tmp_path / "cache", cache_bytes=1)
        with pytest.raises(TransientError) as caught:
            store.has(SHA256)
        assert caught.value.code == "s3.unreachable"


class TestWhatSomebodyMustMend:
    @pytest.mark.parametrize(
        ("answer", "error", "told"),
        [
            ((403, "AccessDenied"), OperatorError, "s3.denied"),
            ((403, "SignatureDoesNotMatch"), OperatorError, "s3.denied"),
            ((404, "NoSuchBucket"), OperatorError, "s3.no_bucket"),
            ((507, "InsufficientStorage"), StorageFullError, "s3.full"),
            ((403, "QuotaExceeded"), StorageFullError, "s3.full"),
            ((400, "EntityTooLarge"), OperatorError, "s3.refused"),
        ],
    )
    def test_is_told_apart(
        self, stub: StubS3, store: S3BlobStore, answer: tuple[int, str], error: type[PortalError], told: str
    ) -> None:
        stub.fail("PUT", OBJECT, status=answer[0], code=answer[1])
        with pytest.raises(error) as caught:
            add(store)
        assert caught.value.code == told
        assert "/srv/secret" not in str(caught.value)
        assert add(store) == SHA256

    def test_the_secret_is_in_no_text(self, access: S3Access) -> None:
        assert SECRET not in repr(access)

    def test_certificates_of_ones_own_are_trusted_by_name_alone(self, access: S3Access, tmp_path: Path) -> None:
        authority = made_authority(tmp_path)
        with running_s3(tls=authority.context) as secured:
            trusting = replace(access, endpoint_url=secured.url, ca_file=str(authority.ca_file))
            S3Client(trusting).call("create_bucket")
            assert add(S3BlobStore(access=trusting, cache_dir=tmp_path / "cache", cache_bytes=1 << 20)) == SHA256
            with pytest.raises(OperatorError, match=r"s3\.untrusted"):
                S3Client(replace(trusting, ca_file="")).call("head_bucket")

    def test_an_address_that_is_none(self, tmp_path: Path) -> None:
        access = {"bucket": "b", "endpoint_url": "nowhere", "access_key": KEY, "secret_key": SECRET}
        store = s3_blob_store(cache_dir=tmp_path / "cache", cache_bytes=1, **access)
        with pytest.raises(OperatorError) as caught:
            store.has(SHA256)
        assert caught.value.code == "s3.misconfigured"


class TestParts:
    @pytest.fixture(autouse=True)
    def _small_parts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(s3, "PART_BYTES", 30_000)
        monkeypatch.setattr("moto.settings.S3_UPLOAD_PART_MIN_SIZE", 1)
        monkeypatch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", 1)

    def test_a_large_file_is_sent_in_parts(self, stub: StubS3, store: S3BlobStore, tmp_path: Path) -> None:
        stub.fail("PUT", "partNumber=2", status=503)
        in_parts(store, tmp_path)

        store.verify(SHA256)
        assert len(stub.asked("PUT")) == 1 + 4 + 1
        assert not (tmp_path / "upload").exists()

    def test_one_that_stops_in_the_middle_leaves_nothing(
        self, stub: StubS3, store: S3BlobStore, tmp_path: Path
    ) -> None:
        stub.fail("PUT", "partNumber=3", status=503, times=99)
        with pytest.raises(TransientError):
            in_parts(store, tmp_path)
        assert not store.has(SHA256)
        assert "Uploads" not in store.client.call("list_multipart_uploads")
        assert (tmp_path / "upload").read_bytes() == DATA
        stub.faults.clear()
        in_parts(store, tmp_path)
        store.verify(SHA256)

    def test_a_lost_answer_of_the_end_is_none_that_failed(
        self, stub: StubS3, store: S3BlobStore, tmp_path: Path
    ) -> None:
        """The client asks again, and a storage that has forgotten the session calls it unknown."""
        stub.fail("POST", "uploadId=", status=503, done=True)
        stub.fail("POST", "uploadId=", status=404, code="NoSuchUpload")
        in_parts(store, tmp_path)

        store.verify(SHA256)
        assert not (tmp_path / "upload").exists()

    @pytest.mark.parametrize("where", [("PUT", "partNumber=2"), ("POST", "uploadId=")], ids=["part", "end"])
    def test_a_session_that_vanished_is_nobodys_fault(
        self, stub: StubS3, store: S3BlobStore, tmp_path: Path, where: tuple[str, str]
    ) -> None:
        stub.fail(*where, status=404, code="NoSuchUpload")
        with pytest.raises(TransientError, match=r"s3\.unreachable"):
            in_parts(store, tmp_path)

        assert not store.has(SHA256)
        assert (tmp_path / "upload").exists()

    @pytest.mark.parametrize("part_bytes", [30_000, 1 << 20], ids=["in parts", "at once"])
    def test_bytes_of_another_digest_are_never_stored(
        self, store: S3BlobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part_bytes: int
    ) -> None:
        monkeypatch.setattr(s3, "PART_BYTES", part_bytes)
        with pytest.raises(IntegrityError):
            in_parts(store, tmp_path, "0" * 64)
        assert list(store.digests()) == []
        assert (tmp_path / "upload").exists()


class TestReading:
    def test_from_anywhere(self, store: S3BlobStore) -> None:
        add(store)
        with store.open(SHA256) as blob:
            assert (blob.seek(-4, io.SEEK_END), blob.read()) == (len(DATA) - 4, DATA[-4:])
            assert (blob.seek(70_000), blob.read(5)) == (70_000, DATA[70_000:70_005])
            assert (blob.seek(-5, io.SEEK_CUR), blob.read()) == (70_000, DATA[70_000:])
            assert (blob.seek(len(DATA) + 9), blob.read()) == (len(DATA) + 9, b"")

    def test_an_object_replaced_while_it_is_read_is_not_mixed(self, store: S3BlobStore) -> None:
        add(store)
        key = f"team/sha256/{SHA256[:2]}/{SHA256}"
        with S3Reader(store.client, key) as blob:
            blob.read(10)
            store.client.call("put_object", Key=key, Body=DATA[::-1])
            blob.seek(len(DATA) // 2)
            with pytest.raises(TransientError):
                blob.read()

    def test_an_object_that_vanishes_while_it_is_read(self, store: S3BlobStore) -> None:
        add(store)
        with store.open(SHA256) as blob:
            store.delete(SHA256)
            blob.seek(-1, io.SEEK_END)
            with pytest.raises(NotFoundError):
                blob.read()

    def test_foreign_objects_are_no_blobs(self, store: S3BlobStore) -> None:
        add(store)
        for key in ("notes.txt", f"team/sha256/00/{SHA256}", f"sha256/{SHA256[:2]}/{SHA256}"):
            store.client.call("put_object", Key=key, Body=b"x")
        assert list(store.digests()) == [SHA256]


class TestLocalCopies:
    def test_an_altered_copy_is_fetched_again(self, store: S3BlobStore) -> None:
        add(store)
        copy = store.local_path(SHA256)
        copy.chmod(0o600)
        copy.write_bytes(DATA[:-1] + b"?")

        assert store.local_path(SHA256).read_bytes() == DATA

    def test_an_altered_object_is_never_handed_out(self, store: S3BlobStore) -> None:
        add(store)
        store.client.call("put_object", Key=f"team/sha256/{SHA256[:2]}/{SHA256}", Body=DATA[:-1] + b"?")
        with pytest.raises(IntegrityError):
            store.local_path(SHA256)

    def test_a_deleted_blob_has_no_copy(self, store: S3BlobStore) -> None:
        add(store)
        copy = store.local_path(SHA256)
        store.delete(SHA256)
        assert not copy.exists()

    def test_the_longest_unused_go_first(self, tmp_path: Path) -> None:
        now = [1_000.0]
        cache = FileCache(tmp_path, limit_bytes=2500, clock=lambda: now[0])
        blobs = [bytes([number]) * 1000 for number in range(4)]
        names = [hashlib.sha256(blob).hexdigest() for blob in blobs]

        def fetched(number: int) -> Callable[[], io.BytesIO]:
            return lambda: io.BytesIO(blobs[number])

        paths = []
        for number in (0, 1, 0, 2, 3):
            now[0] += 700
            paths.append(cache.path(names[number], fetched(number)))
        assert {path for path in paths if path.exists()} == {tmp_path / "sha256" / names[n] for n in (2, 3)}

    def test_what_was_just_given_out_stays(self, tmp_path: Path) -> None:
        cache = FileCache(tmp_path, limit_bytes=1)
        names = [hashlib.sha256(bytes([number])).hexdigest() for number in range(3)]
        paths = [cache.path(name, lambda n=n: io.BytesIO(bytes([n]))) for n, name in enumerate(names)]  # type: ignore[misc]  # mypy does not infer a default's type in a lambda
        assert all(path.exists() for path in paths)

    def test_what_another_process_forgets_meanwhile_is_missed_by_nobody(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cache, other = (FileCache(tmp_path, limit_bytes=100) for _process in range(2))
        first, second = (hashlib.sha256(blob).hexdigest() for blob in (b"a", b"b"))
        cache.path(first, lambda: io.BytesIO(b"a"))
        listed = Path.iterdir

        def forgotten_after_listing(folder: Path) -> Iterator[Path]:
            names = list(listed(folder))
            if folder.name == "sha256":
                other.forget(first)
            return iter(names)

        monkeypatch.setattr(Path, "iterdir", forgotten_after_listing)
        assert cache.path(second, lambda: io.BytesIO(b"b")).read_bytes() == b"b"

    def test_what_a_killed_process_left_is_cleared(self, tmp_path: Path) -> None:
        cache = FileCache(tmp_path, limit_bytes=100)
        left = tmp_path / "tmp" / "left"
        left.write_bytes(b"x")
        os.utime(left, (1, 1))
        cache.path(hashlib.sha256(b"a").hexdigest(), lambda: io.BytesIO(b"a"))
        assert not left.exists()
