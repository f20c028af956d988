"""The two clients that people use with the upload server, from end to end: tuspy and tus-js-client."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import threading
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from tusclient.client import TusClient as Tuspy
from tusclient.exceptions import TusCommunicationError

from tests.registry.uploads.live import ROOT, LiveServer, Person, prepare

MIB = 1 << 20
CHUNK_BYTES = 256 * 1024
NODE_MODULES = ROOT / "static" / "node_modules"

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Person]:
    folder = tmp_path_factory.mktemp("clients")
    return folder, prepare(folder, "ada")["ada"]


@pytest.fixture
def ada(prepared: tuple[Path, Person]) -> Person:
    return prepared[1]


@pytest.fixture
def server(prepared: tuple[Path, Person], tmp_path: Path) -> Iterator[LiveServer]:
    with LiveServer(shutil.copytree(prepared[0], tmp_path / "data"), {"disk_reserve_bytes": 0}) as running:
        yield running


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(random.Random(1).randbytes(MIB + 17))
    return path


def stored(server: LiveServer, file: Path) -> bool:
    data = file.read_bytes()
    return server.blob(sha256(data).hexdigest()).read_bytes() == data


class TestTuspy:
    @pytest.fixture
    def client(self, server: LiveServer, ada: Person) -> Tuspy:
        return Tuspy(f"http://127.0.0.1:{server.port}/uploads/", headers=ada.headers)

    @pytest.fixture
    def wanted(self, file: Path, ada: Person) -> dict[str, Any]:
        metadata = {"filename": "model.onnx", "version": str(ada.draft)}
        # A stream, since tuspy does not close the files that it opens.
        return {"file_stream": BytesIO(file.read_bytes()), "metadata": metadata, "retry_delay": 0}

    @pytest.mark.parametrize("options", [{}, {"upload_checksum": True}])
    def test_it_uploads_in_chunks(
        self, client: Tuspy, wanted: dict[str, Any], server: LiveServer, file: Path, options: dict[str, bool]
    ) -> None:
        client.uploader(chunk_size=CHUNK_BYTES, **options, **wanted).upload()
        assert stored(server, file)

    def test_it_uploads_in_one_piece(
        self, client: Tuspy, wanted: dict[str, Any], server: LiveServer, file: Path
    ) -> None:
        client.uploader(**wanted).upload()
        assert stored(server, file)

    def test_it_goes_on_after_the_server_was_killed(
        self, client: Tuspy, wanted: dict[str, Any], server: LiveServer, file: Path
    ) -> None:
        first: Any = client.uploader(chunk_size=CHUNK_BYTES, **wanted)
        first.upload_chunk()
        first.upload_chunk()
        server.kill()
        server.start()
        second = client.uploader(chunk_size=CHUNK_BYTES, url=first.url, **wanted)
        assert second.offset == 2 * CHUNK_BYTES
        second.upload()
        assert stored(server, file)

    def test_it_hears_a_refusal(self, server: LiveServer, wanted: dict[str, Any]) -> None:
        stranger = Tuspy(f"http://127.0.0.1:{server.port}/uploads/")
        with pytest.raises(TusCommunicationError) as refused:
            stranger.uploader(**wanted).upload()
        assert refused.value.status_code == 403


class TusJs:
    """tus-js-client in a node process; `events` fills while it runs."""

    def __init__(self, server: LiveServer, ada: Person, file: Path, **options: Any) -> None:
        wanted = {
            "file": str(file),
            "endpoint": f"http://127.0.0.1:{server.port}/uploads/",
            "headers": ada.headers,
            "metadata": {"filename": "model.onnx", "version": str(ada.draft)},
            "chunkSize": CHUNK_BYTES,
            "retryDelays": [0, 500, 1000, 2000, 4000, 8000, 16000, 32000],
            "uploadUrl": None,
        } | options
        script = Path(__file__).with_name("tus_js_client.cjs")
        self.process = subprocess.Popen(
            ["node", str(script), str(NODE_MODULES), json.dumps(wanted)], stdout=subprocess.PIPE, text=True
        )
        self.events: list[dict[str, Any]] = []
        self.begun = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self.events.append(json.loads(line))
                self.begun.set()
        self.begun.set()

    def wait(self) -> dict[str, Any]:
        """The last event, when the client has ended."""
        try:
            self.process.wait(120)
        finally:
            self.process.kill()
            self._reader.join()
        return self.events[-1]


@pytest.mark.skipif(not NODE_MODULES.is_dir(), reason="`npm ci --prefix static` brings tus-js-client")
class TestTusJsClient:
    def test_it_uploads(self, server: LiveServer, ada: Person, file: Path) -> None:
        assert TusJs(server, ada, file).wait()["event"] == "success"
        assert stored(server, file)

    def test_it_stops_and_goes_on_later(self, server: LiveServer, ada: Person, file: Path) -> None:
        stopped = TusJs(server, ada, file, stopAt=2 * CHUNK_BYTES).wait()
        assert stopped["event"] == "stopped"
        assert 2 * CHUNK_BYTES <= server.offset(stopped["url"].split(str(server.port))[1], ada) < file.stat().st_size
        later = TusJs(server, ada, file, uploadUrl=stopped["url"])
        assert later.wait()["event"] == "success"
        assert later.events[0]["accepted"] > 2 * CHUNK_BYTES
        assert stored(server, file)

    def test_it_goes_on_by_itself_after_the_server_was_killed(
        self, server: LiveServer, ada: Person, file: Path
    ) -> None:
        file.write_bytes(random.Random(2).randbytes(16 * MIB))
        client = TusJs(server, ada, file, chunkSize=MIB)
        client.begun.wait(60)
        server.kill()
        server.start()
        assert client.wait()["event"] == "success", client.events[-1]
        assert stored(server, file)

    def test_it_terminates(self, server: LiveServer, ada: Person, file: Path) -> None:
        stopped = TusJs(server, ada, file, stopAt=CHUNK_BYTES).wait()
        assert TusJs(server, ada, file, uploadUrl=stopped["url"], terminate=True).wait()["event"] == "terminated"
        path = stopped["url"].split(str(server.port))[1]
        assert server.tus("HEAD", path, ada).status == 404
        assert not server.part(path).exists()

    def test_it_hears_a_refusal(self, server: LiveServer, ada: Person, file: Path) -> None:
        metadata = {"filename": "model.pkl", "version": str(ada.draft)}
        last = TusJs(server, ada, file, metadata=metadata).wait()
        assert last["event"] == "error"
        assert "gate.pickle" in last["message"]
