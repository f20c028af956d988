"""Commands that upload a file to a draft, to be pasted as they are once the token stands in them."""

from __future__ import annotations

import base64

CURL = """\
TOKEN=YOUR_TOKEN
FILE=model.json
PLACE=$(curl -sS -D - -o /dev/null -X POST {origin}{path} \\
  -H "Authorization: Bearer $TOKEN" -H "Tus-Resumable: 1.0.0" \\
  -H "Upload-Length: $(wc -c < "$FILE" | tr -d ' ')" \\
  -H "Upload-Metadata: filename $(printf %s "$FILE" | base64 | tr -d '\\n'),version {version}" \\
  | tr -d '\\r' | sed -n 's/^[Ll]ocation: //p')
curl -sS -X PATCH "{origin}$PLACE" -T "$FILE" \\
  -H "Authorization: Bearer $TOKEN" -H "Tus-Resumable: 1.0.0" \\
  -H "Upload-Offset: 0" -H "Content-Type: application/offset+octet-stream"
"""
PYTHON = """\
# pip install tuspy
from tusclient.client import TusClient

client = TusClient("{origin}{path}", headers={{"Authorization": "Bearer YOUR_TOKEN"}})
client.uploader(
    "model.json",
    metadata={{"filename": "model.json", "version": "{pk}"}},
    chunk_size=16 * 2**20, retries=20, retry_delay=5,
).upload()
"""


def upload_commands(*, origin: str, path: str, version_id: int) -> dict[str, str]:
    """`upload_curl` and `upload_python` for the tus endpoint at `path` of `origin`."""
    version = base64.b64encode(str(version_id).encode()).decode()
    return {
        "upload_curl": CURL.format(origin=origin, path=path, version=version),
        "upload_python": PYTHON.format(origin=origin, path=path, pk=version_id),
    }
