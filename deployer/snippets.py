"""Commands and programs that call an endpoint as they stand, pasted into a shell or a file."""

from __future__ import annotations

import json
import pprint
import shlex
from typing import Any

from registry.interfaces import Snippets

LONGEST_INLINE = 2000


def snippets(*, infer_url: str, example_url: str, request: dict[str, Any]) -> Snippets:
    """Snippets for one V2 request; a long one is fetched from `example_url` instead of being spelled out."""
    body = json.dumps(request, ensure_ascii=True)
    inline = len(body) <= LONGEST_INLINE
    return Snippets(
        curl=_curl(infer_url, example_url, body if inline else ""),
        python=_python(infer_url, example_url, request if inline else None),
    )


def _curl(infer_url: str, example_url: str, body: str) -> str:
    call = f"curl --fail-with-body {shlex.quote(infer_url)} \\\n  --header 'Content-Type: application/json' \\\n"
    if body:
        return f"{call}  --data {shlex.quote(body)}"
    return f"curl --fail {shlex.quote(example_url)} |\n{call}  --data-binary @-"


def _python(infer_url: str, example_url: str, request: dict[str, Any] | None) -> str:
    if request is None:
        given = f'with urlopen("{example_url}", timeout=60) as response:\n    example = json.load(response)'
    else:
        given = f"example = {pprint.pformat(request, width=88, compact=True, sort_dicts=False)}"
    return f"""\
import json
from urllib.request import Request, urlopen

{given}

request = Request(
    "{infer_url}",
    data=json.dumps(example).encode(),
    headers={{"Content-Type": "application/json"}},
)
with urlopen(request, timeout=60) as response:
    answer = json.load(response)
print(answer["model_version"], answer["outputs"])
"""
