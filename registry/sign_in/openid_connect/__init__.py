"""OpenID Connect with the identity token checked in full: signature, issuer, audience, times, nonce and subject."""
