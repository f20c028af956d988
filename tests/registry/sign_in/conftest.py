"""Providers that stand in for real ones, wired as `portal.sign_in` wires those of the environment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.socialaccount.providers.mediawiki.views import MediaWikiOAuth2Adapter

from tests.stubs.identity_provider import CLIENT_ID, CLIENT_SECRET, Provider, serving


@pytest.fixture
def provider(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """One stand-in that plays both parts; sign-in by it is configured."""
    with serving() as provider:
        known = {"client_id": CLIENT_ID, "secret": CLIENT_SECRET}
        sso = {"provider_id": "sso", "name": "Single sign-on", "settings": {"server_url": provider.origin}}
        settings.SOCIALACCOUNT_PROVIDERS = {
            **settings.SOCIALACCOUNT_PROVIDERS,
            "openid_connect": {"APPS": [{**known, **sso}]},
            "mediawiki": {**settings.SOCIALACCOUNT_PROVIDERS["mediawiki"], "APPS": [{**known, "name": "Wikimedia"}]},
        }
        # The wiki's addresses are read from the settings once, when allauth is imported.
        wiki = f"{provider.origin}/rest.php/oauth2"
        for name, path in {"access_token": "access_token", "authorize": "authorize"}.items():
            monkeypatch.setattr(MediaWikiOAuth2Adapter, f"{name}_url", f"{wiki}/{path}")
        monkeypatch.setattr(MediaWikiOAuth2Adapter, "profile_url", f"{wiki}/resource/profile")
        yield provider
