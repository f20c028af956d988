"""How to cite a version of a model."""

from __future__ import annotations

import re

from registry.models import ModelVersion

_SPECIAL = re.compile(r"([&%$#_{}])")


def cite(version: ModelVersion, *, url: str, publisher: str) -> dict[str, str]:
    """`text` in words and `bibtex` for a bibliography; the year is that of the submission, else of the draft."""
    model = version.registered_model
    author = model.owner.get_full_name()
    year = (version.submitted_at or version.created_at).year
    bibtex = "\n".join(
        (
            f"@misc{{{model.owner.username}-{model.name}-{version.number},",
            f"  author = {{{_tex(author)}}},",
            f"  title = {{{_tex(str(model))}, version {version.number}}},",
            f"  year = {{{year}}},",
            f"  publisher = {{{_tex(publisher)}}},",
            f"  url = {{{url}}},",
            "}",
        )
    )
    return {"text": f"{author} ({year}). {model}, version {version.number}. {publisher}. {url}", "bibtex": bibtex}


def _tex(text: str) -> str:
    """The text without what would end or change a field."""
    return _SPECIAL.sub(r"\\\1", text.replace("\\", "").replace("^", "").replace("~", " "))
