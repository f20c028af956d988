"""The provider as allauth finds it by the name of its app."""

from __future__ import annotations

from typing import Any

from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from django.http import HttpRequest, HttpResponse
from requests import RequestException

from registry.sign_in.openid_connect.identity import nonce_for
from registry.sign_in.openid_connect.views import CheckedAdapter

KEPT = ("sub", "preferred_username", "name")


class CheckedProvider(OpenIDConnectProvider):  # type: ignore[misc]  # allauth ships no types
    """PKCE always, a nonce tied to it, and no parameter from the visitor's address passed on."""

    oauth2_adapter_class = CheckedAdapter
    pkce_enabled_default = True

    def get_pkce_params(self) -> dict[str, Any]:
        """The challenge, and the nonce that the identity token must repeat."""
        params: dict[str, Any] = super().get_pkce_params()
        return {**params, "nonce": nonce_for(params["code_verifier"])}

    def get_auth_params_from_request(self, request: HttpRequest, action: str) -> dict[str, Any]:
        """Only what the settings say."""
        del request, action
        return dict(self.get_auth_params())

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:
        """Only what the settings say."""
        del request
        return list(self.get_scope())

    def redirect(self, request: HttpRequest, process: str, *args: Any, **kwargs: Any) -> HttpResponse:
        """To the provider; where it does not answer, to a page that says so."""
        try:
            response: HttpResponse = super().redirect(request, process, *args, **kwargs)
        except (RequestException, OAuth2Error) as error:
            response = render_authentication_error(request, self, exception=error)
        return response

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """What is kept of the provider's answer: enough for the person to recognise the connection."""
        claims = {**data["id_token"], **data.get("userinfo", {})}
        return {"userinfo": {key: claims[key] for key in KEPT if key in claims}}


provider_classes = [CheckedProvider]
