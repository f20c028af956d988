"""Where browsers reach the object storage."""

from __future__ import annotations

from urllib.parse import urlsplit


def upload_origins(*, public_url: str, bucket: str, path_style: bool) -> list[str]:
    """The one origin that pages may send parts to, as the content security policy names it, if there is one."""
    if not (public_url and bucket):
        return []
    address = urlsplit(public_url)
    return [f"{address.scheme}://{address.netloc if path_style else f'{bucket}.{address.netloc}'}"]
