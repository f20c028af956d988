"""The two requests of a sign-in: to the provider, and back from it."""

from __future__ import annotations

from typing import Any

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import HttpRequest, HttpResponse
from requests import RequestException

from registry.sign_in.openid_connect.identity import IdentityError, nonce_for, verified_claims

NEEDED = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")


class CheckedAdapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]  # allauth ships no types
    """Believes what a verified identity token says; the user information may add to it, for the same subject."""

    _nonce = ""

    @property
    def openid_config(self) -> dict[str, Any]:
        """The provider's description of itself, which must name the issuer that the settings name."""
        config: dict[str, Any] = super().openid_config
        server = self.get_provider().app.settings["server_url"]
        if any(not isinstance(config.get(key), str) for key in NEEDED) or config["issuer"].rstrip("/") != server:
            raise OAuth2Error("the provider's description is incomplete or names another issuer")
        return config

    def get_access_token_data(
        self, request: HttpRequest, app: SocialApp, client: Any, pkce_code_verifier: str | None = None
    ) -> dict[str, Any]:
        """Redeem the code; the verifier of this session also gives the nonce."""
        if not pkce_code_verifier:
            raise OAuth2Error("a sign-in without a verifier")
        self._nonce = nonce_for(pkce_code_verifier)
        data: dict[str, Any] = super().get_access_token_data(request, app, client, pkce_code_verifier)
        return data

    def complete_login(self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any) -> SocialLogin:
        """Who this is. Raises `OAuth2Error` for anything that is not proven."""
        config = self.openid_config
        try:
            claims = verified_claims(
                kwargs["response"].get("id_token"),
                keys=self._published_keys(),
                issuer=config["issuer"],
                client_id=app.client_id,
                nonce=self._nonce,
            )
        except IdentityError as error:
            raise OAuth2Error(str(error)) from error
        data: dict[str, Any] = {"id_token": claims}
        if "userinfo_endpoint" in config:
            data["userinfo"] = {**claims, **self._fetch_user_info(token.token)}
            if data["userinfo"]["sub"] != claims["sub"]:
                raise OAuth2Error("the user information is about somebody else")
        return self.get_provider().sociallogin_from_response(request, data)

    def _published_keys(self) -> dict[str, Any]:
        with get_adapter().get_requests_session() as session:
            response = session.get(self.openid_config["jwks_uri"])
            response.raise_for_status()
            keys: dict[str, Any] = response.json()
        return keys


def login(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Ask, then send the visitor to the provider."""
    response: HttpResponse = OAuth2LoginView.adapter_view(CheckedAdapter(request, provider_id))(request)
    return response


def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take in who comes back from the provider."""
    adapter = CheckedAdapter(request, provider_id)
    try:
        response: HttpResponse = OAuth2CallbackView.adapter_view(adapter)(request)
    except (RequestException, OAuth2Error) as error:  # its description could not be had; allauth expects it to be
        response = render_authentication_error(request, adapter.get_provider(), exception=error)
    return response
