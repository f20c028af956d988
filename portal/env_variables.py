"""An environment variable: read once, parsed, and refused in a sentence that never shows a password."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Variable(Generic[T]):
    """One declared variable. `default` is written as the environment would write it."""

    name: str
    default: str
    parse: Callable[[str], T]
    doc: str

    def read(self) -> T:
        """The parsed value; a value that cannot be parsed stops the start with the variable's name."""
        raw = os.environ.get(self.name, "")
        try:
            return self.parse(raw or self.default)
        except ValueError as error:
            shown = f"…@{raw.rpartition('@')[2]}" if "@" in raw else raw  # before it may stand a password
            raise SystemExit(f"{self.name}={shown!r} is not usable: {error}. {self.doc}") from error


DECLARED: list[Variable[object]] = []


def declare(name: str, default: str, parse: Callable[[str], T], doc: str) -> T:
    """Register a variable and return its value."""
    variable = Variable(name, default, parse, doc)
    DECLARED.append(variable)  # type: ignore[arg-type]  # a Variable only produces T, so widening is safe
    return variable.read()


def secret(name: str, doc: str, *, parse: Callable[[str], str] = str) -> str:
    """Declare a secret: from the environment, or from the file that `<name>_FILE` names."""
    value = declare(name, "", parse, doc)
    path = declare(f"{name}_FILE", "", str, f"File that holds it, instead of {name}.")
    if value or not path:
        return value
    try:
        return parse(Path(path).read_text().strip())
    except OSError as error:
        raise SystemExit(f"{name}_FILE={path!r} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise SystemExit(f"What {name}_FILE={path!r} holds is not usable: {error}. {doc}") from error
