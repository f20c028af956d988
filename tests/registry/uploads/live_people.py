"""Makes a data folder ready for a live server: tables, and accounts that are signed in and own a draft.

python -m tests.registry.uploads.live_people NAME...  prints {name: {"session": key, "draft": id}}.
"""

from __future__ import annotations

import json
import sys

import django
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command


def person(name: str) -> dict[str, str | int]:
    from registry.models import Account
    from registry.services import register_model

    account = Account.objects.create_user(name)
    session = SessionStore()
    session[SESSION_KEY] = str(account.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = account.get_session_auth_hash()
    session.create()
    return {"session": str(session.session_key), "draft": register_model(actor=account, name="model").pk}


if __name__ == "__main__":
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    print(json.dumps({name: person(name) for name in sys.argv[1:]}))  # noqa: T201  # what the caller reads
