"""What Django and django-allauth say on our pages and in their mail is translated too, by them or by us."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

import allauth
import django
import pytest
from babel.messages.extract import extract
from django.utils import translation

from portal.translations.extraction import COMMENT_MARK, KEYWORDS, TEMPLATE_ENDINGS, python_of
from registry.sign_in import library_texts
from tests.locale.test_catalogues import LANGUAGES

ALLAUTH, DJANGO = Path(allauth.__file__).parent, Path(django.__file__).parent
PLACES = (
    *(ALLAUTH / name for name in ("account", "core", "mfa", "socialaccount", "usersessions")),
    *(ALLAUTH / "templates" / name for name in ("account", "allauth", "mfa", "socialaccount", "usersessions")),
    *(DJANGO / name for name in ("contrib/auth/password_validation.py", "core/validators.py", "forms/fields.py")),
)
# Names of things, and words that a language shares with English.
SHARED = {"WebAuthn", "MFA", "Passkey", "TOTP Authenticator", "Passwordless", "IPv4", "IPv6", "IPv4 or IPv6"}
# What forms of ours cannot say: none has a step, an address of the network or a domain's name.
UNSAID = ("multiple of step size", "Enter a valid %(protocol)s address.", "Enter a valid domain name.")
SAME: dict[str, set[str]] = {"ar": set(), "de": {"Code", "Browser"}, "es": {"uid", "token", "Error"}}
Text = tuple[str | None, str, str]


def texts_in(path: Path) -> set[Text]:
    """(context, singular, plural) of each text; without a plural, the singular once more."""
    found = set()
    for _line, said, _comments, context in extract("python", BytesIO(python_of(path)), KEYWORDS, [COMMENT_MARK]):
        forms = said if isinstance(said, tuple) else (said, said)
        if forms[0]:
            found.add((context, forms[0], forms[-1]))
    return found


@pytest.fixture(scope="module")
def texts() -> set[Text]:
    found: set[Text] = set()
    for place in PLACES:
        for path in [place] if place.is_file() else sorted(place.rglob("*")):
            wanted = path.suffix in {".py", *TEMPLATE_ENDINGS} and not {"tests", "migrations"} & set(path.parts)
            if wanted:
                found |= texts_in(path)
    ours = texts_in(Path(library_texts.__file__))
    return {text for text in found - ours if not any(part in text[1] for part in UNSAID)}


def left_in_english(texts: set[Text]) -> set[str]:
    """The texts that read in the present language as they do in English."""
    found = set()
    for context, one, many in texts:
        plural = translation.ngettext(one, many, 5) if many != one else translation.gettext(one)
        said = translation.pgettext(context, one) if context else plural
        if said in {one, many} and re.search(r"[A-Za-z]{2}", re.sub(r"%\(\w+\)s|<[^>]*>", "", one)):
            found.add(one)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_of_the_libraries_stays_english(language: str, texts: set[Text]) -> None:
    assert len(texts) > 350
    with translation.override(language):
        assert left_in_english(texts) - SHARED - SAME[language] == set()
