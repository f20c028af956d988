"""A made-up language in which every translated text is marked, accented and longer, so that all others stand out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import allauth
import django
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from portal.translations.catalogues import compile_catalogue
from portal.translations.extraction import extract_catalogue

LANGUAGE = "en-xa"
OPEN, CLOSE = "⟦", "⟧"
LONGER = 0.35
FILLER = "żżżżż "
ACCENTS = str.maketrans("aceinouyACEINOUY", "áćéíñóúýÁĆÉÍÑÓÚÝ")
# Placeholders, markup and entities stay as they are.
KEPT = re.compile(r"(%\(\w+\)[a-z]|%%|%[sd]|\{\w*\}|<[^>]*>|&\w+;)")
LIBRARIES = (
    Path(django.__file__).parent / "conf",
    Path(django.__file__).parent / "contrib" / "auth",
    Path(allauth.__file__).parent,
)


def write_pseudo_locale(folder: Path) -> None:
    """The compiled catalogue below `folder`, with the texts of the libraries whose pages the portal shows."""
    catalogue = Catalog(locale="en", fuzzy=False)
    for message in (*extract_catalogue(), *_texts_of_libraries()):
        if message.id:
            forms = message.id if isinstance(message.id, tuple | list) else (message.id,)
            marked = tuple(marked_text(form) for form in forms)
            catalogue.add(message.id, marked if len(marked) > 1 else marked[0], context=message.context)
    compile_catalogue(catalogue, folder / "en_XA" / "LC_MESSAGES" / "django.mo")


def marked_text(text: str) -> str:
    """ "Save" as "⟦Sávé żżżżż ⟧"; a text without a letter stays."""
    if not re.search(r"[A-Za-z]", KEPT.sub("", text)):
        return text
    parts = KEPT.split(text)
    accented = "".join(part if number % 2 else part.translate(ACCENTS) for number, part in enumerate(parts))
    filler = FILLER * max(1, round(len(text) * LONGER / len(FILLER)))
    body = accented.strip()
    start, end = accented[: len(accented) - len(accented.lstrip())], accented[len(accented.rstrip()) :]
    return f"{start}{OPEN}{body} {filler.strip()}{CLOSE}{end}"


def _texts_of_libraries() -> Iterator[Message]:
    for library in LIBRARIES:
        with (library / "locale" / "en" / "LC_MESSAGES" / "django.po").open("rb") as file:
            yield from read_po(file, locale="en")
