"""Each language's catalogue, `<language>/LC_MESSAGES/django.po`, and beside it the compiled .mo that Django reads."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation import to_locale

LOCALE_DIR = Path(__file__).resolve().parents[1] / "locale"
LINE_WIDTH = 120
HEADER = """\
# The texts of Model Commons in {language}.
# Licensed as Model Commons itself: GPL-3.0-or-later.
#"""


def catalogue_files(folder: Path = LOCALE_DIR) -> list[Path]:
    """Every language's catalogue."""
    return sorted(folder.glob("*/LC_MESSAGES/django.po"))


def catalogue_file(language: str, folder: Path = LOCALE_DIR) -> Path:
    """Where a language's catalogue lies; its folder is called as Django calls the locale: `pt_BR`."""
    return folder / to_locale(language) / "LC_MESSAGES" / "django.po"


def language_of(path: Path) -> str:
    """The language whose catalogue this is, as its folder is called."""
    return path.parent.parent.name


def read_catalogue(path: Path) -> Catalog:
    """A catalogue with its translations."""
    with path.open("rb") as file:
        return read_po(file, locale=language_of(path))


def write_catalogue(path: Path, catalogue: Catalog) -> None:
    """Write it in an order and a width that keep changes readable, and without the time of writing."""
    catalogue.fuzzy, catalogue.project, catalogue.version = False, "Model Commons", "1"
    catalogue.header_comment = HEADER.format(language=catalogue.locale.english_name if catalogue.locale else "")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(
            file,
            catalogue,
            width=LINE_WIDTH,
            sort_by_file=True,
            include_lineno=False,
            ignore_obsolete=True,
            omit_header=False,
        )
    _drop_times(path)


def merge(path: Path, template: Catalog) -> None:
    """Bring a catalogue up to date with the sources: new texts are empty, texts that are gone are dropped."""
    catalogue = read_catalogue(path) if path.exists() else Catalog(locale=language_of(path))
    catalogue.update(template, no_fuzzy_matching=True, update_header_comment=False)
    write_catalogue(path, catalogue)


def compile_stale(folder: Path = LOCALE_DIR) -> list[str]:
    """Compile every catalogue that is newer than its compiled form; returns the languages that were."""
    compiled = []
    for path in catalogue_files(folder):
        target = path.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime_ns >= path.stat().st_mtime_ns:
            continue
        compile_catalogue(read_catalogue(path), target)
        compiled.append(language_of(path))
    return compiled


def compile_catalogue(catalogue: Catalog, target: Path) -> None:
    """Write the compiled form at once, as a running portal may be reading the former one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=target.parent)
    with os.fdopen(handle, "wb") as file:
        write_mo(file, catalogue)
    scratch_path = Path(scratch)
    scratch_path.chmod(0o644)
    scratch_path.replace(target)


def _drop_times(path: Path) -> None:
    """A header that tells the time would make every run a change."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    volatile = (
        '"POT-Creation-Date:',
        '"PO-Revision-Date:',
        '"Last-Translator:',
        '"Language-Team:',
        '"Generated-By:',
        '"Report-Msgid-Bugs-To:',
    )
    path.write_text("".join(line for line in lines if not line.startswith(volatile)), encoding="utf-8")
