"""Files that installed packages carry. Their code is never imported: only the file is read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Package:
    """A package of the training environment, by its name on the index."""

    name: str

    @property
    def version(self) -> str:
        """The installed version, for the model card."""
        return distribution(self.name).version

    def path(self, path: str) -> Path:
        """Where a file of the package lies."""
        return Path(str(distribution(self.name).locate_file(path)))

    def read_json(self, path: str) -> Any:
        """The content of a JSON file of the package."""
        return json.loads(self.path(path).read_text(encoding="utf-8"))

    @property
    def licence_text(self) -> bytes:
        """The licence that the package brings, with its copyright line."""
        recorded = _recorded(distribution(self.name))
        (path,) = [path for path in recorded if path.name == "LICENSE" and ".dist-info" in path.parts[0]]
        return self.path(str(path)).read_bytes()

    def matching(self, pattern: str) -> list[Path]:
        """Paths inside the package that match a glob pattern, relative and sorted."""
        return sorted(path for path in _recorded(distribution(self.name)) if path.match(pattern))


def every_file() -> Iterator[tuple[str, Path]]:
    """(path, location) of each file that the environment's packages brought, in the order of their paths."""
    found: dict[str, Path] = {}
    for package in distributions():
        found.update({str(path): Path(str(package.locate_file(path))) for path in _recorded(package)})
    yield from sorted(found.items())


def _recorded(package: Distribution) -> list[Path]:
    return [Path(str(path)) for path in package.files or ()]
