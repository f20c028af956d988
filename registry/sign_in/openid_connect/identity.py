"""What an identity token must say (OpenID Connect Core 1.0, section 3.1.3.7). Pure: no network, no settings."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import jwt

# Asymmetric only: a key that the provider publishes must never be usable as a shared secret.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
REQUIRED = ("iss", "sub", "aud", "exp", "iat")
LEEWAY_SECONDS = 30


class IdentityError(Exception):
    """The token does not prove who somebody is; the text says why, without the token's content."""


def nonce_for(code_verifier: str) -> str:
    """The nonce that belongs to a sign-in, from the verifier that only this session holds."""
    return hashlib.sha256(b"nonce:" + code_verifier.encode()).hexdigest()


def verified_claims(
    token: object, *, keys: Mapping[str, Any], issuer: str, client_id: str, nonce: str
) -> dict[str, Any]:
    """The claims of a genuine, fresh token that was made for this portal and this sign-in. `keys` is a JWK set."""
    if not isinstance(token, str):
        raise IdentityError("no identity token")
    try:
        key = _key_for(token, keys)
        claims: dict[str, Any] = jwt.decode(
            token,
            key=key.key,
            algorithms=list(ALGORITHMS),
            audience=client_id,
            issuer=issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": list(REQUIRED)},
        )
    except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
        raise IdentityError(f"identity token refused: {type(error).__name__}") from error
    if not hmac.compare_digest(str(claims.get("nonce", "")), nonce):
        raise IdentityError("identity token of another sign-in")
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else client_id) != client_id:
        raise IdentityError("identity token made for another client")
    if not isinstance(claims["sub"], str) or not claims["sub"]:
        raise IdentityError("identity token without a subject")
    return claims


def _key_for(token: str, keys: Mapping[str, Any]) -> jwt.PyJWK:
    header = jwt.get_unverified_header(token)
    if header.get("alg") not in ALGORITHMS:
        raise IdentityError("identity token signed by a method that is not accepted")
    signing = [key for key in jwt.PyJWKSet.from_dict(dict(keys)).keys if key.public_key_use in {None, "sig"}]
    named = [key for key in signing if key.key_id == header.get("kid")] if "kid" in header else signing
    if len(named) != 1:
        raise IdentityError("identity token signed by an unknown key")
    return named[0]
