"""What a version or revision is made of, and how two of them differ. Data in, data out."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from registry.card_diff import DiffLine, card_diff

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Everything that a reviewer approves. `files` maps a path to (SHA-256, bytes), `examples` are as stored."""

    licence: str
    card_source: str
    cpu_millis: int
    memory_bytes: int
    files: Mapping[str, tuple[str, int]]
    examples: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class FileChange:
    """`kind` is added, removed or replaced. Sizes are bytes, None where the file is not."""

    path: str
    kind: str
    old_size: int | None
    new_size: int | None


@dataclass(frozen=True, slots=True)
class ExampleChange:
    """`kind` is added, removed or changed; `title` is the newer one."""

    title: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What differs; pairs are (old, new), None where nothing changed."""

    card: Sequence[DiffLine] = ()
    licence: tuple[str, str] | None = None
    cpu_millis: tuple[int, int] | None = None
    memory_bytes: tuple[int, int] | None = None
    files: Sequence[FileChange] = ()
    examples: Sequence[ExampleChange] = ()
    card_added: int = field(default=0)
    card_removed: int = field(default=0)

    @property
    def beside_the_card(self) -> bool:
        """Whether anything but the card changed."""
        return bool(self.licence or self.cpu_millis or self.memory_bytes or self.files or self.examples)

    def kind_of(self, path: str) -> str:
        """What happened to a file: added, replaced, or "" for the same bytes."""
        return next((change.kind for change in self.files if change.path == path), "")


def compare(old: Content, new: Content) -> Comparison:
    """The differences, in the order in which pages show them."""
    card = card_diff(old.card_source, new.card_source)
    return Comparison(
        card=card,
        card_added=sum(line.kind == "added" for line in card),
        card_removed=sum(line.kind == "removed" for line in card),
        licence=_pair(old.licence, new.licence),
        cpu_millis=_pair(old.cpu_millis, new.cpu_millis),
        memory_bytes=_pair(old.memory_bytes, new.memory_bytes),
        files=_file_changes(old.files, new.files),
        examples=_example_changes(old.examples, new.examples),
    )


def _pair(old: T, new: T) -> tuple[T, T] | None:
    return None if old == new else (old, new)


def _file_changes(old: Mapping[str, tuple[str, int]], new: Mapping[str, tuple[str, int]]) -> list[FileChange]:
    changes = []
    for path in sorted({*old, *new}):
        before, after = old.get(path), new.get(path)
        if before == after:
            continue
        kind = "added" if before is None else "removed" if after is None else "replaced"
        changes.append(FileChange(path, kind, before[1] if before else None, after[1] if after else None))
    return changes


def _example_changes(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> list[ExampleChange]:
    old_texts, new_texts = ([json.dumps(example, sort_keys=True) for example in side] for side in (old, new))
    changes = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old_texts, new_texts, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        both = min(i2 - i1, j2 - j1)
        changes += [ExampleChange(str(new[j].get("title", "")), "changed") for j in range(j1, j1 + both)]
        changes += [ExampleChange(str(old[i].get("title", "")), "removed") for i in range(i1 + both, i2)]
        changes += [ExampleChange(str(new[j].get("title", "")), "added") for j in range(j1 + both, j2)]
    return changes
