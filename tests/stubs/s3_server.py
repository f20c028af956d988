"""An S3 server in this process (moto) behind faults to order: refusals, and answers cut off in the middle."""

from __future__ import annotations

import re
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from moto.moto_server import werkzeug_app
from werkzeug.serving import WSGIRequestHandler, make_server

KEY, SECRET = "portal", "sesame-sesame"
# Else moto lets the pages of all origins do everything.
werkzeug_app.DISABLE_GLOBAL_CORS = True  # type: ignore[attr-defined]  # imported there, so the module has it


@dataclass
class Fault:
    """What goes wrong with the next `times` requests that match: a refusal, or a body that ends too early.

    A refusal that is `done` comes after what was asked for happened.
    """

    method: str
    path: str
    status: int = 0
    code: str = "SlowDown"
    done: bool = False
    cut_after: int = -1
    times: int = 1


@dataclass
class StubS3:
    """Where it listens, what it was asked, and what shall go wrong."""

    url: str = ""
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)

    def fail(self, method: str, path: str, **how: Any) -> None:
        self.faults.append(Fault(method, path, **how))

    def asked(self, method: str) -> list[str]:
        return [path for each, path in self.requests if each == method]

    def fault_for(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.times and fault.method == method and re.search(fault.path, path):
                fault.times -= 1
                return fault
        return None


Start = Callable[..., Any]


class _Faulty:
    """WSGI middleware that lets faults happen."""

    def __init__(self, app: Callable[[dict[str, Any], Start], Iterable[bytes]], stub: StubS3) -> None:
        self._app, self._stub = app, stub

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        path = environ["PATH_INFO"] + (f"?{environ['QUERY_STRING']}" if environ["QUERY_STRING"] else "")
        self._stub.requests.append((method, path))
        fault = self._stub.fault_for(method, path)
        if fault is not None and fault.status:
            if fault.done:
                b"".join(self._app(environ, lambda *_answer: None))
            else:
                environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            body = f"<Error><Code>{fault.code}</Code><Message>/srv/secret</Message></Error>".encode()
            start(f"{fault.status} Refused", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
            return [body]
        answer = self._app(environ, start)
        if fault is not None and fault.cut_after >= 0:
            return [b"".join(answer)[: fault.cut_after]]
        return answer


class _Silent(WSGIRequestHandler):
    def log(self, *_args: Any, **_kwargs: Any) -> None:
        pass


@contextmanager
def running_s3(*, tls: ssl.SSLContext | None = None) -> Iterator[StubS3]:
    """A server on a free port of this machine, by HTTPS if `tls` says with which certificate.

    Pages of other origins may do what a bucket's CORS rules say.
    """
    stub = StubS3()
    app = _Faulty(werkzeug_app.DomainDispatcherApplication(werkzeug_app.create_backend_app), stub)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Silent, ssl_context=tls)
    stub.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
