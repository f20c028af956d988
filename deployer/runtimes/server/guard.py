"""The outermost layer: which paths exist at all, and how large a body may be."""
# mypy: disable-error-code="import-not-found, misc, no-any-return"
# These packages are installed in the runtimes' environments only.

from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

import orjson

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class BodyTooLargeError(Exception):
    """The client sent more than the server takes."""


class Guard:
    """Hides the SDK's load and unload paths, resolves versioned paths, and caps bodies."""

    def __init__(self, app: Any, *, model_name: str, version: str, max_body_bytes: int) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._versioned = f"/v2/models/{model_name}/versions/"
        self._plain = f"/v2/models/{model_name}"
        self._version = version

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one ASGI event stream."""
        if scope["type"] != "http":
            return
        path = self._resolve(scope["path"])
        if path is None:
            await _answer(send, HTTPStatus.NOT_FOUND, "Not Found")
            return
        scope["path"] = path
        scope["raw_path"] = path.encode()
        if _declared_length(scope) > self._max_body_bytes:
            await self._refuse(send)
            return
        await self._pass(scope, receive, send)

    async def _pass(self, scope: Message, receive: Receive, send: Send) -> None:
        taken = 0
        started = False

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._max_body_bytes:
                raise BodyTooLargeError
            return message

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, counted, noted)
        except BodyTooLargeError:
            if not started:
                await self._refuse(send)

    async def _refuse(self, send: Send) -> None:
        text = f"The body is larger than {self._max_body_bytes} bytes."
        await _answer(send, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, text)

    def _resolve(self, path: str) -> str | None:
        """The path to serve: None for what consumers must not reach or what is another version's."""
        if path.startswith("/v2/repository"):
            return None  # anybody could unload the model there
        if path.startswith(self._versioned):
            version, slash, rest = path.removeprefix(self._versioned).partition("/")
            return self._plain + slash + rest if version == self._version else None
        return path


def _declared_length(scope: Message) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


async def _answer(send: Send, status: HTTPStatus, text: str) -> None:
    body = orjson.dumps({"error": text})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
