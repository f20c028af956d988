"""Chunks on their way to the disk: who may write, how much, and what stays when something breaks."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest

from registry.models import Account, ModelVersion, Upload
from registry.services.uploads import terminate_upload
from registry.uploads import limits, receiving, silence
from registry.uploads.limits import sending_slot
from registry.uploads.storage import partial_files
from tests.registry.uploads.tus import Body, TusClient, checksum, code, part_of, stored_digest

MIB = 1 << 20


@pytest.fixture
def url(tus: TusClient, draft: ModelVersion) -> str:
    return tus.created(draft, length=10)


@contextlib.contextmanager
def somebody_writes(url: str) -> Iterator[None]:
    with partial_files().writer(UUID(url.rsplit("/", 1)[-1])):
        yield


class TestDeclaredSizeBinds:
    def test_past_the_end(self, tus: TusClient, url: str) -> None:
        response = tus.patch(url, 0, b"elevenbytes")
        assert (response.status_code, code(response)) == (413, "upload.past_end")
        assert tus.offset(url) == 0

    def test_past_the_end_when_complete(self, tus: TusClient, url: str) -> None:
        tus.patch(url, 0, b"helloworld")
        assert tus.patch(url, 10, b"!").status_code == 413

    @pytest.mark.parametrize("length", [str(1 << 59), "9" * 18])
    def test_a_huge_chunk(self, tus: TusClient, url: str, length: str) -> None:
        assert tus.stream(url, 0, Body(AssertionError("read")), int(length)).status_code == 413
        assert tus.offset(url) == 0
        assert part_of(url).stat().st_size == 0

    def test_a_negative_length(self, tus: TusClient, url: str) -> None:
        assert tus.stream(url, 0, Body(AssertionError("read")), -1).status_code == 400
        assert not part_of(url).exists()

    def test_no_length(self, tus: TusClient, url: str) -> None:
        response = tus.stream(url, 0, Body(AssertionError("read")), None)
        assert (response.status_code, code(response)) == (411, "upload.length_required")

    def test_chunked_transfer(self, tus: TusClient, url: str) -> None:
        response = tus.stream(url, 0, Body(AssertionError("read")), 5, headers={"Transfer-Encoding": "chunked"})
        assert response.status_code == 411
        assert not part_of(url).exists()

    def test_a_body_that_is_longer_than_it_says_is_not_read_on(self, tus: TusClient, url: str) -> None:
        assert tus.stream(url, 0, Body(b"hello and much more"), 5).status_code == 204
        assert part_of(url).read_bytes() == b"hello"


class TestBrokenConnections:
    @pytest.mark.parametrize("end", [OSError("reset"), TimeoutError("silent"), b""])
    def test_what_arrived_stays(self, tus: TusClient, draft: ModelVersion, url: str, end: Exception | bytes) -> None:
        response = tus.stream(url, 0, Body(b"hel", b"lo", end), 10)
        assert (response.status_code, code(response)) == (503, "upload.interrupted")
        assert response["Upload-Offset"] == "5"
        assert tus.offset(url) == 5
        assert tus.patch(url, 5, b"world").status_code == 204
        assert stored_digest(draft, "model.onnx") == hashlib.sha256(b"helloworld").hexdigest()

    def test_with_a_checksum_nothing_stays_since_nothing_was_verified(self, tus: TusClient, url: str) -> None:
        tus.patch(url, 0, b"he")
        proof = {"Upload-Checksum": checksum(b"lloworld")}
        assert tus.stream(url, 2, Body(b"llo", OSError("reset")), 8, headers=proof).status_code == 503
        assert tus.offset(url) == 2

    def test_a_crash_inside_a_chunk_with_a_checksum_leaves_nothing_unverified(self, tus: TusClient, url: str) -> None:
        tus.patch(url, 0, b"he")
        part = part_of(url)
        child = os.fork()
        if not child:
            with partial_files().writer(UUID(hex=part.stem)) as partial, partial.unverified():
                partial.append(b"WRONG")
                os._exit(0)  # as a killed process: no exit code of the blocks is run
        os.waitpid(child, 0)
        assert part.read_bytes() == b"heWRONG"
        assert tus.offset(url) == 2
        assert tus.patch(url, 2, b"lloworld").status_code == 204
        assert tus.offset(url) == 10

    def test_a_silent_client_is_cut_off(self, tus: TusClient, url: str, monkeypatch: pytest.MonkeyPatch) -> None:

        monkeypatch.setattr(silence, "SILENCE_SECONDS", 0.05)
        ours, theirs = socket.socketpair()
        with ours, theirs:
            theirs.sendall(b"hello")

            class SocketBody(Body):
                def read(self, size: int) -> bytes:
                    return ours.recv(size)

            response = tus.stream(url, 0, SocketBody(), 10, environ={"gunicorn.socket": ours})
            assert ours.gettimeout() is None
        assert response.status_code == 503
        assert tus.offset(url) == 5


class TestRefusedBody:
    def test_a_browsers_chunk_is_read_away_so_that_the_answer_is_heard(self, tus: TusClient, url: str) -> None:
        body = Body(b"x" * 5)
        assert tus.stream(url, 3, body, 5).status_code == 409
        assert body.read(1) == b""

    def test_a_larger_one_is_cut_off(self, tus: TusClient, url: str) -> None:
        assert tus.stream(url, 3, Body(AssertionError("read")), receiving.DISCARDED_BYTES + 1).status_code == 409

    def test_nobody_is_listened_to_for_ever(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock, asked = [0.0], []
        monkeypatch.setattr(time, "monotonic", lambda: clock[0])

        def read(size: int) -> bytes:
            asked.append(size)
            clock[0] += 4
            return b"x"

        receiving.discard(fill=receiving.filled_by(read), length=MIB)
        assert len(asked) == 3


class TestOneWriter:
    def test_a_second_one_is_told_to_wait(self, tus: TusClient, url: str) -> None:
        with somebody_writes(url):
            response = tus.patch(url, 0, b"hello")
            assert (response.status_code, code(response)) == (423, "upload.busy")
            assert response["Retry-After"]
            assert tus.offset(url) == 0
        assert tus.patch(url, 0, b"hello").status_code == 204

    def test_an_upload_terminated_meanwhile_takes_no_more_bytes(self, tus: TusClient, url: str) -> None:
        upload = Upload.objects.get()

        def terminate() -> None:
            upload_row = Upload.objects.get(pk=upload.pk)
            terminate_upload(upload=upload_row)
            partial_files().remove(upload.pk)  # what follows the commit

        response = tus.stream(url, 0, Body(b"hello", terminate, b"world"), 10)
        assert (response.status_code, code(response)) == (404, "upload.unknown")
        assert not part_of(url).exists()
        assert not Upload.objects.exists()

    def test_a_draft_deleted_meanwhile_gets_no_file(self, tus: TusClient, draft: ModelVersion, url: str) -> None:
        response = tus.stream(url, 0, Body(b"hello", draft.delete, b"world"), 10)
        assert response.status_code == 404
        assert tus.head(url).status_code == 404


class TestPlaces:
    def test_an_account_sends_only_so_much_at_once(
        self, tus: TusClient, ada: Account, url: str, limit: Callable[..., None]
    ) -> None:
        limit(uploads_at_once_per_account=2)
        with sending_slot(ada), sending_slot(ada):
            response = tus.patch(url, 0, b"hello")
            assert (response.status_code, code(response)) == (423, "upload.too_many_at_once")
            assert response["Retry-After"]
        assert tus.patch(url, 0, b"hello").status_code == 204

    def test_a_process_keeps_threads_for_everybody_else(
        self, tus: TusClient, bob: Account, url: str, limit: Callable[..., None]
    ) -> None:
        limit(uploads_at_once_per_process=1)
        limits.places_of_process.cache_clear()
        try:
            with sending_slot(bob):
                assert code(tus.patch(url, 0, b"hello")) == "upload.site_busy"
            assert tus.patch(url, 0, b"hello").status_code == 204
        finally:
            limits.places_of_process.cache_clear()


class TestFullDisk:
    def test_the_reserve_is_left_to_everybody_else(self, tus: TusClient, url: str, limit: Callable[..., None]) -> None:
        tus.patch(url, 0, b"he")
        limit(disk_reserve_bytes=1 << 60)
        response = tus.patch(url, 2, b"llo")
        assert (response.status_code, code(response)) == (507, "upload.disk_full")
        assert response["Upload-Offset"] == "2"
        limit(disk_reserve_bytes=0)
        assert tus.patch(url, 2, b"lloworld").status_code == 204

    def test_a_write_that_fits_in_part_keeps_that_part(
        self, tus: TusClient, draft: ModelVersion, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write = os.write

        def nearly_full(descriptor: int, data: bytes) -> int:
            if len(bytes(data)) > 3:
                return write(descriptor, bytes(data)[:3])
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as full:
            full.setattr(os, "write", nearly_full)
            assert tus.patch(url, 0, b"hello").status_code == 507
        assert tus.offset(url) == 3
        assert tus.patch(url, 3, b"loworld").status_code == 204
        assert stored_digest(draft, "model.onnx") == hashlib.sha256(b"helloworld").hexdigest()

    def test_after_a_failed_sync_only_synced_bytes_count(
        self, tus: TusClient, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tus.patch(url, 0, b"he")

        def fail(_descriptor: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as full:
            full.setattr(os, "fsync", fail)
            assert tus.patch(url, 2, b"llo").status_code == 507
        assert tus.offset(url) == 2


class TestLargeChunks:
    """What is written beside the reading thread."""

    @pytest.fixture(autouse=True)
    def _small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(receiving, "LARGE_CHUNK", 1)
        monkeypatch.setattr(receiving, "WRITEBACK_BYTES", MIB)

    def test_bytes_and_digest_are_those_that_were_sent(self, tus: TusClient, draft: ModelVersion) -> None:
        data = os.urandom(9 * MIB + 17)
        tus.upload(draft, "model.onnx", data)
        assert stored_digest(draft, "model.onnx") == hashlib.sha256(data).hexdigest()

    def test_a_failure_in_the_middle_leaves_no_gap(
        self, tus: TusClient, draft: ModelVersion, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        data = os.urandom(6 * MIB)
        url = tus.created(draft, length=len(data))
        write, written = os.write, 0

        def full_once(descriptor: int, piece: bytes) -> int:
            nonlocal written
            if 2 * MIB < written < 1 << 40:
                written = 1 << 40  # space is free again at once: later pieces would fit
                raise OSError(errno.ENOSPC, "No space left on device")
            done = write(descriptor, piece)
            written += done
            return done

        with monkeypatch.context() as full:
            full.setattr(os, "write", full_once)
            assert tus.patch(url, 0, data).status_code == 507
        offset = tus.offset(url)
        assert 2 * MIB < offset < 4 * MIB
        assert part_of(url).read_bytes() == data[:offset]
        assert tus.patch(url, offset, data[offset:]).status_code == 204
        assert stored_digest(draft, "model.onnx") == hashlib.sha256(data).hexdigest()


def test_a_slow_client_is_read_in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, asked = [0.0], []

    def read(size: int) -> bytes:
        asked.append(size)
        clock[0] += size / 10_000  # 10 kB/s
        return b"x" * size

    class Sink:
        offset = 0

        def append(self, data: memoryview) -> None:
            self.offset += len(data)

    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    sink: Any = Sink()
    assert receiving.receive(fill=receiving.filled_by(read), partial=sink, length=200_000, hashers=[]) == 200_000
    assert asked[-2] == receiving.SMALLEST_PIECE
