"""Single facts of a card's YAML head, changed in its text: comments, unknown keys, order and spelling survive.

PyYAML tells where each value stands; only those characters are replaced. What cannot be changed so, such as nested
mappings or a head in braces, is left to be edited as text.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence

import yaml

from registry.errors import UserError
from registry.front_matter import FENCE, FIELD, read_front_matter, split_front_matter

Value = str | Sequence[str]
_Pair = tuple[yaml.Node, yaml.Node]


def with_facts(source: str, facts: Mapping[str, Value]) -> str:
    """The card with these facts in its head. What is said already, or absent and empty, changes nothing.

    Raises `UserError` with the field `card_source` for a head that cannot be edited fact by fact.
    """
    yaml_text, body, _line = split_front_matter(source)
    changed = yaml_text
    for key, value in facts.items():
        changed = _with_fact(changed, key, value)
    if changed == yaml_text:
        return source
    head = source[: len(source) - len(body)]
    if not head:
        return f"{FENCE}\n{changed}{FENCE}\n\n{body}"
    opening = head[: head.index("\n") + 1]
    return opening + changed + head[len(opening) + len(yaml_text) :] + body


def is_plain(value: object) -> bool:
    """Whether a fact is a text or a flat list of texts without commas, which a form can show."""
    if isinstance(value, str):
        return "\n" not in value
    return isinstance(value, list) and all(isinstance(item, str) and not {",", "\n"} & set(item) for item in value)


def _with_fact(text: str, key: str, value: Value) -> str:
    before = read_front_matter(text)
    if before.get(key, "") == value or (not value and not before.get(key)):
        return text
    changed = _changed(text, key, value)
    after = read_front_matter(changed)
    if after != {**before, key: _stored(value)}:
        raise UserError("card.head_not_editable", field=FIELD, key=key)
    return changed


def _changed(text: str, key: str, value: Value) -> str:
    root = yaml.compose(text, Loader=yaml.BaseLoader)
    if root is None:
        return f"{_ended(text)}{_line_of(key, value)}"
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        raise UserError("card.head_not_editable", field=FIELD, key=key)
    pair = next((pair for pair in root.value if pair[0].value == key), None)
    if pair is None:
        return f"{_ended(text)}{' ' * root.start_mark.column}{_line_of(key, value)}"
    return _replaced(text, pair, value)


def _replaced(text: str, pair: _Pair, value: Value) -> str:
    name, node = pair
    if not is_plain(_plain(node)):
        raise UserError("card.head_not_editable", field=FIELD, key=name.value)
    if isinstance(node, yaml.SequenceNode) and not node.flow_style:
        return _with_items(text, pair, [value] if isinstance(value, str) else value)
    start, end = node.start_mark.index, node.end_mark.index
    if start == end or not text[start:end].strip():  # `key:` with nothing behind it
        colon = text.index(":", name.end_mark.index) + 1
        return f"{text[:colon]} {_rendered(value)}{text[colon:]}"
    end = start + len(text[start:end].rstrip())  # a block of text ends at the line below it
    if "#" in text[start:end] and "\n" in text[start:end]:
        raise UserError("card.head_not_editable", field=FIELD, key=name.value)
    return text[:start] + _rendered(value) + text[end:]


def _with_items(text: str, pair: _Pair, values: Sequence[str]) -> str:
    """A list with one item per line: items that stay keep their lines, and with them their comments."""
    name, node = pair
    lines = text.splitlines(keepends=True)
    first, last = node.start_mark.line, node.value[-1].end_mark.line
    segments = list(_segments(lines, [item.end_mark.line for item in node.value], first))
    kept = [(item.value, segment) for item, segment in zip(node.value, segments, strict=True)]
    indent = " " * node.start_mark.column
    new: list[str] = []
    for value in values:
        at = next((number for number, (old, _segment) in enumerate(kept) if old == value), None)
        new += [f"{indent}- {_rendered(value)}\n"] if at is None else kept.pop(at)[1]
    comments = [line for _old, segment in kept for line in segment if line.lstrip().startswith("#")]
    before, after = lines[:first], lines[last + 1 :]
    changed = "".join([*before, *map(_ended, new), *map(_ended, comments), *after])
    if values:
        return changed
    colon = changed.index(":", name.end_mark.index) + 1
    return f"{changed[:colon]} []{changed[colon:]}"


def _segments(lines: Sequence[str], ends: Sequence[int], first: int) -> Iterator[list[str]]:
    for start, end in itertools.pairwise([first - 1, *ends]):
        yield list(lines[start + 1 : end + 1])


def _plain(node: yaml.Node) -> object:
    if isinstance(node, yaml.ScalarNode):
        return node.value
    if isinstance(node, yaml.SequenceNode):
        return [item.value if isinstance(item, yaml.ScalarNode) else None for item in node.value]
    return None


def _line_of(key: str, value: Value) -> str:
    return f"{key}: {_rendered(value)}\n"


def _rendered(value: Value) -> str:
    """A value on one line, quoted where YAML would read something else into it, also in other programs' YAML."""
    content = value if isinstance(value, str) else list(value)
    text = yaml.safe_dump([content], default_flow_style=True, allow_unicode=True, width=math.inf)
    return re.sub(r"^\[(.*)\]\n$", r"\1", text, flags=re.DOTALL)


def _stored(value: Value) -> str | list[str]:
    return value if isinstance(value, str) else list(value)


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"
