"""What is known of the outside systems between two looks at them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deployer.models import PartTrouble


def note_trouble(*, part: str, code: str, params: Mapping[str, object]) -> None:
    """Note why a part does not work; since when it does not stays, whatever the reason becomes."""
    told = {name: value if isinstance(value, int | float) else str(value) for name, value in params.items()}
    PartTrouble.objects.update_or_create(part=part, defaults={"code": code, "params": told})


def note_works(*, parts: Iterable[str]) -> None:
    """Forget what was noted of these parts. What nobody noted costs no write, for which others would wait."""
    mended = PartTrouble.objects.filter(part__in=parts)
    if mended.exists():
        mended.delete()
