"""Model servers for the stand-in cluster: one address, a path a cup, silence from cups that do not run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from deployer.interfaces import CupSpec
from tests.fakes.serving import sum_of_rows


class Predictors:
    """Answers for the cups in `cups` as long as `runs` says so."""

    def __init__(self, runs: Callable[[str], bool] = lambda _name: True) -> None:
        self.cups: dict[str, CupSpec] = {}
        self.asked: list[tuple[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.cups, self.asked, runs))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """As the setting for a cup's address wants it."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/{{name}}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(
    cups: Mapping[str, CupSpec], asked: list[tuple[str, str]], runs: Callable[[str], bool]
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            _, name, path = self.path.split("/", 2)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked.append((name, f"/{path}"))
            if name not in cups or not runs(name):
                self.close_connection = True
                return
            answer = sum_of_rows(cups[name], self.command, f"/{path}", body)
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_POST = do_GET  # noqa: N815  # the base class finds its methods by these names

        def log_message(self, *_args: Any) -> None:
            """Nobody reads it."""

    return Handler
