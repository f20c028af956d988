"""A card as the fields of a form, and back into its source: the source stays the one truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from registry.card_sections import read_sections, with_sections
from registry.front_matter import read_front_matter, split_front_matter
from registry.front_matter_edit import Value, is_plain, with_facts

LIST_FACTS = ("language", "tags", "datasets", "metrics")
TEXT_FACTS = ("base_model", "library_name")


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFields:
    """The card's texts by field; `structured` names facts that are more than a text or a flat list."""

    sections: Mapping[str, str]
    facts: Mapping[str, str]
    structured: frozenset[str]


def card_fields(source: str) -> CardFields:
    """The fields of a card. `UserError` for a head that cannot be read."""
    head = read_front_matter(split_front_matter(source)[0])
    stated = {key: head[key] for key in (*LIST_FACTS, *TEXT_FACTS) if key in head}
    return CardFields(
        sections=read_sections(source),
        facts={key: _shown(value) for key, value in stated.items() if is_plain(value)},
        structured=frozenset(key for key, value in stated.items() if not is_plain(value)),
    )


def licence_in(source: str) -> str:
    """The licence that the card's head names, "" for none."""
    head = read_front_matter(split_front_matter(source)[0])
    stated = head.get("license") or head.get("licence") or ""
    return stated if isinstance(stated, str) else ""


def edited_card(source: str, *, sections: Mapping[str, str], facts: Mapping[str, str], licence: str) -> str:
    """The card with these texts; fields that say what it says already leave it as it is, to the letter.

    `UserError` with the field at fault for a text that does not fit into its place.
    """
    before = card_fields(source)
    changed: dict[str, Value] = {}
    for key, text in facts.items():
        if key in before.structured or _plain(text) == _plain(before.facts.get(key, "")):
            continue
        changed[key] = _items(text) if key in LIST_FACTS else _plain(text)
    if licence and licence.casefold() != licence_in(source).casefold():
        head = read_front_matter(split_front_matter(source)[0])
        changed["licence" if "licence" in head and "license" not in head else "license"] = licence
    return with_sections(with_facts(source, changed), sections)


def _items(text: str) -> list[str]:
    return list(dict.fromkeys(item for part in text.split(",") if (item := _plain(part))))


def _shown(value: Value) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def _plain(text: str) -> str:
    return " ".join(text.split())
