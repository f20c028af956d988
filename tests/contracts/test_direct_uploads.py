"""What a place for uploads past the portal promises."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest

from registry.artifacts.s3 import S3BlobStore
from registry.artifacts.s3_access import S3Access
from registry.artifacts.s3_direct import S3DirectUploads
from registry.errors import ConflictError, NotFoundError
from registry.interfaces import BlobStore, DirectUploads

DATA = b"weights " * 1000
SHA256 = hashlib.sha256(DATA).hexdigest()


class Case(NamedTuple):
    """A place, and the content store that it feeds."""

    place: DirectUploads
    store: BlobStore


@pytest.fixture(params=["moto", "swift"])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    access: S3Access = replace(request.getfixturevalue(request.param), bucket=f"direct-{uuid4().hex}")
    store = S3BlobStore(access=access, cache_dir=tmp_path / "cache", cache_bytes=1 << 20, prefix="team/")
    store.client.call("create_bucket")
    return Case(S3DirectUploads(access=access, store=store, public_url=access.endpoint_url, prefix="team/"), store)


def send(address: str, data: bytes) -> None:
    asked = Request(address, data=data, method="PUT", headers={"Content-Type": ""})  # just made here
    with urlopen(asked, timeout=30) as answer:  # the same
        assert answer.status == 200


def sent(place: DirectUploads, data: bytes = DATA) -> str:
    session = place.begin("one")
    for number, start in enumerate(range(0, len(data), place.part_bytes), start=1):
        part = data[start : start + place.part_bytes]
        send(place.address("one", session, number, len(part)), part)
    return session


def test_what_is_sent_becomes_a_blob_only_when_it_is_kept(case: Case) -> None:
    session = sent(case.place)
    assert case.place.arrived("one", session) == {1: len(DATA)}
    for _ in range(2):
        assert case.place.complete("one", session) == len(DATA)
    with case.place.open("one") as source:
        assert source.read() == DATA
    assert list(case.store.digests()) == []

    for _ in range(2):
        case.place.keep("one", SHA256)
    assert list(case.store.digests()) == [SHA256]
    case.store.verify(SHA256)
    with pytest.raises(NotFoundError):
        case.place.open("one")


def test_several_parts_are_joined_in_their_order(case: Case) -> None:
    data = bytes(case.place.part_bytes) + b"end"
    session = case.place.begin("one")
    for number in (2, 1):
        start = (number - 1) * case.place.part_bytes
        part = data[start : start + case.place.part_bytes]
        send(case.place.address("one", session, number, len(part)), part)
    assert case.place.complete("one", session) == len(data)
    case.place.keep("one", hashlib.sha256(data).hexdigest())
    case.store.verify(hashlib.sha256(data).hexdigest())


def test_nothing_cannot_be_joined(case: Case) -> None:
    session = case.place.begin("one")
    with pytest.raises(ConflictError):
        case.place.complete("one", session)


@pytest.mark.parametrize("joined", [False, True], ids=["parts", "joined"])
def test_what_is_discarded_is_gone(case: Case, joined: bool) -> None:  # noqa: FBT001  # the case
    session = sent(case.place)
    if joined:
        case.place.complete("one", session)
    for _ in range(2):
        case.place.discard("one", session)
    for ask in (case.place.arrived, case.place.complete):
        with pytest.raises(NotFoundError):
            ask("one", session)
    with pytest.raises(NotFoundError):
        case.place.keep("one", SHA256)


def test_an_address_holds_for_its_part_alone(case: Case, request: pytest.FixtureRequest) -> None:
    session = case.place.begin("one")
    address = case.place.address("one", session, 1, len(DATA))
    if "moto" in request.node.name:
        assert "X-Amz-Expires=3600" in address  # this server checks no signatures
        return
    others = [(address.replace("partNumber=1", "partNumber=2"), DATA), (address.replace("/one?", "/two?"), DATA)]
    for other, data in [*others, (address, DATA * 2)]:
        with pytest.raises(HTTPError) as caught:
            send(other, data)
        assert caught.value.code == 403
        caught.value.close()
