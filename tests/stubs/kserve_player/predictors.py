"""Model servers as small as can be: every ready predictor, behind one loopback address, by the path's first part."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Object = dict[str, Any]
Lookup = Callable[[str], Object | None]


class Predictors:
    """Speaks the Open Inference Protocol V2 for what `lookup` finds. A row's answer is its sum.

    `asked` holds (name, path) of each request.
    """

    def __init__(self, lookup: Lookup) -> None:
        self.lookup = lookup
        self.asked: list[tuple[str, str]] = []
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        if self._server is None:
            raise RuntimeError("the predictors are not started")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        handler = type("Bound", (_Handler,), {"lookup": staticmethod(self.lookup), "asked": self.asked})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"
    lookup: Lookup
    asked: list[tuple[str, str]]

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name is the base class's
        """Nobody reads it."""

    def _serve(self, body: bytes) -> None:
        name, _, path = self.path.lstrip("/").partition("/")
        self.asked.append((name, f"/{path}"))
        service = self.lookup(name)
        if service is None:
            self._send(503, b"no healthy upstream", "text/plain")  # as a gateway says it
            return
        model = service["spec"]["predictor"].get("model") or {}
        told = dict(arg.removeprefix("--").split("=", 1) for arg in model.get("args", []) if "=" in arg)
        code, answer = _answer(f"/{path}", body, told.get("model-name", name), told.get("version", ""))
        self._send(code, json.dumps(answer).encode(), "application/json")

    def _send(self, code: int, body: bytes, kind: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _answer(path: str, body: bytes, model: str, version: str) -> tuple[int, Object]:
    root = f"/v2/models/{model}"
    if path in {"/v2/health/live", "/v2/health/ready"}:
        return 200, {"live": True}
    if path in {root, f"{root}/ready", f"{root}/versions/{version}/ready"}:
        return 200, {"name": model, "ready": True}
    if path != f"{root}/infer":
        return 404, {"error": f"there is nothing at {path}"}
    try:
        rows = [_sums(tensor) for tensor in json.loads(body)["inputs"]]
    except (ValueError, KeyError, TypeError) as error:
        return 400, {"error": f"no such request: {error}"}
    outputs = [{"name": "predict", "shape": [len(row)], "datatype": "FP64", "data": row} for row in rows]
    return 200, {"model_name": model, "model_version": version, "id": "1", "outputs": outputs}


def _sums(tensor: Object) -> list[float]:
    data, shape = tensor["data"], tensor["shape"]
    if len(data) != math.prod(shape):
        raise ValueError(f"{len(data)} values do not make the shape {shape}")
    width = math.prod(shape[1:])
    return [float(sum(data[start : start + width])) for start in range(0, len(data), width)]
