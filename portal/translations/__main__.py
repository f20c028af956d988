"""`python -m portal.translations VERB`: `update` the catalogues from the sources, `check` or `compile` them.

`update LANGUAGE` begins another language.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from portal.translations.catalogues import (
    catalogue_file,
    catalogue_files,
    compile_stale,
    language_of,
    merge,
    read_catalogue,
)
from portal.translations.extraction import extract_catalogue
from portal.translations.faults import differences, faults_in


def main(words: Sequence[str]) -> int:
    """The command line; returns the exit status."""
    match list(words):
        case ["update", *new]:
            return update(new)
        case ["check"]:
            return check()
        case ["compile"]:
            return compile_changed()
    sys.stderr.write("usage: python -m portal.translations update [LANGUAGE…] | check | compile\n")
    return 2


def update(new: Sequence[str] = ()) -> int:
    """Merge the texts of the sources into every catalogue, and into one for each new language."""
    template = extract_catalogue()
    for path in sorted({*catalogue_files(), *map(catalogue_file, new)}):
        merge(path, template)
        left = len(faults_in(read_catalogue(path)))
        sys.stdout.write(f"{language_of(path)}: {len(template)} texts, {left} to translate or mend\n")
    return 0


def check() -> int:
    """Name every fault of every catalogue; fails if there is one."""
    template = extract_catalogue()
    faults = []
    for path in catalogue_files():
        catalogue = read_catalogue(path)
        found = [*differences(catalogue, template), *faults_in(catalogue)]
        faults += [f"{language_of(path)}: {fault}" for fault in found]
    sys.stdout.writelines(f"{fault}\n" for fault in faults)
    return 1 if faults else 0


def compile_changed() -> int:
    """Compile what is newer than its compiled form."""
    for language in compile_stale():
        sys.stdout.write(f"compiled {language}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
