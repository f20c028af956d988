"""All translatable texts of the sources, as one catalogue."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
PYTHON_FOLDERS = ("registry", "deployer", "portal")
TEMPLATE_FOLDERS = ("templates",)
TEMPLATE_ENDINGS = {".html", ".txt"}
# What runs in an environment of its own speaks to nobody.
LEFT_OUT = ("registry/seeding/recipes", "deployer/runtimes/server", "migrations")
COMMENT_MARK = "Translators"
# Where each function keeps its texts; "c" marks the context.
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop")),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}


def extract_catalogue(root: Path = ROOT) -> Catalog:
    """The template catalogue. Places are files without line numbers, so that moving code changes no catalogue."""
    catalogue = Catalog(project="Model Commons", charset="utf-8", fuzzy=False)
    for path in source_files(root):
        place = path.relative_to(root).as_posix()
        for _line, msgid, comments, context in extract("python", BytesIO(python_of(path)), KEYWORDS, [COMMENT_MARK]):
            catalogue.add(msgid, locations=[(place, 1)], auto_comments=comments, context=context)
    return catalogue


def source_files(root: Path = ROOT) -> list[Path]:
    """Python files and templates that may hold texts, in a fixed order."""
    python = [path for folder in PYTHON_FOLDERS for path in (root / folder).rglob("*.py")]
    templates = [
        path
        for folder in TEMPLATE_FOLDERS
        for path in (root / folder).rglob("*")
        if path.suffix in TEMPLATE_ENDINGS and path.is_file()
    ]
    return sorted(path for path in (*python, *templates) if not _left_out(path.relative_to(root).as_posix()))


def _left_out(place: str) -> bool:
    return any(part in place for part in LEFT_OUT)


def python_of(path: Path) -> bytes:
    """The source as Python reads it, that of a template too."""
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        # Django turns a template into calls of gettext amid filler; without indentation, Python's tokenizer reads it.
        source = "\n".join(line.strip() for line in templatize(source, origin=str(path)).splitlines())
    return source.encode()
