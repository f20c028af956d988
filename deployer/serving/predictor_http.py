"""HTTP to a cup's model server on the cluster, with one deadline for the whole exchange and a cap on the answer."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import quote

import urllib3

from deployer.errors import TransientError, UserError
from deployer.interfaces import ServingResponse

from .deadline_http import DeadlinePoolManager

MAX_ANSWER_BYTES = 64 << 20
CONNECT_TIMEOUT = 5.0
_PART = 1 << 16
_GATEWAYS = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})


class PredictorHttp:
    """Connections to model servers, kept open between requests."""

    def __init__(self) -> None:
        self._pool = DeadlinePoolManager(num_pools=64, maxsize=16, retries=False)

    def request(
        self, base: str, *, method: str, path: str, body: bytes, content_type: str, timeout: float
    ) -> ServingResponse:
        """One exchange.

        Raises `TransientError` (`serving.unreachable`, `serving.timeout`), `UserError` for a bad path.
        """
        if not path.startswith("/") or quote(path, safe="/:@!$&'()*+,;=-._~%?") != path:
            raise UserError("serving.bad_path")
        headers = {"Content-Type": content_type} if content_type else {}
        try:
            answer = self._pool.request(
                method, base + path, body=body or None, headers=headers, preload_content=False, redirect=False,
                timeout=urllib3.Timeout(connect=min(CONNECT_TIMEOUT, timeout), total=timeout),
            )  # fmt: skip
            content = _read(answer)
        except urllib3.exceptions.ConnectTimeoutError as error:
            raise TransientError("serving.unreachable") from error
        except urllib3.exceptions.TimeoutError as error:
            raise TransientError("serving.timeout", seconds=timeout) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise TransientError("serving.unreachable") from error
        kind = answer.headers.get("Content-Type", "")
        if answer.status in _GATEWAYS and not kind.startswith("application/json"):
            raise TransientError("serving.unreachable")  # a gateway speaks, since nothing behind it does
        return ServingResponse(status=answer.status, content_type=kind, body=content)


def _read(answer: urllib3.BaseHTTPResponse) -> bytes:
    content = bytearray()
    try:
        while part := answer.read(_PART):
            content += part
            _check(len(content))
    except BaseException:
        answer.close()
        raise
    answer.release_conn()
    return bytes(content)


def _check(size: int) -> None:
    """A flood must not fill the memory."""
    if size > MAX_ANSWER_BYTES:
        raise TransientError("serving.answer_too_large", limit=MAX_ANSWER_BYTES)
