"""Servers that several contracts are tried on, started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from registry.artifacts.s3_access import S3Access
from tests.stubs import swift_server
from tests.stubs.s3_server import KEY, SECRET, running_s3


@pytest.fixture(scope="session")
def moto() -> Iterator[S3Access]:
    with running_s3() as server:
        yield S3Access(bucket="", endpoint_url=server.url, access_key=KEY, secret_key=SECRET)


@pytest.fixture(scope="session")
def swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Access]:
    if swift_server.PROGRAM is None:
        pytest.skip("swift-proxy-server is not installed")
    with swift_server.running_swift(tmp_path_factory.mktemp("swift")) as url:
        yield S3Access(bucket="", endpoint_url=url, access_key=swift_server.KEY, secret_key=swift_server.SECRET)
