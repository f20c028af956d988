"""The source as the architecture tests see it: files, what they import, and rules that return complaints."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APPS = ("portal", "registry", "deployer")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Source:
    """One Python file, by its path below the project's root."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def module(self) -> str:
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def within(self, *names: str) -> bool:
        """Whether the module is one of these or lies below one of them."""
        return below(self.module, *names)

    @cached_property
    def imports(self) -> frozenset[str]:
        """The modules that the file imports, wherever in it, by their full names."""
        return frozenset(name for node in ast.walk(self.tree) for name in self._imported(node))

    def _imported(self, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = self.module if self.path.endswith("__init__.py") else self.module.rpartition(".")[0]
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, *filter(None, [node.module])])
            for alias in node.names:
                full = f"{base}.{alias.name}"
                yield full if is_module(full) else base


Rule = Callable[[Sequence[Source]], list[str]]


def below(module: str, *names: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


@cache
def project() -> Sequence[Source]:
    """Every Python file of the product, without migrations."""
    paths = [ROOT / "manage.py", *(path for app in APPS for path in (ROOT / app).rglob("*.py"))]
    return [
        Source(path.relative_to(ROOT).as_posix(), path.read_text()) for path in paths if "migrations" not in path.parts
    ]


def unlike(sources: Iterable[Source], *, where: Iterable[str], allowed: Callable[[Source, str], bool]) -> list[str]:
    """Complaints about imports in `where` that are not allowed."""
    return [
        f"{source.path} imports {name}"
        for source in sources
        if source.within(*where)
        for name in sorted(source.imports)
        if not allowed(source, name)
    ]


def calls(source: Source) -> Iterator[ast.Call]:
    return (node for node in ast.walk(source.tree) if isinstance(node, ast.Call))


def called_name(call: ast.Call) -> str:
    """The last part of what is called: `update` for `rows.update(...)`."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def strings_in(node: ast.AST) -> set[str]:
    return {part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)}


def is_standard(name: str) -> bool:
    return name.partition(".")[0] in sys.stdlib_module_names


def page_sources() -> Iterator[Source]:
    """Scripts, templates and tests: only their length matters here."""
    for folder, endings in {"static": {".js", ".mjs"}, "templates": {".html"}, "tests": {".py"}}.items():
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in endings and "node_modules" not in path.parts:
                yield Source(path.relative_to(ROOT).as_posix(), path.read_text())
