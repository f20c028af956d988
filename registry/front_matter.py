"""The YAML at the head of a model card, read with bounds: no alias, no tag, no depth and no surprise of types."""

from __future__ import annotations

from typing import Any

import yaml

from registry.errors import UserError

FIELD = "card_source"
FENCE = "---"
MAX_BYTES = 8_000
MAX_DEPTH = 6


def split_front_matter(source: str) -> tuple[str, str, int]:
    """(YAML text, Markdown body, number of the body's first line counted from 1). No front matter: ("", source, 1)."""
    lines = source.splitlines(keepends=True)
    if not lines or lines[0].rstrip() != FENCE:
        return "", source, 1
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() in {FENCE, "..."}:
            return "".join(lines[1:number]), "".join(lines[number + 1 :]), number + 2
    raise UserError("card.front_matter_open", field=FIELD, line=1)


def read_front_matter(text: str) -> dict[str, Any]:
    """The mapping, with every scalar as text: `language: no` means Norwegian, and a date stays as it was written.

    Raises `UserError` with the card's line. Nesting is measured on the event stream, before anything recursive runs.
    """
    if len(text.encode()) > MAX_BYTES:
        raise UserError("card.front_matter_large", field=FIELD, line=1, limit=MAX_BYTES)
    try:
        _refuse_traps(text)
        root = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise UserError("card.yaml", field=FIELD, line=_card_line(mark) if mark else 1) from None
    if root is None:
        return {}
    if not isinstance(root, yaml.MappingNode):
        raise UserError("card.front_matter_mapping", field=FIELD, line=_card_line(root.start_mark))
    mapping: dict[str, Any] = _plain(root)
    return mapping


def _refuse_traps(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) or getattr(event, "tag", None):
            raise UserError("card.yaml_feature", field=FIELD, line=_card_line(event.start_mark))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise UserError("card.yaml_deep", field=FIELD, line=_card_line(event.start_mark), limit=MAX_DEPTH)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _plain(node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    if not isinstance(node, yaml.MappingNode):
        return _text(node)
    found: dict[str, Any] = {}
    for key, value in node.value:
        line = _card_line(key.start_mark)
        if not isinstance(key, yaml.ScalarNode):
            raise UserError("card.yaml_key", field=FIELD, line=line)
        name = _text(key)
        if name in found:
            raise UserError("card.yaml_duplicate", field=FIELD, line=line, key=name[:80])
        found[name] = _plain(value)
    return found


def _text(node: yaml.Node) -> str:
    """A scalar's text. An escape can spell characters that no database column takes."""
    text = str(node.value)
    if any(char == "\0" or "\ud800" <= char <= "\udfff" for char in text):
        raise UserError("card.not_text", field=FIELD, line=_card_line(node.start_mark))
    return text


def _card_line(mark: Any) -> int:
    return int(mark.line) + 2  # marks count from 0, and the opening fence is the card's first line
