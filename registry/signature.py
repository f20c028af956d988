"""Whether a newer version of a model takes and gives the same tensors. Data in, data out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from registry.interfaces import Introspection, TensorInfo

ANY_LENGTH = -1


@dataclass(frozen=True, slots=True)
class TensorChange:
    """A tensor that differs; `old` or `new` is None where it is not. `breaking`: who calls the old one may fail."""

    is_input: bool
    name: str
    old: TensorInfo | None
    new: TensorInfo | None
    breaking: bool

    @property
    def kind(self) -> str:
        """`added`, `removed` or `changed`."""
        return "added" if self.old is None else "removed" if self.new is None else "changed"


def signature_changes(old: Introspection, new: Introspection) -> list[TensorChange]:
    """What differs, inputs first. Where one of the files tells nothing of its tensors, nothing is known to differ."""
    changes = []
    for is_input, before, after in ((True, old.inputs, new.inputs), (False, old.outputs, new.outputs)):
        if before and after:
            changes += _changes(before, after, is_input=is_input)
    return changes


def _changes(before: Sequence[TensorInfo], after: Sequence[TensorInfo], *, is_input: bool) -> list[TensorChange]:
    old, new = ({tensor.name: tensor for tensor in side} for side in (before, after))
    changes = []
    for name in [*old, *(name for name in new if name not in old)]:
        was, now = old.get(name), new.get(name)
        if was == now:
            continue
        changes.append(TensorChange(is_input, name, was, now, _breaks(was, now, is_input=is_input)))
    return changes


def _breaks(was: TensorInfo | None, now: TensorInfo | None, *, is_input: bool) -> bool:
    """A further output hurts nobody; a further input does, since old requests lack it."""
    if was is None:
        return is_input
    if now is None:
        return True
    wide, narrow = (now, was) if is_input else (was, now)
    return not _holds(wide, narrow)


def _holds(wide: TensorInfo, narrow: TensorInfo) -> bool:
    """Whether every tensor of the one description fits the other."""
    if wide.datatype != narrow.datatype or len(wide.shape) != len(narrow.shape):
        return False
    return all(w in (ANY_LENGTH, n) for w, n in zip(wide.shape, narrow.shape, strict=True))
