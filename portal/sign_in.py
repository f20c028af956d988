"""Settings of django-allauth: who may sign in and how. Names of providers and secrets come from `env.py` alone."""

from __future__ import annotations

from typing import Any

from portal import env

SIGN_IN_APPS = [
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "registry.sign_in.openid_connect",
    "allauth.socialaccount.providers.mediawiki",
    "allauth.mfa",
    "allauth.usersessions",
]
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_REDIRECT_URL = "registry:my_models"
LOGIN_URL = "account_login"
LOGOUT_REDIRECT_URL = "registry:home"

_by_default = "mandatory" if env.PRODUCTION else "optional"
ACCOUNT_EMAIL_VERIFICATION = _by_default if env.EMAIL_VERIFICATION == "auto" else env.EMAIL_VERIFICATION
_mandatory = ACCOUNT_EMAIL_VERIFICATION == "mandatory"
ACCOUNT_ADAPTER = "registry.sign_in.account_adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*" if _mandatory else "email", "password1*", "password2*"]
ACCOUNT_USERNAME_VALIDATORS = "registry.names.ACCOUNT_NAME_VALIDATORS"
ACCOUNT_USERNAME_BLACKLIST = ["admin", "api", "system", "static", "serve", "models", "new"]
ACCOUNT_EMAIL_NOTIFICATIONS = True  # a changed password or a new key is told to the account's address
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # a session left open changes no address and connects nothing
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
# The key is an account: from one network, and anywhere. One network's 20 in an hour never use up the 50.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/300s/key,20/h/key", "login_failed_anywhere": "50/h/key"}
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = False
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if env.TRUST_PROXY else 0

# An account belongs to a provider's `sub` and to nothing else: an address may change hands, a subject does not.
SOCIALACCOUNT_ADAPTER = "registry.sign_in.social_adapter.SocialAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = False
SOCIALACCOUNT_AUTO_SIGNUP = False  # the user name is public and lasts, so people choose it
SOCIALACCOUNT_EMAIL_REQUIRED = False  # a wiki account may have no address
SOCIALACCOUNT_EMAIL_VERIFICATION = "optional" if _mandatory else ACCOUNT_EMAIL_VERIFICATION
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5
SOCIALACCOUNT_PROVIDERS: dict[str, dict[str, Any]] = {
    "openid_connect": {"APPS": []},
    "mediawiki": {
        "APPS": [],
        "REST_API": env.MEDIAWIKI_REST_URL,
        "USER_AGENT": f"model-commons ({env.CONTACT or env.SITE_URL or 'contact not set'})",
        "OAUTH_PKCE_ENABLED": True,
    },
}
if env.OIDC_SERVER_URL:
    SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"] = [
        {
            "provider_id": "sso",
            "name": env.OIDC_NAME,
            "client_id": env.OIDC_CLIENT_ID,
            "secret": env.OIDC_CLIENT_SECRET,
            "settings": {"server_url": env.OIDC_SERVER_URL},
        }
    ]
if env.MEDIAWIKI_CLIENT_ID:
    SOCIALACCOUNT_PROVIDERS["mediawiki"]["APPS"] = [
        {
            "name": env.MEDIAWIKI_NAME,
            "client_id": env.MEDIAWIKI_CLIENT_ID,
            "secret": env.MEDIAWIKI_CLIENT_SECRET,
        }
    ]

REQUIRE_SECOND_FACTOR = env.PRODUCTION if env.REQUIRE_SECOND_FACTOR == "auto" else env.REQUIRE_SECOND_FACTOR == "true"
MFA_ADAPTER = "registry.sign_in.mfa_adapter.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
# Where nobody must confirm an address, an unconfirmed one may not keep people from protecting their account.
MFA_ALLOW_UNVERIFIED_EMAIL = not _mandatory
MFA_TOTP_TOLERANCE = 1

USERSESSIONS_TRACK_ACTIVITY = False  # `registry.sign_in.middleware` does it, once in a while instead of at each request
