"""The steps of a browser between the portal and a provider."""

from __future__ import annotations

import re
import urllib.request
from html import unescape
from typing import Any
from urllib.parse import urlsplit

from django.test import Client

SSO, WIKI = "/accounts/oidc/sso/login/", "/accounts/mediawiki/login/"


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        """The browser of this play is Django's test client, which goes there itself."""


def leave(client: Client, address: str = SSO, **query: str) -> str:
    """Press the button; returns the provider's address that the page leads to."""
    response = client.post(address, query_params=query)
    assert response.status_code == 200, response
    found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', response.content.decode())
    assert found is not None
    return unescape(found[1])


def agree(address: str) -> str:
    """What the provider answers: the way back, as a path of the portal."""
    try:
        urllib.request.build_opener(_Stay).open(address, timeout=60)
    except urllib.error.HTTPError as redirect:
        with redirect:
            back = urlsplit(redirect.headers["Location"])
        return f"{back.path}?{back.query}"
    raise AssertionError("the provider did not send the browser back")


def come_back(client: Client, address: str = SSO, **query: str) -> Any:
    """The whole way; returns the portal's answer to the callback."""
    return client.get(agree(leave(client, address, **query)))
