"""The account pages, which django-allauth brings: what each answers to whom."""

from __future__ import annotations

from typing import ClassVar

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import make_account
from tests.portal.routes import LOGIN, Status
from tests.portal.test_routes_by_role import all_routes, is_old_address, status_of

pytestmark = pytest.mark.django_db


class TestAllauth:
    """The account pages: GET and POST of a visitor, GET and POST of somebody signed in, each with an empty form."""

    ANSWERS: ClassVar[dict[str, tuple[Status, ...]]] = {
        "account_login": (200, 200, 302, 302),
        "account_logout": (302, 302, 200, 302),
        "account_inactive": (200, 405, 200, 405),
        "account_signup": (200, 200, 302, 302),
        "account_reauthenticate": (LOGIN, LOGIN, 200, 200),
        "account_email": (LOGIN, LOGIN, 200, 302),
        "account_email_verification_sent": (200, 405, 200, 405),
        "account_change_password": (LOGIN, LOGIN, 200, 200),
        "account_set_password": (LOGIN, LOGIN, 302, 302),
        "account_reset_password": (200, 200, 200, 200),
        "account_confirm_login_code": (LOGIN, LOGIN, 302, 302),
        "account_confirm_email": (200, 404, 200, 404),
        "account_reset_password_from_key": (200, 200, 200, 200),
        "account_reset_password_from_key_done": (200, 405, 200, 405),
        "account_reset_password_done": (200, 405, 200, 405),
        "mfa_index": (LOGIN, LOGIN, 200, 405),
        "mfa_authenticate": (LOGIN, LOGIN, 302, 302),
        "mfa_reauthenticate": (LOGIN, LOGIN, 302, 302),
        "mfa_activate_totp": (LOGIN, LOGIN, 302, 302),
        "mfa_deactivate_totp": (LOGIN, LOGIN, 404, 404),
        "mfa_view_recovery_codes": (LOGIN, LOGIN, 404, 405),
        "mfa_generate_recovery_codes": (LOGIN, LOGIN, 302, 302),
        "mfa_download_recovery_codes": (LOGIN, LOGIN, 404, 404),
        "mfa_list_webauthn": (LOGIN, LOGIN, 200, 405),
        "mfa_add_webauthn": (LOGIN, LOGIN, 302, 302),
        "mfa_reauthenticate_webauthn": (LOGIN, LOGIN, 302, 302),
        "mfa_remove_webauthn": (LOGIN, LOGIN, 302, 302),
        "mfa_edit_webauthn": (LOGIN, LOGIN, 302, 302),
        "mfa_login_webauthn": (LOGIN, LOGIN, 302, 302),
        "socialaccount_login_cancelled": (200, 405, 200, 405),
        "socialaccount_login_error": (401, 405, 401, 405),
        "socialaccount_signup": (LOGIN, LOGIN, LOGIN, LOGIN),
        "socialaccount_connections": (LOGIN, LOGIN, 200, 200),
        "mediawiki_login": (404, 404, 404, 404),
        "mediawiki_callback": (404, 404, 404, 404),
        "openid_connect_login": (404, 404, 404, 404),
        "openid_connect_callback": (404, 404, 404, 404),
        "usersessions_list": (LOGIN, LOGIN, 200, 302),
    }
    KEYS: ClassVar[dict[str, dict[str, str]]] = {
        "account_confirm_email": {"key": "no-such-key"},
        "account_reset_password_from_key": {"uidb36": "1", "key": "no-such-key"},
        "mfa_edit_webauthn": {"pk": "1"},
        "mfa_remove_webauthn": {"pk": "1"},
        "openid_connect_login": {"provider_id": "sso"},
        "openid_connect_callback": {"provider_id": "sso"},
    }

    def test_visitor_and_account(self) -> None:
        account, found = make_account(), {}

        for name in [n for n, path in all_routes() if path.startswith("accounts/") and not is_old_address(path)]:
            address = reverse(name, kwargs=self.KEYS.get(name))
            visitor, signed_in = Client(), Client()
            answers = [status_of(visitor.get(address)), status_of(visitor.post(address))]
            for method in ("get", "post"):
                signed_in.force_login(account)  # one of the pages signs out
                answers.append(status_of(getattr(signed_in, method)(address)))
            found[name] = tuple(answers)

        assert found == self.ANSWERS
