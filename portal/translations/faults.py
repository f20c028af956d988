"""What may be wrong with a translation, beyond its wording."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from babel.messages.catalog import Catalog, Message

NAMED = re.compile(r"%\((\w+)\)[a-z]|\{(\w+)\}")
POSITIONAL = re.compile(r"%[sd]")
TAG = re.compile(r"</?[a-z][^>]*>", re.IGNORECASE)


def faults_in(catalogue: Catalog) -> list[str]:
    """One line for each text that is untranslated, fuzzy, or differs from its source in placeholders or markup."""
    return [
        f"{_shown(message)}: {fault}" for message in catalogue if message.id for fault in faults_of(catalogue, message)
    ]


def differences(catalogue: Catalog, template: Catalog) -> list[str]:
    """What `make messages` would change: texts that the catalogue lacks, and texts that no source has."""
    wanted, held = _keys(template), _keys(catalogue)
    return [f"missing: {key}" for key in sorted(wanted - held)] + [f"gone: {key}" for key in sorted(held - wanted)]


def faults_of(catalogue: Catalog, message: Message) -> Iterator[str]:
    """The faults of one text."""
    sources = message.id if isinstance(message.id, tuple | list) else (message.id,)
    forms = message.string if isinstance(message.string, tuple | list) else (message.string,)
    if len(sources) > 1 and len(forms) != catalogue.num_plurals:
        yield f"has {len(forms)} forms instead of {catalogue.num_plurals}"
    if not all(forms):
        yield "is not translated"
        return
    if message.fuzzy:
        yield "is fuzzy"
    allowed = [_placeholders(source) for source in sources]
    for form in forms:
        yield from _faults_of_form(str(form), sources, allowed)


def _faults_of_form(form: str, sources: Iterable[str], allowed: list[Counter[str]]) -> Iterator[str]:
    if not _fits(_placeholders(form), allowed, plural=len(allowed) > 1):
        yield f"has other placeholders: {form}"
    if all(Counter(TAG.findall(form)) != Counter(TAG.findall(source)) for source in sources):
        yield f"has other markup: {form}"
    if any(
        source[:1].isspace() != form[:1].isspace() or source[-1:].isspace() != form[-1:].isspace() for source in sources
    ):
        yield f"begins or ends in other blanks: {form}"


def _fits(found: Counter[str], allowed: list[Counter[str]], *, plural: bool) -> bool:
    """As in the source; the forms for one and two may say the number as a word instead."""
    if found in allowed:
        return True
    return plural and any(not found - source and sum((source - found).values()) == 1 for source in allowed)


def _placeholders(text: str) -> Counter[str]:
    bare = text.replace("%%", "")
    return Counter([*(match.group() for match in NAMED.finditer(bare)), *POSITIONAL.findall(bare)])


def _keys(catalogue: Catalog) -> set[tuple[str, str]]:
    return {(message.context or "", str(message.id)) for message in catalogue if message.id}


def _shown(message: Message) -> str:
    text = message.id[0] if isinstance(message.id, tuple | list) else message.id
    return f"“{text}”"
