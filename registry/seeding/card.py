"""Model cards: text beside the recipe, figures from the run."""

from __future__ import annotations

from pathlib import Path
from string import Template


def fill_card(recipe_file: str, **figures: str | float) -> str:
    """The card `<recipe>.md` with every `$name` replaced; `KeyError` if the card asks for a figure not measured."""
    text = Path(recipe_file).with_suffix(".md").read_text(encoding="utf-8")
    return Template(text).substitute({name: _shown(figure) for name, figure in figures.items()})


def _shown(figure: str | float) -> str:
    """Shares and errors with three digits after the point, counts with separators."""
    if isinstance(figure, float):
        return f"{figure:.3f}"
    return f"{figure:,}" if isinstance(figure, int) else figure
